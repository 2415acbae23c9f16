"""Audit lines as OpenBao wrote them, as many as a benchmark needs.

They are made of the golden lines: reads as they are, writes with an id of their own
and a path out of a thousand, listings with as many hashed keys as their size asks for.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from hashlib import sha256
from itertools import cycle
from pathlib import Path

_GOLDEN = Path(__file__).parents[1] / "contract" / "golden" / "openbao-2.7.2.jsonl"
_SYSTEM_READ, _KV_READ, _KV_UPDATE, _KV_LIST = 0, 18, 6, 84  # each with its response
_LINES_A_WRITE = 40  # a request and its response among them: 5 %
_PATHS = 1000
_KEY = b'"hmac-sha256:%s"' % sha256(b"").hexdigest().encode()


def mixed(count: int) -> Iterator[bytes]:
    """Lines of which 5 % are KV writes, the others reads; ``count``: a multiple of
    forty."""
    golden = _golden()
    reads = cycle(golden[at + of] for at in (_SYSTEM_READ, _KV_READ) for of in (0, 1))
    writes = golden[_KV_UPDATE], golden[_KV_UPDATE + 1]
    for number in range(count // _LINES_A_WRITE):
        for line in writes:
            yield _another(line, number)
        for _ in range(_LINES_A_WRITE - 2):
            yield next(reads)


def listing(size: int) -> bytes:
    """The answer to a LIST that was not elided, of nearly ``size`` bytes."""
    line = _golden()[_KV_LIST + 1].removesuffix(b"}}\n")
    before, after = line + b',"data":{"keys":[', b"]}}}\n"
    keys = (size - len(before) - len(after)) // (len(_KEY) + 1)
    return before + b",".join([_KEY] * keys) + after


def write(size: int) -> bytes:
    """The request of a KV write with so many keys that it has nearly ``size`` bytes."""
    before, begin, after = _golden()[_KV_UPDATE].partition(b'"data":{"data":{')
    before += begin
    keys = (size - len(before) - len(after)) // len(_numbered(0))
    return before + b"".join(map(_numbered, range(keys))) + after


def _numbered(number: int) -> bytes:
    return b'"key-%07d":%b,' % (number, _KEY)


def _golden() -> list[bytes]:
    return _GOLDEN.read_bytes().splitlines(keepends=True)


def _another(line: bytes, number: int) -> bytes:
    before, _, rest = line.partition(b'"request":{"id":"')
    own = str(uuid.UUID(int=number)).encode()
    rest = rest.replace(b'/db"', b'/db-%d"' % (number % _PATHS), 1)
    return before + b'"request":{"id":"' + own + rest[36:]
