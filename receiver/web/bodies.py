"""Reading a request's body within bounds of size and time."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from starlette.requests import ClientDisconnect, Request

from receiver.web.refusals import Refused


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


def _exceeds(digits: str, limit: int) -> bool:
    # int() refuses texts of thousands of digits.
    significant = digits.lstrip("0")
    return len(significant) > len(str(limit)) or int(significant or "0") > limit


def _too_large(limit: int) -> Refused:
    return Refused(413, f"a body holds at most {limit} bytes", reason="size")
