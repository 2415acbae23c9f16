"""Reading a request's body within bounds of size, time and shape.

What does not fit is refused without a word of what it was.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from receiver.web.refusals import Refused

_Shape = TypeVar("_Shape", bound=msgspec.Struct)

#: The most that an order of a person may be long, in bytes.
MAX_ORDER = 64 * 1024


async def read_body(request: Request, *, limit: int, seconds: float) -> bytes:
    """The whole body of at most ``limit`` bytes, read within ``seconds``.

    What the header announces is refused before a byte is read; what it conceals, as
    soon as it is too much. Raises Refused: 413, 408, or 400 for a body cut short.
    """
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and _exceeds(announced, limit):
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds), aclosing(request.stream()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError:
        raise Refused(408, "the body came too slowly", reason="slow") from None
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
        fields = ", ".join(shape.__struct_fields__)
        raise Refused(422, f"the body must be a JSON object of {fields}") from None


def _exceeds(digits: str, limit: int) -> bool:
    # int() refuses texts of thousands of digits.
    significant = digits.lstrip("0")
    return len(significant) > len(str(limit)) or int(significant or "0") > limit


def _too_large(limit: int) -> Refused:
    return Refused(413, f"a body holds at most {limit} bytes", reason="size")
