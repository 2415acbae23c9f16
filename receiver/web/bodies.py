"""Reading a request's body within bounds of size, time and shape.

What does not fit is refused without a word of what it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from receiver.web.refusals import Refused

_Shape = TypeVar("_Shape", bound=msgspec.Struct)

#: The most that an order of a person may be long, in bytes.
MAX_ORDER = 64 * 1024


class Room:
    """The memory for webhooks that are still being read, all together.

    A stranger can begin many and finish none. When they are more than ``many``, or
    need more than ``limit`` bytes, the one that has been coming for longest is given
    up: an honest one is here within milliseconds. For one event loop.
    """

    def __init__(self, limit: int = 16 * 1024 * 1024, many: int = 200) -> None:
        self._limit = limit
        self._many = many
        self._reading: dict[asyncio.Timeout, int] = {}  # oldest first

    @contextmanager
    def reading(self, patience: asyncio.Timeout) -> Iterator[Callable[[int], None]]:
        """Yields what is to be told how many bytes have come in all."""
        self._reading[patience] = 0
        self._make_room()

        def hold(size: int) -> None:
            if patience in self._reading:
                self._reading[patience] = size
                self._make_room()

        try:
            yield hold
        finally:
            self._reading.pop(patience, None)

    def _make_room(self) -> None:
        while (
            len(self._reading) > self._many or sum(self._reading.values()) > self._limit
        ):
            oldest = next(iter(self._reading))
            del self._reading[oldest]
            if not oldest.expired():
                oldest.reschedule(asyncio.get_running_loop().time())


async def read_body(
    request: Request, *, limit: int, seconds: float, room: Room | None = None
) -> bytes:
    """The whole body of at most ``limit`` bytes, read within ``seconds``, or while
    there is ``room``.

    What the header announces is refused before a byte is read; what it conceals, as
    soon as it is too much. Raises Refused: 413, 408, or 400 for a body cut short.
    """
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and _exceeds(announced, limit):
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds) as patience:
            with (room or Room(limit)).reading(patience) as hold:
                async with aclosing(request.stream()) as chunks:
                    async for chunk in chunks:
                        body += chunk
                        if len(body) > limit:
                            raise _too_large(limit)
                        hold(len(body))
    except TimeoutError:
        # Without, the server would wait for the rest of it.
        close = {"Connection": "close"}
        says = "the body came too slowly"
        raise Refused(408, says, reason="slow", headers=close) from None
    except ClientDisconnect:
        raise Refused(400, "the body was cut short", reason="slow") from None
    return bytes(body)


async def read_order(
    request: Request, shape: type[_Shape], *, seconds: float
) -> _Shape:
    """The body as a JSON object of ``shape``; no body at all is the empty object.
    Raises Refused, also with 422."""
    body = await read_body(request, limit=MAX_ORDER, seconds=seconds)
    try:
        return msgspec.json.decode(body or b"{}", type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = ", ".join(shape.__struct_encode_fields__)
        raise Refused(422, f"the body must be a JSON object of {fields}") from None


def _exceeds(digits: str, limit: int) -> bool:
    # int() refuses texts of thousands of digits.
    significant = digits.lstrip("0")
    return len(significant) > len(str(limit)) or int(significant or "0") > limit


def _too_large(limit: int) -> Refused:
    return Refused(413, f"a body holds at most {limit} bytes", reason="size")
