"""What a changed configuration leaves behind, and drift."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.core.causes import Cause, Permanent, Temporary
from receiver.core.fingerprint import RELEASED
from receiver.core.state import Decision, Entry, Hint, SecretRef, State
from receiver.ports import Surprise
from tests.unit.receiver_story.conftest import NAME, REF, RULE, Story


@pytest.fixture
def replicated(story: Story) -> Story:
    """The secret is in AWS."""
    story.write(1)
    story.replicate()
    story.target.calls.clear()
    return story


def entries(story: Story) -> dict[str, Entry]:
    """The journal's, by name."""
    return {entry.name: entry for entry in story.journal.known(REF)}


def test_a_secret_without_a_rule_is_an_orphan(replicated: Story) -> None:
    """Listed, and left as it is."""
    replicated.rules = ()
    replicated.rounds(Hint(ref=REF))

    assert replicated.target.calls == []
    assert replicated.entry.state is State.ORPHANED
    assert replicated.entry.cause == Cause.NO_RULE


def test_an_orphan_whose_rule_comes_back_is_in_sync_again(replicated: Story) -> None:
    """Without a new version."""
    replicated.rules = ()
    replicated.rounds(Hint(ref=REF))
    replicated.rules = None

    assert replicated.replicate().action == "none"
    assert replicated.entry.state is State.IN_SYNC


def test_a_new_name_leaves_the_old_one_as_an_orphan(replicated: Story) -> None:
    """The value is under both names until somebody prunes the old one."""
    replicated.with_spec(name="new/{path}")
    replicated.rounds(Hint(ref=REF))

    found = entries(replicated)
    assert found[NAME].state is State.ORPHANED
    assert found["new/team/db"].state is State.IN_SYNC
    assert not replicated.secret.deleting


def test_a_rule_that_is_only_renamed_changes_nothing_in_aws(replicated: Story) -> None:
    """The same name in the same Region is the same secret."""
    replicated.rule = replace(RULE, name="other")

    assert replicated.replicate().action == "none"
    assert replicated.target.calls == []
    assert replicated.entry.rule == "other"


def test_an_orphan_is_pruned_as_its_last_rule_said(replicated: Story) -> None:
    """It is known though the rule is gone."""
    replicated.with_spec(on_delete="force")
    replicated.replicate()
    replicated.rules = ()
    replicated.rounds(Hint(ref=REF))

    assert replicated.decide(Decision.PRUNE).action == "delete"
    assert NAME not in replicated.target.secrets


def test_what_was_to_be_retained_is_not_pruned(replicated: Story) -> None:
    """The last ``on_delete`` holds for orphans too."""
    replicated.with_spec(on_delete="retain")
    replicated.replicate()
    replicated.rules = ()

    assert replicated.decide(Decision.PRUNE).action == "leave"
    assert not replicated.secret.deleting


def test_pruning_is_under_the_brake(replicated: Story) -> None:
    """And what it holds stays held."""
    replicated.limits = replace(replicated.limits, count=0)
    replicated.rules = ()
    replicated.rounds(Hint(ref=REF))

    assert replicated.decide(Decision.PRUNE).action == "held"
    replicated.rounds(Hint(ref=REF))
    assert replicated.entry.state is State.HELD
    assert replicated.decide(Decision.FORCE).action == "delete"


def test_an_orphan_that_somebody_took_over_is_forgotten(replicated: Story) -> None:
    """It is not ours to delete."""
    replicated.rules = ()
    replicated.rounds(Hint(ref=REF))
    replicated.secret.tags["managed-by"] = "somebody"

    assert replicated.decide(Decision.PRUNE).action == "none"
    assert replicated.journal.known(REF) == []
    assert not replicated.secret.deleting


def test_an_orphan_can_be_released(replicated: Story) -> None:
    """Then nothing of ours ever deletes it."""
    replicated.rules = ()
    replicated.rounds(Hint(ref=REF))

    assert replicated.decide(Decision.RELEASE).action == "release"
    assert replicated.decide(Decision.PRUNE).action == "leave"
    assert not replicated.secret.deleting


def test_an_edit_by_hand_is_undone_without_a_new_version(replicated: Story) -> None:
    """Seen when AWS is asked: it compares the bytes, then the label goes back."""
    ours = replicated.entry.version_id
    replicated.secret.values["h" * 32] = "by hand"
    replicated.secret.stages = {"AWSCURRENT": "h" * 32, "AWSPREVIOUS": ours or ""}

    assert replicated.replicate(doubt=True).action == "repair"
    assert replicated.target.writes == ["put", "make_current"]
    assert replicated.secret.value == '{"a":"b"}'
    assert len(replicated.secret.values) == 2


def test_a_deletion_by_hand_is_undone(replicated: Story) -> None:
    """Restored, without a new version."""
    replicated.secret.deleting = True

    assert replicated.replicate(doubt=True).action == "restore"
    assert replicated.target.writes == ["restore"]


def test_a_secret_destroyed_by_hand_is_made_anew(replicated: Story) -> None:
    """With another ARN, and a seal for it."""
    del replicated.target.secrets[NAME]

    assert replicated.replicate(doubt=True).action == "create"
    assert replicated.secret.value == '{"a":"b"}'
    assert replicated.entry.arn == replicated.secret.arn


def test_drift_is_seen_while_it_cannot_be_put_back(replicated: Story) -> None:
    """The state says so until it can."""
    replicated.secret.deleting = True
    later = Temporary(Cause.AWS_THROTTLED, "slow down")
    with replicated.target.failing("restore", later), pytest.raises(Temporary):
        replicated.replicate(doubt=True)

    assert replicated.entry.state is State.DRIFTED
    assert replicated.entry.detail == "its deletion was scheduled in AWS"
    replicated.replicate()
    assert replicated.entry.state is State.IN_SYNC


def test_without_doubt_the_journal_is_believed(replicated: Story) -> None:
    """A fresh change costs no look at AWS."""
    replicated.write(2, '{"a":"c"}')
    replicated.replicate()

    assert replicated.target.calls == ["put"]


def test_a_name_that_aws_still_holds_is_tried_again(story: Story) -> None:
    """After a delete at once, AWS keeps the name for some minutes."""
    story.write(1)
    taken = story.target.failing("create", Surprise())
    with taken, pytest.raises(Temporary) as caught:
        story.replicate()

    assert caught.value.cause is Cause.NAME_STILL_TAKEN
    assert story.replicate().action == "create"


def test_of_two_rules_for_one_account_neither_acts(story: Story) -> None:
    """Which of them is meant is for people to say."""
    story.rules = (
        RULE,
        replace(RULE, name="other", target=replace(RULE.target, name="x/{path}")),
    )
    story.write(1)
    with pytest.raises(Permanent) as caught:
        story.rounds(Hint(ref=REF))

    assert caught.value.cause is Cause.RULES_OVERLAP
    assert story.target.secrets == {}


def test_an_orphan_known_by_its_tags_alone_can_be_released(replicated: Story) -> None:
    """What its rule wanted is not known, so it is not pruned; but it is ours."""
    by_tags = replace(
        replicated.entry,
        ref=SecretRef("", "", "kv/team/db"),
        rule="",
        attributes=None,
        state=State.ORPHANED,
    )
    replicated.journal.forget(replicated.entry)
    replicated.journal.decide([by_tags], Decision.RELEASE, "oncall")
    replicated.rule = replace(RULE, mount="**")

    (outcome,) = replicated.rounds(Hint(ref=by_tags.ref))
    assert outcome.action == "release"
    assert replicated.secret.tags[RELEASED] == "true"


def test_an_impossible_name_is_forgotten_with_its_secret(story: Story) -> None:
    """Nobody has to act for what Vault does not have any more."""
    long = replace(RULE, target=replace(RULE.target, name="x" * 600 + "{path}"))
    story.rules = (long,)
    story.write(1)
    with pytest.raises(Permanent):
        story.rounds(Hint(ref=REF))
    assert story.entry.cause == Cause.NAME_IMPOSSIBLE
    story.delete()

    story.rounds(Hint(ref=REF))
    assert story.journal.known(REF) == []
