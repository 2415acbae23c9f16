"""While a rule is paused its secrets wait, whatever somebody wants done with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.core.causes import Cause, Permanent, Temporary
from receiver.core.state import Decision, Hint, State, Value
from tests.unit.receiver_story.conftest import NAME, REF, RULE, Story

ELSEWHERE = replace(
    RULE,
    name="other",
    target=replace(RULE.target, region="eu-west-1", name="other/{path}"),
)


def paused(story: Story, **how: bool) -> float | None:
    """The round is put off; for how long."""
    with pytest.raises(Temporary) as raised:
        story.replicate(**how)
    assert raised.value.cause is Cause.PAUSED
    return raised.value.after


def test_a_new_version_waits(story: Story) -> None:
    """Nobody is asked for anything, and the work comes back when the pause ends."""
    story.write(1)
    story.replicate()
    calls, asked = list(story.target.calls), story.source.asked
    story.write(2)
    story.pause("all", 100.0)

    assert paused(story) == pytest.approx(100, abs=5)
    assert story.target.calls == calls
    assert story.source.asked == asked
    assert (story.entry.version, story.entry.state) == (1, State.IN_SYNC)


def test_it_goes_on_afterwards(story: Story) -> None:
    """With what is newest then."""
    story.write(1)
    story.pause(None, 100.0)
    paused(story)
    story.write(2, '{"a":"newer"}')
    story.clock.advance(101)

    assert story.replicate().action == "create"
    assert story.secret.value == '{"a":"newer"}'


@pytest.mark.parametrize("decision", list(Decision))
def test_a_decision_waits(story: Story, decision: Decision) -> None:
    """It is not lost, and carried out when the pause is over."""
    story.write(1)
    story.replicate()
    if decision in (Decision.FORCE, Decision.PRUNE):
        story.delete(1)
    story.pause("all")
    story.journal.decide([story.entry], decision, "oncall")

    paused(story, doubt=True)
    assert story.entry.decision is decision
    story.pauses.end((None, None))
    story.replicate(doubt=True)
    assert story.entry.decision is None


def test_another_rule_goes_on(story: Story) -> None:
    """One secret under two rules: only the paused one's copy waits."""
    story.rules = (RULE, ELSEWHERE)
    story.write(1)
    story.pause("all")

    paused(story)
    assert set(story.target.secrets) == {"other/team/db"}
    story.pauses.end(("all", None))
    story.rounds(Hint(ref=REF))
    assert set(story.target.secrets) == {NAME, "other/team/db"}


def test_a_failure_that_may_pass_sooner_is_not_put_off(story: Story) -> None:
    """Of two rules one is paused, the other meets a fault: that decides when there
    is a next round."""
    story.rules = (RULE, ELSEWHERE)
    story.write(1)
    story.pause("all")
    story.source.failure = Temporary(Cause.VAULT_SEALED, "sealed")

    with pytest.raises(Temporary) as raised:
        story.rounds(Hint(ref=REF))
    assert raised.value.cause is Cause.VAULT_SEALED


def test_what_somebody_must_mend_is_tried_after_it(story: Story) -> None:
    """The pause ends by itself, so the work is not set aside for good."""
    keyed = replace(ELSEWHERE.target, format_key="missing")
    story.rules = (RULE, replace(ELSEWHERE, target=keyed))
    story.source.secrets[REF] = Value('{"a":"b"}', 1, "2026-11-23T10:01:00.5Z")
    story.pause("all")

    with pytest.raises(Temporary) as raised:
        story.rounds(Hint(ref=REF))
    assert raised.value.cause is Cause.PAUSED
    story.pauses.end((None, None))
    with pytest.raises(Permanent):
        story.rounds(Hint(ref=REF))
