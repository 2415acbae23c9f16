"""Connections on which no request comes, or none to its end."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from receiver.unhurried import Unhurried
from receiver.web.bodies import Room

HEAD = b"GET / HTTP/1.1\r\nhost: r\r\n\r\n"
Serve = Callable[[type[Unhurried]], Callable[[], socket.socket]]


def is_answered(connection: socket.socket) -> bool:
    """Whether the word comes, whole, before the other side hangs up."""
    answer = b""
    while not answer.endswith(b"hello"):
        if not (data := connection.recv(65536)):
            return False
        answer += data
    return True


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve a word with connections of this kind; gives what connects to it."""
    with ExitStack() as undo:

        def started(kind: type[Unhurried]) -> Callable[[], socket.socket]:
            config = uvicorn.Config(
                PlainTextResponse("hello"), http=kind, log_config=None, lifespan="off"
            )
            server = uvicorn.Server(config)
            listening = undo.enter_context(socket.create_server(("127.0.0.1", 0)))
            thread = threading.Thread(target=server.run, args=([listening],))
            thread.start()
            undo.callback(thread.join, 30)
            undo.callback(setattr, server, "should_exit", True)

            def connect() -> socket.socket:
                address = listening.getsockname()
                return undo.enter_context(socket.create_connection(address, timeout=30))

            return connect

        yield started


@pytest.mark.integration
@pytest.mark.parametrize("sent", [b"", HEAD[:10], HEAD + HEAD[:10]])
def test_half_a_head_is_not_waited_for(serve: Serve, sent: bytes) -> None:
    """Neither at the start of a connection nor after an answer on it."""

    class Hasty(Unhurried):
        head_within = 0.2

    with serve(Hasty)() as connection:
        for part in (sent[: len(HEAD)], sent[len(HEAD) :]):
            if part:
                connection.sendall(part)
            if part == HEAD:
                assert is_answered(connection)

        assert connection.recv(65536) == b""


@pytest.mark.integration
def test_the_longest_idle_makes_room(serve: Serve) -> None:
    """Of too many connections, the first goes; the newest, and any that has just been
    used, are served."""

    class Narrow(Unhurried):
        many = 2
        spared = 0.0

    connect = serve(Narrow)
    first, second = connect(), connect()
    for used in (second, third := connect()):
        used.sendall(HEAD)
        assert is_answered(used)

    assert first.recv(65536) == b""
    third.sendall(HEAD)
    assert is_answered(third)


@pytest.mark.parametrize("room", [Room(limit=10), Room(many=1)])
def test_the_body_that_came_for_longest_makes_room(room: Room) -> None:
    """Only the oldest is given up, however many are to come."""

    async def read(size: int, began: asyncio.Event, **more: Any) -> bool:
        try:
            async with asyncio.timeout(30) as patience:
                with room.reading(patience) as hold:
                    hold(size)
                    began.set()
                    await more["until"].wait()
        except TimeoutError:
            return False
        return True

    async def both() -> list[bool]:
        one, other, end = asyncio.Event(), asyncio.Event(), asyncio.Event()
        first = asyncio.create_task(read(6, one, until=end))
        await one.wait()
        second = asyncio.create_task(read(6, other, until=end))
        ended = [await first]
        end.set()
        return [*ended, await second]

    assert asyncio.run(both()) == [False, True]
