"""Ownership, and what people decide: adopt, release, force, prune."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.core.causes import Cause, Permanent, Temporary
from receiver.core.fingerprint import RELEASED
from receiver.core.rules import TargetSpec
from receiver.core.state import Decision, Gone, Hint, SecretRef, State, Value
from tests.fake_target import Secret
from tests.unit.receiver_story.conftest import NAME, REF, REGION, RULE, Story

LOST = Temporary(Cause.AWS_UNREACHABLE, "the connection was lost")
ARN = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:{NAME}-abcdef"


@pytest.fixture
def foreign(story: Story) -> Secret:
    """Somebody else's secret, under the name that ours would have; refused."""
    theirs = Secret(
        ARN, {"team": "theirs"}, {"v" * 32: "theirs"}, {"AWSCURRENT": "v" * 32}
    )
    story.target.secrets[NAME] = theirs
    story.write(1)
    with pytest.raises(Permanent):
        story.replicate()
    return theirs


def test_a_foreign_secret_is_never_touched(story: Story, foreign: Secret) -> None:
    """It is a conflict that says what to do."""
    assert foreign.value == "theirs"
    assert foreign.tags == {"team": "theirs"}
    assert story.entry.state is State.CONFLICT
    assert story.entry.cause == Cause.CONFLICT_FOREIGN
    assert story.target.writes == []


def test_an_adopted_secret_is_ours_from_then_on(story: Story, foreign: Secret) -> None:
    """Its tags first, then the value and the seal; its own tags survive."""
    outcome = story.decide(Decision.ADOPT)

    assert outcome.action == "adopt"
    assert story.target.writes == ["tag", "put", "tag"]
    assert foreign.value == '{"a":"b"}'
    assert foreign.tags["team"] == "theirs"
    assert story.entry.state is State.IN_SYNC
    assert story.entry.decision is None
    story.target.calls.clear()
    assert story.replicate(doubt=True).action == "none"
    assert story.target.writes == []


def test_a_crash_in_an_adoption_is_healed(story: Story, foreign: Secret) -> None:
    """Ours by its tags, without a seal: one put proves what the bytes are."""
    with story.target.failing("put", LOST), pytest.raises(Temporary):
        story.decide(Decision.ADOPT)

    story.replicate(doubt=True)

    assert foreign.value == '{"a":"b"}'
    assert story.entry.state is State.IN_SYNC


def test_an_adoption_that_is_refused_is_not_kept_for_later(
    story: Story, foreign: Secret
) -> None:
    """It says why, and nothing happens by itself when that has changed."""
    foreign.rotated = True
    with pytest.raises(Permanent) as caught:
        story.decide(Decision.ADOPT)
    foreign.rotated = False

    assert caught.value.cause is Cause.ROTATION_ON
    assert story.entry.decision is None
    with pytest.raises(Permanent):
        story.replicate(doubt=True)
    assert foreign.value == "theirs"


def test_a_released_secret_is_never_written_or_deleted(story: Story) -> None:
    """The way out of a migration: the value stays as it was."""
    story.write(1)
    story.replicate()

    assert story.decide(Decision.RELEASE).action == "release"
    story.write(2, '{"a":"new"}')
    story.replicate()
    story.delete(2)
    story.replicate()

    assert story.secret.value == '{"a":"b"}'
    assert RELEASED in story.secret.tags
    assert not story.secret.deleting
    assert (story.entry.state, story.entry.cause) == (State.ORPHANED, Cause.RELEASED)


def test_a_released_secret_can_be_adopted_again(story: Story) -> None:
    """And has then what Vault holds."""
    story.write(1)
    story.replicate()
    story.decide(Decision.RELEASE)
    story.write(2, '{"a":"new"}')

    assert story.decide(Decision.ADOPT).action == "adopt"
    assert story.secret.value == '{"a":"new"}'
    assert RELEASED not in story.secret.tags


def test_a_lost_journal_does_not_undo_a_release(story: Story) -> None:
    """The tag says it all."""
    story.write(1)
    story.replicate()
    story.decide(Decision.RELEASE)
    story.journal.forget(story.entry)
    story.write(2, '{"a":"new"}')
    story.replicate()

    assert story.secret.value == '{"a":"b"}'


def test_another_replicator_is_told_from_a_stranger(story: Story) -> None:
    """Two with different sources on one prefix detect each other."""
    story.write(1)
    story.replicate()
    story.secret.tags["vault-source"] = "vault-test"
    story.journal.forget(story.entry)

    with pytest.raises(Permanent, match="vault-test") as caught:
        story.replicate()
    assert caught.value.cause is Cause.CONFLICT_SOURCE
    assert story.entry.state is State.CONFLICT


def test_of_two_secrets_with_one_name_the_second_is_refused(story: Story) -> None:
    """The first keeps what it has, and is named."""
    spec = TargetSpec(name="app/{path}", region=REGION)
    story.rules = tuple(
        replace(RULE, name=mount, mount=mount, target=spec) for mount in ("kv", "kv2")
    )
    twin = SecretRef("", "kv2", REF.path)
    story.write(1)
    story.replicate()
    story.source.secrets[twin] = Value('{"a":"twin"}', 1, "2026-11-23T10:00:00Z")

    with pytest.raises(Permanent, match="kv/team/db") as caught:
        story.rounds(Hint(ref=twin))
    assert caught.value.cause is Cause.NAME_TAKEN
    assert story.target.secrets["app/team/db"].value == '{"a":"b"}'
    # The same from AWS's tags alone.
    story.journal.forget(story.entry)
    with pytest.raises(Permanent) as caught:
        story.rounds(Hint(ref=twin))
    assert caught.value.cause is Cause.NAME_TAKEN


def test_a_decision_made_during_a_round_is_not_lost(story: Story) -> None:
    """The round's record fails the comparison, and the next one carries it out."""
    story.write(1)
    story.replicate()
    before = story.entry
    story.journal.decide([before], Decision.RELEASE, "oncall")

    assert not story.journal.record(replace(before, version=2), expected=before)
    assert story.entry.decision is Decision.RELEASE


def test_a_held_delete_is_done_when_it_is_forced(story: Story) -> None:
    """Only then, and only while Vault still says so."""
    story.limits = replace(story.limits, count=0)
    story.write(1)
    story.replicate()
    story.delete(1)

    assert story.replicate().action == "held"
    assert story.entry.state is State.HELD
    assert story.replicate(doubt=True).action == "held"
    story.clock.advance(7200)
    assert story.replicate(doubt=True).action == "held"
    assert story.decide(Decision.FORCE).action == "delete"
    assert story.secret.deleting


def test_a_forced_delete_of_what_came_back_is_none(story: Story) -> None:
    """Each is confirmed once more."""
    story.limits = replace(story.limits, count=0)
    created = story.write(1)
    story.replicate()
    story.source.secrets[REF] = Gone(1, created)
    story.replicate()
    story.write(1)

    assert story.decide(Decision.FORCE).action == "none"
    assert story.entry.state is State.IN_SYNC
    assert not story.secret.deleting


def test_what_a_mount_made_anew_does_not_hold_is_held(story: Story) -> None:
    """Disabling a mount says nothing of what somebody meant to delete."""
    story.write(1)
    story.source.secrets[REF] = replace(story.source.secrets[REF], accessor="kv_1")
    story.replicate()
    story.source.secrets[REF] = Gone(accessor="kv_2")

    assert story.replicate(look_twice=True).action == "held"
    assert story.entry.cause == Cause.MOUNT_REPLACED
    assert not story.secret.deleting
    assert story.decide(Decision.FORCE).action == "delete"


def test_a_key_that_a_node_does_not_know_yet_is_not_gone(story: Story) -> None:
    """A bare absence has no time to compare: the active node is asked."""
    story.write(1)
    story.replicate()
    story.delete()
    story.source.agrees = False

    with pytest.raises(Temporary) as caught:
        story.replicate(look_twice=True)
    assert caught.value.cause is Cause.STANDBY_LAGS
    story.source.agrees = True
    assert story.replicate(look_twice=True).action == "delete"
