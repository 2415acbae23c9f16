/* Writes a file of audit lines to a socket as Vault does: one entry a send.
 *
 *   audit_sender unix PATH | tcp PORT   FILE  REPEATS  CHUNK
 *
 * CHUNK 0 sends each line by itself; otherwise the file goes out in pieces of CHUNK
 * bytes. At the end it closes its side and waits until the reader has closed too, so
 * what it prints, the seconds from the first send, includes the reading of everything.
 * It is C because a sender in Python would be the slower side.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) { perror(what); exit(1); }

static int connected(const char *kind, const char *where) {
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in inet = {.sin_family = AF_INET};
    int unix_socket = strcmp(kind, "unix") == 0, one = 1;
    int fd = socket(unix_socket ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
    if (fd < 0) fail("socket");
    if (unix_socket) {
        snprintf(local.sun_path, sizeof local.sun_path, "%s", where);
        if (connect(fd, (struct sockaddr *)&local, sizeof local)) fail("connect");
        return fd;
    }
    inet.sin_port = htons((unsigned short)atoi(where));
    inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* as Go does */
    if (connect(fd, (struct sockaddr *)&inet, sizeof inet)) fail("connect");
    return fd;
}

static void send_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent < 0) fail("send");
        data += sent;
        size -= (size_t)sent;
    }
}

static size_t piece(const char *data, size_t left, size_t chunk) {
    if (chunk) return chunk < left ? chunk : left;
    const char *end = memchr(data, '\n', left);
    return end ? (size_t)(end - data) + 1 : left;
}

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    struct stat about;
    char byte;
    if (argc != 6) { fprintf(stderr, "see the top of audit_sender.c\n"); return 1; }
    int file = open(argv[3], O_RDONLY);
    if (file < 0 || fstat(file, &about)) fail(argv[3]);
    size_t size = (size_t)about.st_size, chunk = strtoul(argv[5], NULL, 10), length;
    const char *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (data == MAP_FAILED) fail("mmap");
    int fd = connected(argv[1], argv[2]);
    double began = now();
    for (long left = atol(argv[4]); left; left--)
        for (size_t at = 0; at < size; at += length) {
            length = piece(data + at, size - at, chunk);
            send_all(fd, data + at, length);
        }
    shutdown(fd, SHUT_WR);
    if (read(fd, &byte, 1) != 0) { fprintf(stderr, "cut off\n"); return 1; }
    printf("%.6f\n", now() - began);
    return 0;
}
