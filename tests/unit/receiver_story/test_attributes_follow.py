"""What a rule says besides the value is applied though the value is equal."""

from __future__ import annotations

import pytest

from receiver.core.causes import Cause, Permanent
from receiver.core.state import Replica, State
from tests.unit.receiver_story.conftest import Story


def replicated(story: Story, **spec: object) -> Story:
    story.with_spec(**spec)
    story.write(1)
    story.replicate()
    story.target.calls.clear()
    return story


def test_new_and_removed_tags_are_applied_without_a_version(story: Story) -> None:
    """One look, and only the tags are touched; foreign ones stay."""
    replicated(story, tags={"team": "a", "tier": "1"})
    story.secret.tags["theirs"] = "kept"
    story.with_spec(tags={"team": "b"})

    assert story.replicate().action == "update"
    assert story.target.calls == ["describe", "tag", "untag"]
    assert story.secret.tags["team"] == "b"
    assert "tier" not in story.secret.tags
    assert story.secret.tags["theirs"] == "kept"


def test_an_unchanged_rule_costs_no_look(story: Story) -> None:
    """The journal knows what was applied."""
    replicated(story, tags={"team": "a"}, description="d", replicas=(Replica("x"),))

    assert story.replicate().action == "none"
    assert story.target.calls == []


def test_the_key_changes_before_the_value(story: Story) -> None:
    """A value is never written under a key that is being left."""
    replicated(story)
    story.with_spec(kms_key_id="alias/new")
    story.write(2)
    story.replicate()

    assert story.target.calls == ["describe", "update", "put"]


def test_copies_are_detached_before_a_delete_and_put_back(story: Story) -> None:
    """AWS deletes no secret that has copies."""
    replicated(story, replicas=(Replica("eu-north-1"),))
    story.delete(1)

    assert story.replicate().action == "delete"
    assert story.target.calls == ["detach", "delete"]
    story.write(2)
    story.target.calls.clear()
    assert story.replicate().action == "restore"
    assert story.target.calls == ["describe", "restore", "put", "replicate"]


def test_a_failed_copy_is_told_and_the_value_is_there(story: Story) -> None:
    """Somebody must mend it in the other Region."""
    replicated(story, replicas=(Replica("eu-north-1"),))
    story.secret.replicas["eu-north-1"] = Replica("eu-north-1", failed="NameExists")
    story.write(2, '{"a":"c"}')
    with pytest.raises(Permanent) as caught:
        story.replicate(doubt=True)

    assert caught.value.cause is Cause.REPLICA_FAILED
    assert story.secret.value == '{"a":"c"}'
    assert (story.entry.state, story.entry.version) == (State.PARKED, 2)
