# The first device, so that no request depends on the socket.
audit "file" "primary" {
  options {
    file_path = "stdout"
  }
}

audit "socket" "replicator" {
  options {
    address              = "/run/vault-audit-forwarder/audit.sock"
    socket_type          = "unix"
    write_timeout        = "1s"
    elide_list_responses = "true"
    skip_test            = "true"
  }
}
