"""Status: the shape people script against, and when somebody is needed."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx
import pytest

from receiver import __version__
from receiver.core.state import Hint, SecretRef, State
from receiver.ports import Backlog, QueueUnavailable
from receiver.web.app import create_app
from tests.fakes import FakeQueue
from tests.unit.receiver_web.conftest import World, event
from vault_audit_forwarder import wire


class BrokenQueue(FakeQueue):
    """A queue whose file cannot be read."""

    def backlog(self) -> Backlog:
        raise QueueUnavailable("the disk is gone: c4n4ry")


def get(world: World, path: str) -> httpx.Response:
    return world.request("GET", path, token="read-token")


def fill(world: World) -> None:
    for name, state, cause in (
        ("a", State.IN_SYNC, None),
        ("b", State.PARKED, "KMS_DENIED"),
        ("c", State.CONFLICT, "CONFLICT_FOREIGN"),
        ("d", State.DELETING, None),
    ):
        world.enter(name, state, cause=cause)


class TestStatus:
    def test_all_well(self, world: World) -> None:
        """Nothing to do is said first; every state has its number."""
        status = get(world, "/v1/status").json()

        assert status == {
            "format_version": 1,
            "verdict": "well",
            "source": "vault-prod",
            "version": __version__,
            "uptime_seconds": pytest.approx(7, abs=5),
            "states": dict.fromkeys(State, 0),
            "pending": 0,
            "oldest_pending_seconds": None,
            "parked": {},
            "needs_you": [],
            "lag": {
                "p50": None,
                "p95": None,
                "p99": None,
                "changes": 0,
                "within_slo": None,
            },
            "reconcile": {"last": None},
            "brake": [],
            "deletes": [
                {"rule": "hybrid", "made": 0, "most": 10},
                {"rule": "team", "made": 0, "most": 10},
            ],
            "paused": [],
            "forwarders": [],
            "faults": [],
            "warnings": [],
        }

    def test_what_needs_somebody(self, world: World) -> None:
        """Conflicts and what is parked come with cause, who, and what to do."""
        fill(world)
        world.queue.add([Hint(ref=SecretRef("", "kv", "x"))])
        world.clock.advance(5)
        world.metrics.applied("hybrid", "update", "ok", 0.25)
        status = get(world, "/v1/status").json()

        assert status["verdict"] == "needs_you"
        assert status["states"]["in_sync"] == 1
        assert status["states"]["pending"] == status["pending"] == 1
        assert status["oldest_pending_seconds"] >= 5
        assert status["lag"] == {
            "p50": 0.25,
            "p95": 0.25,
            "p99": 0.25,
            "changes": 1,
            "within_slo": 1.0,
        }
        conflict, parked = status["needs_you"]
        assert (conflict["path"], conflict["who"]) == ("c", "AWS admin")
        assert (parked["cause"], "key policy" in parked["do"]) == ("KMS_DENIED", True)

    def test_faults(self, world: World) -> None:
        """A fault of the installation needs somebody too."""
        world.faults.append("the token file is empty")
        status = get(world, "/v1/status").json()

        assert status["verdict"] == "needs_you"
        assert status["faults"] == ["the token file is empty"]

    def test_work_parked_before_it_had_an_entry(self, world: World) -> None:
        """What is parked in the queue alone is not passed over."""
        hint = Hint(ref=SecretRef("", "nowhere", "x"), unresolved=True)
        world.park(hint, "MOUNT_UNKNOWN", "none here")
        status = get(world, "/v1/status").json()

        assert status["parked"] == {"MOUNT_UNKNOWN": 1}
        assert status["verdict"] == "needs_you"
        (needing,) = status["needs_you"]
        assert (needing["mount"], needing["path"]) == ("nowhere", "x")
        assert (needing["cause"], needing["detail"]) == ("MOUNT_UNKNOWN", "none here")
        assert needing["who"] == "Vault admin"

    def test_parked_in_queue_and_journal(self, world: World) -> None:
        """What both know is listed once."""
        ref = world.enter("a", State.PARKED, cause="KMS_DENIED").ref
        world.park(Hint(ref=ref), "KMS_DENIED")

        assert len(get(world, "/v1/status").json()["needs_you"]) == 1

    def test_each_state_has_its_share(self, world: World) -> None:
        """Many conflicts do not push out what is parked."""
        for number in range(60):
            world.enter(f"c{number}", State.CONFLICT, cause="CONFLICT_FOREIGN")
        world.enter("p", State.PARKED, cause="KMS_DENIED")
        states = [one["state"] for one in get(world, "/v1/status").json()["needs_you"]]

        assert (states.count("conflict"), states.count("parked")) == (50, 1)

    @pytest.mark.parametrize("state", [State.DRIFTED, State.ORPHANED])
    def test_what_needs_nobody(self, world: World, state: State) -> None:
        """What is put back by itself, or can wait, is counted and no more."""
        world.enter("a", state, cause="NO_RULE")
        status = get(world, "/v1/status").json()

        assert (status["verdict"], status["needs_you"]) == ("well", [])
        assert status["states"][state] == 1

    def test_a_brake(self, world: World) -> None:
        """A brake says for which rule, how much, why, and what releases it. The reason
        is that of the first, because of which the later ones were held."""
        reason = "51 deletes of 400 within the hour"
        world.enter("z", State.HELD, cause="BRAKE", detail=reason, checked_at=10.0)
        later = "1 deletes are held under this rule already"
        world.enter("a", State.HELD, cause="BRAKE", detail=later, checked_at=11.0)
        world.enter("b", State.HELD, rule="old $rule", detail="2 of 2", arn=None)
        status = get(world, "/v1/status").json()

        assert status["verdict"] == "needs_you"
        assert status["states"]["held"] == 3
        assert status["brake"] == [
            {
                "rule": "hybrid",
                "held": 2,
                "reason": reason,
                "release": "vault-replicator reconcile --rule hybrid --force",
            },
            {
                "rule": "old $rule",
                "held": 1,
                "reason": "2 of 2",
                "release": "vault-replicator reconcile --rule 'old $rule' --force",
            },
        ]

    @pytest.mark.parametrize(
        ("age", "warning"),
        [
            (20, r"the clock of vault-1 is 2\d s behind ours"),
            (-20, r"the clock of vault-1 is (19|20) s ahead of ours"),
            (0, ""),
        ],
    )
    def test_clocks_that_differ(self, world: World, age: int, warning: str) -> None:
        """Over two seconds it is said whose clock, how far and which way; it needs
        nobody at once."""
        world.post(event(wire.HEARTBEAT), age=age)
        status = get(world, "/v1/status").json()

        assert re.fullmatch(warning, "".join(status["warnings"]))
        assert status["verdict"] == "well"

    def test_how_near_the_brake_is(self, world: World) -> None:
        """Deletes of the last hour under each rule, and how many need nobody."""
        for number in range(300):
            world.enter(f"s{number}")
        world.journal.deleting(SecretRef("", "kv", "x"), "hybrid", world.clock.now())
        world.journal.deleting(
            SecretRef("", "kv", "y"), "hybrid", world.clock.now() - 3601
        )
        status = get(world, "/v1/status").json()

        assert status["deletes"] == [
            {"rule": "hybrid", "made": 1, "most": 30},
            {"rule": "team", "made": 0, "most": 10},
        ]

    def test_the_share_within_a_second(self, world: World) -> None:
        """What took exactly one is within it."""
        for lag in (0.2, 1.0, 1.01, 5.0):
            world.metrics.applied("hybrid", "update", "ok", lag)
        lag = get(world, "/v1/status").json()["lag"]

        assert (lag["changes"], lag["within_slo"]) == (4, 0.5)

    def test_a_state_that_cannot_be_read(self, world: World) -> None:
        """Then it says so, and when to come again."""
        broken = BrokenQueue(world.clock.now, world.clock.steady)
        world.app = create_app(replace(world.parts, queue=broken))
        answer = get(world, "/v1/status")

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "c4n4ry" not in answer.text
