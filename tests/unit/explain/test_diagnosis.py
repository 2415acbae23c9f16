"""Each cause is told from every other: one test for each code, and for their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from receiver.core.causes import Cause, Permanent, Temporary
from receiver.core.fingerprint import PATH, RELEASED, SOURCE
from receiver.core.rules import Rule, TargetSpec
from receiver.core.state import Decision, Gone, SecretRef, State, Value
from receiver.explain.document import explain
from receiver.explain.snapshot import Pause, Unasked
from tests.unit.explain.conftest import (
    ARN,
    CREATED,
    NOW,
    RULE,
    VALUE,
    WRITTEN,
    entry,
    listener,
    observed,
    queued,
    snapshot,
)

NEWER = Value("", 8, "2026-11-23T09:59:10Z")
UNHEARD = {"vault": NEWER}
FRESH = Value("", 8, "2026-11-23T09:59:58Z")


def explained(**given: Any) -> dict[str, Any]:
    return explain(snapshot(**given))


def cause(**given: Any) -> str:
    found: str = explained(**given)["cause"]
    return found


class TestRules:
    def test_no_rule(self) -> None:
        """A mount that no rule covers."""
        assert cause(ref=SecretRef("", "other", "app/db")) == Cause.NO_RULE

    def test_no_rule_names_the_namespace_that_has_one(self) -> None:
        """The same mount in another namespace is the likeliest slip."""
        found = explained(ref=SecretRef("team1", "kv", "app/db"))

        assert found["cause"] == Cause.NO_RULE
        assert found["detail"] == "hybrid covers kv in namespace (root)"

    def test_no_rule_tells_what_was_left_behind(self) -> None:
        """A removed rule leaves a secret in AWS, and that is said."""
        found = explained(rules=(replace(RULE, mount="new"),))

        assert found["cause"] == Cause.NO_RULE
        assert found["stages"][-1]["says"] == (
            "left behind by hybrid as kv/app/db in eu-central-1"
        )

    def test_excluded(self) -> None:
        """A rule covers the mount, and its exclude the path: the glob is named."""
        found = explained(ref=SecretRef("", "kv", "tmp/x"))

        assert found["cause"] == Cause.EXCLUDED
        assert 'exclude "tmp/**" matches' in found["stages"][0]["says"]

    def test_not_included(self) -> None:
        """So is a path that no include matches."""
        rule = replace(RULE, include=("team-a/**",))

        assert cause(rules=(rule,)) == Cause.EXCLUDED

    def test_opted_out(self) -> None:
        """Its owner said so in custom_metadata, or did not opt in."""
        flagged = replace(VALUE, custom_metadata={"replicate": "false"})

        assert cause(vault=flagged) == Cause.OPTED_OUT
        assert cause(rules=(replace(RULE, opt_in=True),)) == Cause.OPTED_OUT

    def test_rules_overlap(self) -> None:
        """Two rules speak for it in one account."""
        assert cause(rules=(RULE, replace(RULE, name="twin"))) == Cause.RULES_OVERLAP

    def test_name_impossible(self) -> None:
        """Before anything else that is wrong in AWS."""
        found = explained(ref=SecretRef("", "kv", "x" * 600), entry=None, aws=None)

        assert found["cause"] == Cause.NAME_IMPOSSIBLE
        assert found["stages"][1]["is"] == "wrong"


class TestVault:
    @pytest.mark.parametrize(
        "code",
        [
            Cause.VAULT_FORBIDDEN,
            Cause.VAULT_SEALED,
            Cause.VAULT_UNREACHABLE,
            Cause.MOUNT_UNKNOWN,
            Cause.STANDBY_LAGS,
        ],
    )
    def test_what_vault_fails_with(self, code: Cause) -> None:
        """It comes first: nothing gets past it, and what is queued waits for it."""
        error = Permanent(code, "metadata: Vault answered so")
        found = explained(vault=error, queue=queued(), aws=None)

        assert found["cause"] == code
        assert found["stages"][2] == {
            "stage": "vault",
            "is": "wrong",
            "says": "metadata: Vault answered so",
        }

    def test_a_mount_that_neither_vault_nor_a_rule_has(self) -> None:
        """Is a slip in the mount sooner than a missing rule."""
        error = Permanent(Cause.MOUNT_UNKNOWN, "Vault has no mount at this path")

        assert (
            cause(ref=SecretRef("", "vk", "app/db"), vault=error) == Cause.MOUNT_UNKNOWN
        )

    def test_standby_lags(self) -> None:
        """As the worker found it: the look at another node may be well by now."""
        waits = queued(cause="STANDBY_LAGS", attempts=2, due=NOW + 1)

        assert cause(queue=waits) == Cause.STANDBY_LAGS

    def test_not_in_vault(self) -> None:
        """There is no such key, and we never had it."""
        assert cause(vault=Gone(), entry=None, aws=None) == Cause.NOT_IN_VAULT

    def test_deleted_in_vault(self) -> None:
        """The current version is deleted, and AWS has nothing any more."""
        found = explained(
            vault=Gone(7, CREATED, "2026-11-23T09:59:30Z"), entry=None, aws=None
        )

        assert found["cause"] == Cause.DELETED_IN_VAULT
        assert "v7" in found["detail"]

    def test_retained(self) -> None:
        """Vault deleted it and the rule leaves it."""
        kept = entry(state=State.ORPHANED, cause="RETAINED")

        assert cause(vault=Gone(7, CREATED), entry=kept) == Cause.RETAINED

    def test_a_deletion_that_nobody_told_us(self) -> None:
        """AWS still holds it as if nothing had happened."""
        assert cause(vault=Gone(7, CREATED)) == Cause.EVENT_NEVER_SEEN

    def test_value_too_large(self) -> None:
        """As the worker wrote down."""
        parked = entry(
            state=State.PARKED, cause="VALUE_TOO_LARGE", detail="71,204 bytes"
        )
        found = explained(entry=parked, vault=NEWER)

        assert found["cause"] == Cause.VALUE_TOO_LARGE
        assert found["detail"] == "71,204 bytes"
        assert found["who"] == "secret's owner"

    def test_value_empty(self) -> None:
        """As the worker wrote down."""
        parked = entry(state=State.PARKED, cause="VALUE_EMPTY", arn=None)

        assert cause(entry=parked, aws=None) == Cause.VALUE_EMPTY


class TestQueue:
    def test_queued(self) -> None:
        """Due, and nothing has failed; how many are in front is said."""
        found = explained(vault=FRESH, queue=queued(ahead=3))

        assert found["cause"] == Cause.QUEUED
        assert found["detail"] == "3 in front of it"
        assert found["verdict"] == "WAITING"

    def test_so_young_that_its_event_is_on_the_way(self) -> None:
        """A change of two seconds ago is not unheard of yet."""
        assert cause(vault=FRESH) == Cause.QUEUED

    def test_rate_limited(self) -> None:
        """Queued while others wait for their turn to write to that account."""
        assert cause(queue=queued(taken=True), writes_waiting=40) == Cause.RATE_LIMITED

    def test_too_late_for_its_turn(self) -> None:
        """The lease ran out in front of a full bucket: still the rate."""
        late = queued(cause="LEASE_SHORT", attempts=1)

        assert cause(queue=late, writes_waiting=40) == Cause.RATE_LIMITED
        assert cause(queue=late) == Cause.QUEUED

    def test_version_budget(self) -> None:
        """It waits for its time, which is said."""
        waits = queued(cause="VERSION_BUDGET", attempts=1, due=NOW + 2880)
        found = explained(vault=NEWER, queue=waits)

        assert found["cause"] == Cause.VERSION_BUDGET
        assert found["due"] == "2026-11-23T10:48:00Z"

    def test_a_timer_is_no_work(self) -> None:
        """What is only looked at again later, for its expiry, is in sync now."""
        assert cause(queue=queued(due=NOW + 3600)) == Cause.IN_SYNC

    def test_paused(self) -> None:
        """Somebody paused it, and there is something to do: who, why, until when."""
        pause = Pause(
            rule=None, reason="migration", by="oncall", until="2026-11-23T14:00Z"
        )
        found = explained(vault=NEWER, queue=queued(), pauses=(pause,))

        assert found["cause"] == Cause.PAUSED
        assert found["detail"] == (
            "oncall paused all rules until 2026-11-23T14:00Z: migration"
        )

    def test_paused_and_nothing_to_do(self) -> None:
        """A pause is no reason for anything while both sides agree."""
        pause = Pause(rule="hybrid", reason="migration", by="oncall", until=None)

        assert cause(pauses=(pause,)) == Cause.IN_SYNC

    def test_another_rule_is_paused(self) -> None:
        """And not this one."""
        pause = Pause(rule="other", reason="migration", by="oncall", until=None)

        assert cause(queue=queued(), pauses=(pause,)) == Cause.QUEUED

    def test_brake(self) -> None:
        """A held delete, although Vault does not have it any more."""
        held = entry(state=State.HELD, cause="BRAKE", detail="51 of 50")
        found = explained(vault=Gone(), entry=held)

        assert found["cause"] == Cause.BRAKE
        assert found["then"] == "vault-replicator reconcile --rule hybrid --force"

    def test_what_is_parked_in_the_queue_alone(self) -> None:
        """It has no entry, because no round got so far."""
        parked = queued(parked=True, cause="VAULT_FORBIDDEN", detail="read: 403")

        assert cause(entry=None, aws=None, queue=parked) == Cause.VAULT_FORBIDDEN

    def test_a_decision_is_on_its_way(self) -> None:
        """What was parked for is not the cause any more once somebody has decided."""
        decided = entry(
            state=State.CONFLICT, cause="CONFLICT_FOREIGN", decision=Decision.ADOPT
        )

        assert cause(entry=decided, queue=queued()) == Cause.QUEUED


class TestAws:
    @pytest.mark.parametrize("code", [Cause.AWS_DENIED, Cause.AWS_UNREACHABLE])
    def test_what_aws_fails_with(self, code: Cause) -> None:
        """When it is asked now."""
        assert cause(aws=Temporary(code, "DescribeSecret: x")) == code

    def test_aws_throttled(self) -> None:
        """By the worker's last failure."""
        waits = queued(cause="AWS_THROTTLED", attempts=1, due=NOW + 1)

        assert cause(queue=waits) == Cause.AWS_THROTTLED

    def test_kms_denied_while_it_is_tried_again(self) -> None:
        """It waits, with attempts and the next one; the statement is named."""
        waits = queued(
            cause="KMS_DENIED", detail="PutSecretValue: x", attempts=4, due=NOW + 38
        )
        found = explained(vault=NEWER, queue=waits)

        assert found["cause"] == Cause.KMS_DENIED
        assert found["verdict"] == "WAITING"
        assert found["attempts"] == 4
        assert found["command"].endswith("--statement kms")
        assert found["then"] == "vault-replicator retry kv/app/db"

    def test_kms_denied_for_good(self) -> None:
        """Parked, it has stopped."""
        parked = entry(state=State.PARKED, cause="KMS_DENIED")

        assert explained(vault=NEWER, entry=parked)["verdict"] == "STOPPED"

    def test_conflict_foreign(self) -> None:
        """By the journal, and by a look when the journal does not know it yet."""
        stranger = observed(tags={}, stages={"x": ("AWSCURRENT",)})
        known = entry(state=State.CONFLICT, cause="CONFLICT_FOREIGN", arn=None)

        assert cause(entry=known, aws=stranger) == Cause.CONFLICT_FOREIGN
        assert cause(entry=None, aws=stranger) == Cause.CONFLICT_FOREIGN

    def test_conflict_source_and_name_taken(self) -> None:
        """Whose it is, by its tags."""
        ours = observed().tags

        assert (
            cause(aws=observed(tags=ours | {SOURCE: "other"})) == Cause.CONFLICT_SOURCE
        )
        assert cause(aws=observed(tags=ours | {PATH: "kv/other"})) == Cause.NAME_TAKEN

    def test_rotation_on(self) -> None:
        """AWS rotates it."""
        assert cause(aws=observed(rotated=True)) == Cause.ROTATION_ON

    def test_released(self) -> None:
        """It was let go, whatever Vault says since."""
        let_go = entry(state=State.ORPHANED, cause="RELEASED")
        tags = observed().tags | {RELEASED: "yes"}

        assert cause(entry=let_go, aws=observed(tags=tags)) == Cause.RELEASED

    def test_pending_delete(self) -> None:
        """Vault deleted it and AWS waits; or AWS waits though Vault has it."""
        going = entry(state=State.DELETING)

        assert (
            cause(vault=Gone(7, CREATED), entry=going, aws=observed(deleting=True))
            == Cause.PENDING_DELETE
        )
        assert cause(aws=observed(deleting=True)) == Cause.PENDING_DELETE

    def test_drifted(self) -> None:
        """Found by the journal, or by looking: another version, deleted, made anew."""
        other = observed(stages={"x": ("AWSCURRENT",), "v7-abc": ()})
        anew = observed(arn=ARN[:-6] + "XyZxYz")

        assert cause(entry=entry(state=State.DRIFTED, cause="DRIFTED")) == Cause.DRIFTED
        assert cause(aws=other) == Cause.DRIFTED
        assert cause(aws=None) == Cause.DRIFTED
        assert cause(aws=anew) == Cause.DRIFTED

    def test_another_account(self) -> None:
        """What was written is not there, because another account answers."""
        found = explained(aws=None, account="999999999999")

        assert found["cause"] == Cause.WRONG_REGION_OR_ACCOUNT
        assert found["detail"] == (
            "it was written to account 123456789012; 999999999999 answers"
        )

    def test_the_same_account(self) -> None:
        """Is no other: then it was deleted."""
        assert cause(aws=None, account="123456789012") == Cause.DRIFTED

    def test_another_region(self) -> None:
        """The ARN that was written is of another Region than the rule's."""
        arn = ARN.replace("eu-central-1", "us-east-1")

        assert cause(entry=entry(arn=arn)) == Cause.WRONG_REGION_OR_ACCOUNT

    def test_what_another_version_wrote_down(self) -> None:
        """A code that is not known here is no reason to fail."""
        strange = entry(state=State.PARKED, cause="FROM_THE_FUTURE", detail="so")

        assert cause(entry=strange) == Cause.INTERNAL


class TestUnheard:
    def test_in_sync(self) -> None:
        """None of all this."""
        found = explained()

        assert found["cause"] == Cause.IN_SYNC
        assert found["verdict"] == "IN SYNC"
        assert [one["is"] for one in found["stages"]] == ["ok"] * 6

    def test_in_sync_without_a_journal(self) -> None:
        """AWS's version names Vault's, so nothing is missing."""
        assert cause(entry=None) == Cause.IN_SYNC

    def test_in_sync_on_kv_v1(self) -> None:
        """Without versions the journal is believed."""
        assert cause(vault=Value(""), entry=entry(version=None)) == Cause.IN_SYNC

    def test_nobody_listens(self) -> None:
        """No forwarder of this Vault was ever heard of."""
        found = explained(**UNHEARD, listeners=())

        assert found["cause"] == Cause.EVENT_NEVER_SEEN
        assert found["detail"] == "no forwarder of vault-prod has been heard of"
        assert found["stages"][3]["is"] == "wrong"

    def test_forwarder_silent(self) -> None:
        """It has not beaten for minutes."""
        found = explained(**UNHEARD, listeners=(listener(last_seen=NOW - 300),))

        assert found["detail"] == "forwarder silent: vault-1 was last heard 300 s ago"

    def test_forwarder_deaf(self) -> None:
        """It beats, and Vault gives it nothing."""
        found = explained(**UNHEARD, listeners=(listener(last_entry=WRITTEN - 60),))

        assert found["detail"].startswith("forwarder deaf: vault-1 beats")

    def test_one_of_two_listens(self) -> None:
        """A standby's forwarder hears nothing, and is not to blame."""
        both = (listener(), listener(name="vault-2", last_entry=None))
        found = explained(**UNHEARD, listeners=both)

        assert found["detail"].startswith("mount filtered: ")

    def test_other_source(self) -> None:
        """Events come under a name that is not ours."""
        found = explained(**UNHEARD, listeners=(), other_sources=("vault-test",))

        assert found["detail"] == (
            "other source: events come from vault-test, which is not vault-prod"
        )

    def test_mount_filtered(self) -> None:
        """All is well but this mount: the key that leaves it out is named."""
        found = explained(**UNHEARD)

        assert found["detail"].startswith(
            "mount filtered: check that mounts in forwarder.yaml covers kv;"
        )

    def test_other_namespace(self) -> None:
        """In a namespace the glob must have it in front."""
        ref = SecretRef("team1", "kv", "app/db")
        rule = replace(RULE, namespace="team1")
        found = explained(**UNHEARD, ref=ref, rules=(rule,), entry=None, aws=None)

        assert found["detail"].startswith("other namespace: ")
        assert "team1/kv" in found["detail"]


class TestSeveralPlaces:
    def test_the_ailing_one_is_told(self) -> None:
        """And the other in a line."""
        west = TargetSpec(region="eu-west-1")
        rules = (RULE, Rule(name="west", mount="kv", target=west))
        snap = snapshot(rules=rules)
        here, there = snap.looks
        found = explain(replace(snap, looks=(here, replace(there, aws=None))))

        assert (found["rule"], found["cause"]) == ("west", Cause.EVENT_NEVER_SEEN)
        assert found["others"] == [
            {
                "rule": "hybrid",
                "name": "kv/app/db",
                "region": "eu-central-1",
                "cause": "IN_SYNC",
            }
        ]


class TestUnasked:
    def test_what_could_not_be_asked_is_said(self) -> None:
        """And the journal speaks for it."""
        silent = Unasked("no answer within 5 s")
        found = explained(vault=silent, aws=silent)

        assert found["cause"] == Cause.IN_SYNC
        assert found["not_asked"] == [
            "vault: no answer within 5 s",
            "aws: no answer within 5 s",
        ]
        assert found["stages"][5] == {
            "stage": "aws",
            "is": "unknown",
            "says": "no answer within 5 s; we put v7 2026-11-23T09:59:01Z",
        }
