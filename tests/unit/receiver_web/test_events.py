"""``POST /v1/events``: every answer of the contract, and what is done for a 202."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver.core.state import Hint, SecretRef, VaultRequest
from tests.unit.receiver_web.conftest import KEY, SOURCE, World, event, in_pieces
from vault_audit_forwarder import signing, wire

CREATED = "2026-11-23T10:00:00.5Z"
DB = Hint(ref=SecretRef("", "kv", "app/db"), version=3, created_time=CREATED)
STRANGER = signing.parse_key(signing.new_key())


class TestAccepted:
    def test_a_batch(self, world: World) -> None:
        """What a rule covers is queued under the secret's own path; the rest is
        counted."""
        answer = world.post(event(), event(path="data/tmp/x"), event(path="config"))

        assert (answer.status_code, answer.json()) == (
            202,
            {"accepted": 1, "ignored": 2},
        )
        assert world.queue.hints == [DB]

    def test_the_way_here_is_timed(self, world: World) -> None:
        """From the version's time to the webhook, and from there to the answer."""
        world.post(event(), event(path="data/tmp/x"))

        assert world.sample("stage_duration_seconds_count", stage="arrive") == 1
        assert world.sample("stage_duration_seconds_count", stage="accept") == 1

    @pytest.mark.parametrize("kind", [wire.EVENT_JSON, wire.JSON])
    def test_one_event(self, world: World, kind: str) -> None:
        """A single event is taken under both of its content types, in any spelling."""
        body = json.dumps(event()).encode()
        headers = {"content-type": f"{kind.upper()} ; charset=utf-8"}
        answer = world.post(body=body, headers=headers)

        assert answer.json() == {"accepted": 1, "ignored": 0}
        assert world.queue.hints == [DB]

    def test_an_empty_batch(self, world: World) -> None:
        """The forwarder's check sends nothing, signed."""
        assert world.post().json() == {"accepted": 0, "ignored": 0}

    def test_a_replay(self, world: World) -> None:
        """The same webhook again is taken and counted again."""
        for _ in range(2):
            assert world.post(event()).json() == {"accepted": 1, "ignored": 0}
        assert world.queue.hints == [DB]

    def test_any_known_key(self, world: World) -> None:
        """During a rotation one good signature of several is enough."""
        body = json.dumps([event()]).encode()
        now = int(world.clock.now())
        headers = signing.sign(
            [STRANGER, KEY], message_id="m", timestamp=now, body=body
        )

        assert world.post(body=body, headers=headers).status_code == 202

    def test_without_a_length(self, world: World) -> None:
        """A body in chunks is taken like any other."""
        body = json.dumps([event()]).encode()
        headers = signing.sign(
            [KEY], message_id="m", timestamp=int(world.clock.now()), body=body
        ) | {"content-type": wire.BATCH_JSON}
        answer = world.request(
            "POST",
            "/v1/events",
            content=in_pieces(body[:10], body[10:]),
            headers=headers,
        )

        assert answer.status_code == 202

    def test_unknown_attributes(self, world: World) -> None:
        """Attributes of a later version are no error."""
        later = event() | {"traceparent": "00-1", "datacontenttype": "x"}
        later["data"]["colour"] = "blue"

        assert world.post(later).json() == {"accepted": 1, "ignored": 0}

    def test_what_leads_back_to_vault(self, world: World) -> None:
        """The request's id goes along to the logs, and the trace it began."""
        trace = f"00-{'a' * 32}-{'b' * 16}-01"
        world.post(event() | {"traceparent": trace})
        ((request,),) = (hint.requests for hint in world.queue.hints)

        assert request == VaultRequest(event()["id"], trace)

    @pytest.mark.parametrize(
        "trace",
        [
            *("", "00-1", 7, None, [], {"a": 1}),
            f"ff-{'a' * 32}-{'b' * 16}-01",
            f"00-{'0' * 32}-{'b' * 16}-01",
            f"00-{'a' * 32}-{'0' * 16}-01",
            f"00-{'A' * 32}-{'b' * 16}-01",
            f"00-{'a' * 32}-{'b' * 16}-01\n",
        ],
    )
    def test_a_trace_that_is_none(self, world: World, trace: object) -> None:
        """It is left out, and the event is taken all the same."""
        world.post(event() | {"traceparent": trace})
        ((request,),) = (hint.requests for hint in world.queue.hints)

        assert request == VaultRequest(event()["id"])

    def test_an_unknown_type(self, world: World) -> None:
        """A type of a later version is ignored."""
        assert world.post(event("vault.pki.issued")).json() == {
            "accepted": 0,
            "ignored": 1,
        }

    def test_an_unknown_source(self, world: World) -> None:
        """Events of another Vault are ignored, and shown as a fault of somebody's
        configuration, once."""
        for _ in range(2):
            answer = world.post(event(source="vault-test"))
            assert answer.json() == {"accepted": 0, "ignored": 1}

        assert world.queue.hints == []
        (fault,) = world.request("GET", "/v1/status", token="read-token").json()[
            "faults"
        ]
        assert "vault-test" in fault

    def test_unknown_sources_are_bounded(self, world: World) -> None:
        """However many names are made up, few are remembered."""
        world.post(*(event(source=f"v{number}" * 200) for number in range(500)))

        faults = world.parts.unknown_sources.faults()
        assert len(faults) == 10
        assert max(map(len, faults)) < 400


class TestHints:
    @pytest.mark.parametrize(
        ("change", "hint"),
        [
            ({}, DB),
            ({"mount_accessor": None}, DB),
            (
                {"path": "metadata/app/db", "version": None, "created_time": None},
                Hint(ref=DB.ref, look_twice=True),
            ),
            (
                {"path": "destroy/app/db", "version": None},
                Hint(ref=DB.ref, created_time=CREATED, look_twice=True),
            ),
            (
                {"mount_accessor": "kv_9"},
                Hint(
                    ref=SecretRef("", "kv", "data/app/db"),
                    unresolved=True,
                    version=3,
                    created_time=CREATED,
                ),
            ),
            (
                {
                    "namespace": "team/",
                    "mount": "old/",
                    "mount_accessor": "kv_2",
                    "path": "data/x",
                    "version": None,
                    "created_time": None,
                },
                Hint(ref=SecretRef("team", "old", "data/x"), look_twice=True),
            ),
            ({"path": "tmp/x"}, None),
            ({"path": "subkeys/app/db"}, None),
            ({"path": "data"}, None),
            ({"path": "metadata/tmp/x"}, None),
            ({"mount": "other/"}, None),
            ({"namespace": "team/", "mount_accessor": None}, None),
        ],
    )
    def test_change_to_hint(
        self, world: World, change: dict[str, Any], hint: Hint | None
    ) -> None:
        """A change becomes a hint for the key it is about, or nothing."""
        answer = world.post(event(**change))

        assert world.queue.hints == ([] if hint is None else [hint])
        assert answer.json()["ignored"] == (hint is None)
        assert world.source.asked == 0

    def test_a_mount_not_yet_known(self, world: World) -> None:
        """Vault is not asked before the 202: the worker resolves the path."""
        world.source._cache.clear()
        world.post(event())

        (hint,) = world.queue.hints
        assert (hint.unresolved, hint.ref.path) == (True, "data/app/db")
        assert world.source.asked == 0


class TestOtherTypes:
    def test_a_gap(self, world: World) -> None:
        """A gap is in the journal before the 202, and a comparison is asked for."""
        answer = world.post(
            event(wire.GAP, mounts=["kv"], reason="eof", since=CREATED),
            event(wire.GAP, mounts=[], reason="eof"),
        )

        assert answer.json() == {"accepted": 2, "ignored": 0}
        assert [(gap.mounts, gap.since) for gap in world.journal.gaps()] == [
            (("kv",), CREATED),
            (("**",), None),
        ]
        assert world.told == ["compare"]

    def test_mount_changes(self, world: World) -> None:
        """Changed mounts are told, without their slashes, each once."""
        world.post(
            event(wire.MOUNT_CHANGED, namespace="team/", mount="old/"),
            event(wire.MOUNT_CHANGED, namespace="team/", mount="old/"),
            event(wire.MOUNT_CHANGED, mount=None),
        )

        assert world.told == [("team", "old"), ("", None)]

    def test_a_heartbeat(self, world: World) -> None:
        """A heartbeat shows its forwarder in status and metrics, and counts."""
        beat = event(wire.HEARTBEAT, last_entry_time=CREATED, gaps=2, version="1.0")
        answer = world.post(beat, age=3)

        assert answer.json() == {"accepted": 1, "ignored": 0}
        status = world.request("GET", "/v1/status", token="read-token").json()
        (forwarder,) = status["forwarders"]
        assert forwarder["last_seen"].endswith("Z")
        assert (forwarder["name"], forwarder["gaps"]) == ("vault-1", 2)
        assert forwarder["last_entry_time"] == CREATED
        labels = {"source": SOURCE, "forwarder": "vault-1"}
        assert world.sample("forwarder_last_seen_timestamp_seconds", **labels)
        skew = world.sample("clock_skew_seconds", source=SOURCE)
        assert skew is not None
        assert 2 < skew < 60
        assert 2 < forwarder["clock_skew_seconds"] < 60

    def test_forwarders_are_bounded(self, world: World) -> None:
        """However many names are made up, few are kept, and their series end."""
        beats = [event(wire.HEARTBEAT) | {"forwarder": f"f{n}"} for n in range(150)]
        world.post(*beats)

        names = [forwarder.name for forwarder in world.parts.forwarders.all()]
        assert len(names) == 100
        assert "f149" in names
        assert "f0" not in names
        assert (
            world.sample(
                "forwarder_last_seen_timestamp_seconds", source=SOURCE, forwarder="f0"
            )
            is None
        )


BIG = 1024 * 1024
REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("announced too large", {"headers": {"content-length": str(BIG + 1)}}, 413, "size"),
    ("announced absurdly", {"headers": {"content-length": "9" * 9000}}, 413, "size"),
    ("really too large", {"body": b" " * (BIG + 1)}, 413, "size"),
    ("type", {"headers": {"content-type": "text/json"}}, 415, "content_type"),
    ("no type", {"headers": {"content-type": ...}}, 415, "content_type"),
    ("odd type", {"headers": {"content-type": ";;"}}, 415, "content_type"),
    ("another key", {"key": STRANGER}, 401, "signature"),
    ("no id", {"headers": {"webhook-id": ...}}, 401, "signature"),
    ("another id", {"headers": {"webhook-id": "msg_2"}}, 401, "signature"),
    ("no signature", {"headers": {"webhook-signature": ...}}, 401, "signature"),
    ("odd signature", {"headers": {"webhook-signature": "v1,a v1"}}, 401, "signature"),
    ("no time", {"headers": {"webhook-timestamp": ...}}, 401, "signature"),
    ("odd time", {"headers": {"webhook-timestamp": "now"}}, 401, "signature"),
    ("another time", {"headers": {"webhook-timestamp": "1"}}, 401, "signature"),
    ("too old", {"age": 301}, 400, "timestamp"),
    ("from the future", {"age": -302}, 400, "timestamp"),
    ("no JSON", {"body": b"{"}, 422, "json"),
    ("nothing", {"body": b""}, 422, "json"),
    ("no text", {"body": b"\xff\xfe"}, 422, "json"),
    ("no list", {"body": b"{}"}, 422, "json"),
    ("deep", {"body": b"[" * 100_000}, 422, "json"),
    ("too many", {"body": b"[" + b"1," * 1000 + b"1]"}, 413, "count"),
    ("no event", {"body": b"[1]"}, 422, "event"),
]


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [pytest.param(*rest, id=name) for name, *rest in REFUSED],
)
def test_refused(world: World, how: dict[str, Any], status: int, reason: str) -> None:
    """Each kind of bad webhook has its status and is counted; nothing is queued."""
    answer = world.post(*([] if "body" in how else [event()]), **how)

    assert answer.status_code == status
    assert set(answer.json()) >= {"error"}
    assert world.queue.hints == []
    assert world.sample("webhook_rejected_total", reason=reason) == 1


def test_the_order_of_the_checks(world: World) -> None:
    """Size comes before type, type before signature, signature before time, time
    before JSON, JSON before count, count before events."""
    wrong: dict[str, Any] = {"content-type": "text/plain", "webhook-signature": "v1,x"}
    huge = {"content-length": str(BIG + 1)}

    assert world.post(body=b"{", headers=huge | wrong, age=999).status_code == 413
    assert world.post(body=b"{", headers=wrong, age=999).status_code == 415
    del wrong["content-type"]
    assert world.post(body=b"{", headers=wrong, age=999).status_code == 401
    assert world.post(body=b"{", age=999).status_code == 400
    assert world.post(body=b"{").status_code == 422
    assert world.post(body=b"[" + b"1," * 1000 + b"1]").status_code == 413


BAD_EVENTS: list[tuple[dict[str, Any], str]] = [
    (event() | {"specversion": "0.3"}, "specversion"),
    (event() | {"type": ""}, "type"),
    (event() | {"id": 7}, "id"),
    ({k: v for k, v in event().items() if k != "source"}, "source"),
    (event() | {"data": None}, "data"),
    (event(mount=""), "data.mount"),
    (event(mount="a/../b/"), "data.mount"),
    (event(namespace="a//b"), "data.namespace"),
    (event(path="data//x"), "data.path"),
    (event(path="data/../x"), "data.path"),
    (event(path="data/x\n"), "data.path"),
    (event(path=""), "data.path"),
    (event(path=None), "data.path"),
    (event(version="3"), "data.version"),
    (event(version=-1), "data.version"),
    (event(version=2**53 + 1), "data.version"),
    (event(version=10**400), "data.version"),
    (event(created_time="yesterday"), "data.created_time"),
    (event(wire.GAP, since="yesterday"), "data.since"),
    (event(wire.GAP, reason="x" * 101), "data.reason"),
    (event(wire.GAP, reason="a\nb"), "data.reason"),
    (event(wire.GAP, mounts="kv"), "data.mounts"),
    (event(wire.MOUNT_CHANGED, mount="a//b"), "data.mount"),
    (event(wire.HEARTBEAT, last_entry_time="x"), "data.last_entry_time"),
    (event(wire.HEARTBEAT, gaps="many"), "data.gaps"),
]


@pytest.mark.parametrize(
    ("bad", "where"),
    [pytest.param(*one, id=f"{n}-{one[1]}") for n, one in enumerate(BAD_EVENTS)],
)
def test_a_bad_event(world: World, bad: dict[str, Any], where: str) -> None:
    """The answer names index and field, and nothing of the batch is taken."""
    gap = event(wire.GAP)
    answer = world.post(event(), gap, bad, event(path="data/y"))

    assert answer.status_code == 422
    assert (answer.json()["index"], answer.json()["field"]) == (2, where)
    assert (world.queue.hints, world.journal.gaps(), world.told) == ([], [], [])


def test_a_lone_surrogate(world: World) -> None:
    """Half a character is refused, as no database could hold it."""
    body = json.dumps([event(path="data/x")]).replace("data/x", r"data/\ud800").encode()

    assert world.post(body=body).status_code == 422


@pytest.mark.parametrize("how", ["full", "closed"])
def test_a_queue_that_takes_nothing(world: World, how: str) -> None:
    """What cannot be made durable is not acknowledged; the sender is told when to
    come again."""
    world.queue.full = how == "full"
    if how == "closed":
        world.queue.close()
    answer = world.post(event(wire.HEARTBEAT), event())

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert (world.parts.forwarders.all(), world.told) == ([], [])
    assert world.sample("webhook_rejected_total", reason="unavailable") == 1


def test_a_slow_body(world: World) -> None:
    """Who sends a body too slowly is told so, and holds nothing up."""
    answer = world.request(
        "POST", "/v1/events", content=in_pieces(b"[", b"]", pause=30), headers={}
    )

    assert answer.status_code == 408


def test_other_methods(world: World) -> None:
    """The path is for POST."""
    answer = world.request("GET", "/v1/events")

    assert (answer.status_code, set(answer.json())) == (405, {"error"})


NAMES = [signing.ID, signing.TIMESTAMP, signing.SIGNATURE, "content-type"]
NAMES += ["content-length", "transfer-encoding", "authorization", "x-odd"]
HEADERS = st.lists(
    st.tuples(st.sampled_from(NAMES).map(str.encode), st.binary(max_size=60)),
    max_size=10,
)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["specversion", "type", "source", "id", "data", "mount", "path"]
            )
            | st.text(max_size=5),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)
NO_FUNCTION_RESET = settings(
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
    ]
)


@NO_FUNCTION_RESET
@given(headers=HEADERS, body=st.binary(max_size=200))
def test_whatever_a_stranger_sends(
    world: World, headers: list[tuple[str, bytes]], body: bytes
) -> None:
    """No header, once or twice, and no body of a stranger is a fault of ours, or gets
    anything in."""
    answer = world.request("POST", "/v1/events", content=body, headers=headers)

    assert 400 <= answer.status_code < 500
    assert set(answer.json()) == {"error"}
    assert world.queue.hints == []


@NO_FUNCTION_RESET
@given(
    events=st.lists(
        JSONS | st.builds(lambda data: event() | {"data": data}, JSONS), max_size=5
    ),
    ascii_only=st.booleans(),
)
def test_whatever_a_signed_sender_sends(
    world: World, events: list[Any], ascii_only: bool
) -> None:
    """Signed nonsense is refused whole or counted, never a fault of ours."""
    text = json.dumps(events, ensure_ascii=ascii_only)
    answer = world.post(body=text.encode(errors="surrogatepass"))

    assert answer.status_code in (202, 422)
    assert answer.status_code == 202 or world.queue.hints == []


CANARY = "c4n4ry-value"


@pytest.mark.parametrize(
    "body",
    [
        CANARY.encode(),
        json.dumps([CANARY]).encode(),
        json.dumps([event(path=f"data//{CANARY}")]).encode(),
        json.dumps([event(version=CANARY)]).encode(),
        json.dumps([event(**{CANARY: CANARY}) | {"id": 7, CANARY: CANARY}]).encode(),
        json.dumps([event(wire.GAP, since=CANARY)]).encode(),
    ],
)
def test_nothing_sent_is_told(
    world: World, body: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """What stood in a refused body is in no answer, log or metric."""
    answer = world.post(body=body)
    metrics = world.request("GET", "/metrics").text

    assert answer.status_code == 422
    assert CANARY not in answer.text + metrics + "".join(capsys.readouterr())
