"""One line in, what it says out, and nothing that it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.forwarder_reading.entries import HASH, entry, put
from vault_audit_forwarder import audit

CANARY = "canary-7f3a9c"


def outcome(line: bytes) -> audit.Outcome | None:
    return audit.outcome(audit.decode(line))


@pytest.mark.parametrize("operation", sorted(audit.WRITES))
def test_every_write_passes_the_filter(operation: str) -> None:
    """No operation that changes something is sorted out without being decoded."""
    assert audit.may_matter(entry(operation=operation))


@pytest.mark.parametrize("operation", ["read", "list", "scan", "help", "renew"])
def test_what_changes_nothing_is_sorted_out(operation: str) -> None:
    """Reads are most of the stream and are not decoded."""
    assert not audit.may_matter(entry(operation=operation))


def test_the_filter_ignores_the_order_of_keys() -> None:
    """Vault's versions order their keys differently; a data key proves nothing."""
    fields = json.loads(entry(operation="patch", request={"data": {"operation": HASH}}))
    ordered = json.dumps(
        {"request": dict(sorted(fields["request"].items())), **fields},
        separators=(",", ":"),
    )

    assert audit.may_matter(ordered.encode())


def test_a_put_tells_its_version_and_time() -> None:
    """The response of a put carries version and created_time in clear."""
    assert outcome(put(7)) == audit.Outcome(
        mount_accessor="",
        version=7,
        created_time="2026-11-23T16:21:07.138896586Z",
        deletion_time=None,
    )


FAILURES: dict[str, dict[str, Any]] = {
    "a top-level error alone": {"error": "1 error occurred"},
    "a top-level error": {
        "error": "1 error occurred:\n\t* invalid request\n\n",
        "response": {"data": {"error": HASH}},
    },
    "an error in the data alone": {"response": {"data": {"error": HASH}}},
    "a status in the data alone": {
        "response": {"data": {"http_status_code": 404, "http_raw_body": HASH}}
    },
}


@pytest.mark.parametrize("keys", FAILURES.values(), ids=list(FAILURES))
def test_a_failed_write_has_no_outcome(keys: dict[str, Any]) -> None:
    """A failure shows in one of three places, and only one of them is ``error``."""
    assert outcome(entry(**keys)) is None


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"data": None},
        {"data": {}},
        {"wrap_info": {"ttl": 60, "token": HASH, "creation_path": "secret/data/x"}},
        {"data": {"http_status_code": 204}},
        {"data": {"error": None}, "warnings": ["the mount is old"]},
        # Names that a mount other than KV uses for things of its own:
        {"data": {"version": HASH, "created_time": {"at": 1}, "deletion_time": 7}},
        {"data": {"version": -1, "created_time": "2026-13-45T00:00:00Z"}},
    ],
)
def test_a_success_may_tell_nothing_more(response: dict[str, Any]) -> None:
    """A write without data, wrapped or not, happened: its version is unknown."""
    assert outcome(entry(response=response)) == audit.Outcome("", None, None, None)


def test_a_deletion_time_travels_only_as_a_date() -> None:
    """A date is in clear and wanted; the hash of an empty string must not travel."""
    due = "2026-11-23T16:21:13.417663453Z"

    dated = outcome(put(response={"data": {"deletion_time": due}}))

    assert dated is not None
    assert dated.deletion_time == due


@pytest.mark.parametrize("prefix", [b"", b"vault-1: ", b"\xff\x00 "])
def test_a_prefix_is_skipped(prefix: bytes) -> None:
    """A device may put bytes of its own before every entry."""
    line = prefix + put(3)

    assert audit.decode(line).request.path == "secret/data/app/db"
    assert audit.entry_time(line) == "2026-11-23T16:21:07.139702207Z"


@pytest.mark.parametrize(
    "line",
    [
        b'"operation":"create"',
        b'{"request":{"operation":"create"',
        b'{"request":{"operation":"create","path":1}}',
        b'{"request":{"operation":"create","path":"\xff"}}',
        b'{"x":' + b"[" * 100_000 + b'"operation":"create"',
        b'["operation":"create"]',
    ],
)
def test_what_is_no_entry_is_unreadable_and_not_repeated(line: bytes) -> None:
    """The error says nothing of the line, nor does what it was raised from."""
    with pytest.raises(audit.Unreadable) as caught:
        audit.decode(line)

    assert caught.value.__cause__ is None
    assert "operation" in str(caught.value)
    assert line.decode("latin-1") not in str(caught.value)


def test_a_response_that_is_none_is_unreadable() -> None:
    """A response of another shape is doubt, not success."""
    with pytest.raises(audit.Unreadable):
        outcome(entry().replace(b'"response":{}', b'"response":[1]'))


def test_no_value_of_the_request_is_ever_decoded() -> None:
    """Numbers, dates and, under log_raw, everything else stand in the line in clear."""
    line = put(
        request={
            "data": {"data": {CANARY: CANARY, "pin": 4929123456}, "version": CANARY},
            "headers": {"x": [CANARY]},
        },
        response={"data": {"secret": CANARY, "error": None}},
        auth={"client_token": CANARY, "metadata": {"k": CANARY}},
    )

    found = audit.decode(line)

    assert CANARY not in repr((found.request, found.type, found.time))
    assert CANARY not in repr(audit.outcome(found))
    assert "4929123456" not in repr(found.request)


@pytest.mark.parametrize(
    ("line", "raw"),
    [
        (put(), False),
        (put(auth={"client_token": "s.raw"}), True),
        (b'{"time":"2026-11-23T16:21:07Z","auth":{}}', None),
    ],
)
def test_a_token_in_clear_gives_log_raw_away(line: bytes, raw: bool | None) -> None:
    """Only a device with log_raw writes a token that is not hashed."""
    assert audit.token_is_raw(line) is raw


@pytest.mark.parametrize(
    ("line", "xml"),
    [
        (b'<json:object name="auth"><json:string name="x">y</json:string>', True),
        (b'node-1 <json:object name="auth">', True),
        (b'<?xml version="1.0"?>', True),
        (put(), False),
        (b"<node-1> " + put(), False),
    ],
)
def test_xml_is_recognised(line: bytes, xml: bool) -> None:
    """A device with format=jsonx writes XML; a prefix in brackets is none."""
    assert audit.is_jsonx(line) is xml


@pytest.mark.parametrize(
    "line",
    [
        b'{"time":"2026-11-23T10:00:00.5Z","type":"request"}',
        b'{"auth":{"time":"x"},"time":"2026-11-23T10:00:00.5Z","type":"request"}',
        b'prefix {"time":"2026-11-23T10:00:00.5Z"',
    ],
)
def test_the_time_is_found_wherever_it_stands(line: bytes) -> None:
    """Some versions write it first, some almost last."""
    assert audit.entry_time(line) == "2026-11-23T10:00:00.5Z"


@pytest.mark.parametrize(
    "line", [b"", b"{", b"no entry", b'{"time":"yesterday"}', b'{"time":"\xff"}', b"{}"]
)
def test_a_line_without_a_time_has_none(line: bytes) -> None:
    """The newest line may be anything; only a real time is one."""
    assert audit.entry_time(line) is None
