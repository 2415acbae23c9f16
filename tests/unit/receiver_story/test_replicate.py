"""The one write path: what each change costs, and that old never beats new."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from receiver.core.causes import Cause, Permanent, Temporary
from receiver.core.fingerprint import SEAL
from receiver.core.retry import GUARD_ROUNDS
from receiver.core.state import Entry, State, Value
from tests.fake_target import Secret
from tests.unit.receiver_story.conftest import NAME, REF, Story

T1, T2 = "2026-11-23T10:01:00.5Z", "2026-11-23T10:02:00.5Z"


def test_a_new_secret_is_created_and_sealed(story: Story) -> None:
    """With the ownership tags and the rule's own, and the seal after the create."""
    story.with_spec(tags={"team": "platform"})
    story.write(1)
    outcome = story.replicate()

    assert outcome.action == "create"
    assert story.target.calls == ["describe", "create", "tag"]
    assert story.secret.value == '{"a":"b"}'
    assert story.secret.tags.keys() == {
        "team", "managed-by", "vault-source", "vault-path", "vault-seal",
    }  # fmt: skip
    assert story.entry.state is State.IN_SYNC


def test_a_known_secret_costs_one_read_and_one_write(story: Story) -> None:
    """Nothing else is on the way of a change."""
    story.write(1)
    story.replicate()
    story.target.calls.clear()
    story.source.asked = 0
    story.write(2, '{"a":"c"}')
    outcome = story.replicate()

    assert outcome.action == "update"
    assert story.target.calls == ["put"]
    assert story.source.asked == 1
    assert story.secret.value == '{"a":"c"}'


def test_each_stage_of_a_change_is_timed(story: Story) -> None:
    """AWS is looked at only for what the journal does not know."""
    story.write(1)
    story.replicate()
    first, story.stages[:] = list(story.stages), []
    story.write(2)
    story.replicate()

    assert first == ["read", "look", "decide", "write", "record"]
    assert story.stages == ["read", "decide", "write", "record"]


def test_a_repeated_event_costs_one_read_and_no_write(story: Story) -> None:
    """Twice the same, from two audit devices or a replay."""
    created = story.write(1)
    story.replicate(created=created)
    story.target.calls.clear()
    outcome = story.replicate(created=created)

    assert outcome.action == "none"
    assert story.target.calls == []


def test_a_lost_journal_costs_no_write(story: Story) -> None:
    """Ownership and currency are proven from AWS alone."""
    story.write(1)
    story.replicate()
    before = story.secret.stages
    story.journal.forget(story.entry)
    story.target.calls.clear()

    assert story.replicate().action == "none"
    assert story.target.calls == ["describe"]
    assert story.secret.stages == before
    assert story.entry.version == 1


def test_the_lag_is_from_vaults_write_to_ours(story: Story) -> None:
    """And known only for what an event told of."""
    created = story.write(1)
    at = datetime(2026, 11, 23, 10, 1, 0, 500_000, tzinfo=UTC).timestamp()
    story.clock.jump(at + 0.25 - story.clock.now())
    outcome = story.replicate(created=created)

    assert outcome.lag == pytest.approx(0.25, abs=0.1)
    assert story.entry.lag == outcome.lag

    story.write(2)
    assert story.replicate().lag is None


def test_a_read_older_than_the_event_is_not_believed(story: Story) -> None:
    """A standby that lags: read again soon, and write nothing."""
    newer = story.write(2)
    story.write(1)

    with pytest.raises(Temporary) as caught:
        story.replicate(created=newer)
    assert caught.value.cause is Cause.STANDBY_LAGS
    assert caught.value.after == pytest.approx(0.05)
    assert story.target.calls == []


def test_a_read_older_than_the_journal_is_not_believed(story: Story) -> None:
    """An old version never lands over a newer one, whatever the hint says."""
    story.write(2)
    story.replicate()
    story.write(1)

    with pytest.raises(Temporary):
        story.replicate()
    assert story.entry.version == 2


def test_nothing_where_the_event_saw_a_version_is_not_believed(story: Story) -> None:
    """A standby that does not know the key yet."""
    created = story.write(1)
    story.delete()

    with pytest.raises(Temporary):
        story.replicate(created=created)


def test_a_delete_after_the_event_is_believed_at_once(story: Story) -> None:
    """When a later event said that the key may be gone, its absence is no surprise."""
    created = story.write(1)
    story.replicate(created=created)
    story.delete()

    assert story.replicate(created=created, look_twice=True).action == "delete"


def test_after_ten_seconds_the_active_node_decides(story: Story) -> None:
    """A snapshot was restored: what Vault's metadata agree with is the truth."""
    story.write(2)
    story.replicate()
    story.write(1)

    assert story.replicate(attempts=GUARD_ROUNDS).action == "update"
    assert story.entry.version == 1


def test_when_the_nodes_disagree_it_waits_on(story: Story) -> None:
    """Metadata on the active node say something else than the read."""
    newer = story.write(2)
    story.write(1)
    story.source.confirm = lambda ref, truth: False  # type: ignore[method-assign]  # another node's answer

    with pytest.raises(Temporary) as caught:
        story.replicate(created=newer, attempts=GUARD_ROUNDS)
    assert caught.value.after is None


def test_a_version_that_starts_again_is_newer(story: Story) -> None:
    """Removed with its metadata and written anew: version 1, but a later time."""
    story.write(5)
    story.replicate()
    story.write(1, '{"a":"new"}')
    value = story.source.secrets[REF]
    story.source.secrets[REF] = replace(value, created_time="2026-11-23T11:00:00Z")  # type: ignore[type-var]  # a Value

    assert story.replicate().action == "update"
    assert story.secret.value == '{"a":"new"}'


def test_a_deleted_secret_is_scheduled_for_deletion(story: Story) -> None:
    """And a second look finds nothing more to do."""
    created = story.write(1)
    story.replicate()
    story.delete(1, created)

    assert story.replicate().action == "delete"
    assert story.secret.deleting
    assert story.entry.state is State.DELETING
    assert story.replicate().action == "none"


def test_an_undeleted_secret_is_restored_without_a_new_version(story: Story) -> None:
    """The same version, so the same version id."""
    created = story.write(1)
    story.replicate()
    story.delete(1, created)
    story.replicate()
    story.write(1)
    outcome = story.replicate()

    assert outcome.action == "restore"
    assert not story.secret.deleting
    assert len(story.secret.values) == 1
    assert story.entry.state is State.IN_SYNC


def test_a_version_that_vault_will_delete_is_announced(story: Story) -> None:
    """When it expires there will be no event."""
    created = story.write(1)
    expiring = Value("{}", 1, created, deletion_time="2026-11-23T12:00:00Z")
    story.source.secrets[REF] = expiring
    outcome = story.replicate()

    assert outcome.expires == datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


def test_a_new_version_after_a_delete_restores_and_puts(story: Story) -> None:
    """In this order: AWS refuses a put while the deletion is scheduled."""
    created = story.write(1)
    story.replicate()
    story.delete(1, created)
    story.replicate()
    story.target.calls.clear()
    story.write(2, '{"a":"c"}')

    assert story.replicate().action == "restore"
    assert story.target.calls == ["describe", "restore", "put"]
    assert story.secret.value == '{"a":"c"}'


def test_what_was_never_replicated_and_is_gone_leaves_no_trace(story: Story) -> None:
    """Neither in AWS nor in the journal."""
    story.delete()

    assert story.replicate().action == "none"
    assert story.journal.known(REF) == []


def test_a_foreign_secret_is_a_conflict(story: Story) -> None:
    """Never touched, and said so in the journal."""
    story.target.secrets[NAME] = Secret("arn-x", {}, {"x": "y"}, {"AWSCURRENT": "x"})
    story.write(1)

    with pytest.raises(Permanent) as caught:
        story.replicate()
    assert caught.value.cause is Cause.CONFLICT_FOREIGN
    assert story.target.writes == []
    assert story.entry.state is State.CONFLICT


def test_a_value_that_aws_cannot_hold_is_parked(story: Story) -> None:
    """Before any call to AWS; the version before it stays current."""
    story.write(1)
    story.replicate()
    story.target.calls.clear()
    story.write(2, '{"a":"' + "x" * 70_000 + '"}')

    with pytest.raises(Permanent):
        story.replicate()
    assert story.target.calls == []
    assert story.entry.state is State.PARKED
    assert story.entry.cause == Cause.VALUE_TOO_LARGE
    assert story.secret.value == '{"a":"b"}'


def test_what_changed_in_aws_is_looked_at_again(story: Story) -> None:
    """Deleted by hand since: the put finds out, and the secret is made anew."""
    story.write(1)
    story.replicate()
    story.target.secrets.clear()
    story.write(2)

    assert story.replicate().action == "create"


def test_a_crash_before_the_seal_is_healed_by_one_put(story: Story) -> None:
    """Owned, our token, no seal: the bytes are proven by a put of our own."""
    story.write(1)
    story.replicate()
    del story.secret.tags["vault-seal"]
    story.journal.forget(story.entry)
    outcome = story.replicate()

    assert outcome.action == "repair"
    assert len(story.secret.values) == 2
    assert "vault-seal" in story.secret.tags
    story.journal.forget(story.entry)
    assert story.replicate().action == "none"


def test_our_version_id_with_other_bytes_is_stepped_over(story: Story) -> None:
    """Somebody wrote under the id that the next version will have."""
    story.write(2)
    story.replicate()
    taken = story.entry.version_id
    assert taken is not None
    story.write(1)
    story.replicate(attempts=GUARD_ROUNDS)
    story.secret.values[taken] = "other bytes"
    story.write(2)

    assert story.replicate().action == "update"
    assert story.secret.value == '{"a":"b"}'


def test_without_versions_an_old_value_becomes_current_again(story: Story) -> None:
    """KV v1, A then B then A: the label moves, no version is made."""
    for body in ('{"a":"A"}', '{"a":"B"}', '{"a":"A"}'):
        story.source.secrets[REF] = replace(
            story.source.secrets.get(REF, Value("")),  # type: ignore[type-var]  # a Value
            body=body,
        )
        story.replicate()

    assert story.secret.value == '{"a":"A"}'
    assert len(story.secret.values) == 2


def test_without_versions_a_much_older_value_becomes_current_again(
    story: Story,
) -> None:
    """AWS does not show a version that has lost its last label, and still has it."""
    for letter in "ABCA":
        story.source.secrets[REF] = Value(f'{{"a":"{letter}"}}')
        story.replicate()

    assert story.secret.value == '{"a":"A"}'
    assert len(story.secret.values) == 3


def forge(story: Story) -> None:
    """Somebody makes the secret anew, with all that can be seen of it."""
    old = story.secret
    current = old.stages["AWSCURRENT"]
    made = Secret("arn:forged", dict(old.tags), {current: "forged"})
    made.stages["AWSCURRENT"] = current
    story.target.secrets[NAME] = made


def test_a_label_never_goes_to_bytes_that_somebody_wrote_under_our_id(
    story: Story,
) -> None:
    """KV v1: the id of an old value is known, and may have been taken meanwhile."""
    story.source.secrets[REF] = Value('{"a":"A"}')
    story.replicate()
    forge(story)
    story.source.secrets[REF] = Value('{"a":"B"}')
    story.replicate(doubt=True)
    story.source.secrets[REF] = Value('{"a":"A"}')

    story.replicate(doubt=True)

    assert story.secret.value == '{"a":"A"}'


def test_a_label_that_goes_back_behind_a_repair_is_no_proof(story: Story) -> None:
    """What was repaired is still there, under an id that was ours."""
    story.write(1)
    story.replicate()
    forge(story)
    story.replicate(doubt=True)
    stages = story.secret.stages
    stages["AWSCURRENT"], stages["AWSPREVIOUS"] = (
        stages["AWSPREVIOUS"],
        stages["AWSCURRENT"],
    )
    assert story.secret.value == "forged"

    story.replicate(doubt=True)

    assert story.secret.value == '{"a":"b"}'
    assert len(story.secret.values) == 2


@pytest.mark.parametrize("is_sealed", [True, False])
def test_a_secret_edited_twice_is_put_back_without_a_version(
    story: Story, is_sealed: bool
) -> None:
    """Our version has no label any more then, and needs no other id for that."""
    story.write(1)
    story.replicate()
    for number in range(2):
        edit = f"by-hand-{number:024}"
        story.target.put(story.secret.arn, body="theirs", version_id=edit)
    if not is_sealed:
        del story.secret.tags[SEAL]

    story.replicate(doubt=True)

    assert story.secret.value == '{"a":"b"}'
    assert len(story.secret.values) == 3
    assert SEAL in story.secret.tags


def test_two_workers_on_one_secret_are_noticed(story: Story) -> None:
    """Another one recorded meanwhile: look again at once."""
    story.write(1)
    story.replicate()
    story.write(2)
    record = story.journal.record

    def overtaken(entry: Entry, *, expected: Entry | None, made_version: bool) -> bool:
        theirs = replace(entry, version=9, created_time="2030-01-01T00:00:00Z")
        record(theirs, expected=expected)
        return record(entry, expected=expected, made_version=made_version)

    story.journal.record = overtaken  # type: ignore[method-assign]  # another worker's turn
    with pytest.raises(Temporary) as caught:
        story.replicate()

    assert caught.value.after == 0.0


def test_a_failed_write_is_believed_neither_done_nor_undone(story: Story) -> None:
    """Nothing is believed that was not answered."""
    story.write(1)
    story.replicate()
    story.write(2)
    before = story.entry
    failure = Temporary(Cause.AWS_THROTTLED, "PutSecretValue: ThrottlingException")

    with story.target.failing("put", failure), pytest.raises(Temporary):
        story.replicate()

    assert story.entry.version == before.version
    assert story.entry.state is State.PENDING
    assert story.replicate().action == "update"


LOST = Temporary(Cause.AWS_UNREACHABLE, "no answer")


def test_a_delete_whose_answer_is_lost_is_taken_back_with_vaults(
    story: Story,
) -> None:
    """AWS has done it, and nobody knows; then Vault undeletes the same version, which
    the journal holds as current. Only AWS can tell that it is not."""
    created = story.write(1)
    story.replicate()
    story.delete(1, created)
    with story.target.losing("delete", LOST), pytest.raises(Temporary):
        story.replicate()
    assert story.secret.deleting

    story.write(1)
    story.replicate()

    assert not story.secret.deleting
    assert story.entry.state is State.IN_SYNC


def test_a_delete_that_ended_with_the_process_is_taken_back_with_vaults(
    story: Story,
) -> None:
    """What is about to be done is in the journal before, so a new process asks AWS."""
    created = story.write(1)
    story.replicate()
    story.delete(1, created)
    killed = story.target.losing("delete", KeyboardInterrupt())
    with killed, pytest.raises(KeyboardInterrupt):
        story.replicate()

    story.write(1)
    story.replicate()

    assert not story.secret.deleting


def test_a_value_whose_answer_is_lost_is_taken_back_with_vaults(
    story: Story,
) -> None:
    """Without versions an old value may return, and the journal holds it as current."""
    for second, body in enumerate(('{"a":"old"}', '{"a":"new"}')):
        story.source.secrets[REF] = Value(body, None, None)
        if second == 0:
            story.replicate()
            continue
        with story.target.losing("put", LOST), pytest.raises(Temporary):
            story.replicate()
    assert story.secret.value == '{"a":"new"}'

    story.source.secrets[REF] = Value('{"a":"old"}', None, None)
    story.replicate()

    assert story.secret.value == '{"a":"old"}'


def test_another_format_of_the_same_version_is_written(story: Story) -> None:
    """The rule decides the bytes, so it is part of what is current."""
    story.write(1, '{"a":"plain"}')
    story.replicate()
    story.with_spec(format_key="a")

    assert story.replicate().action == "update"
    assert story.secret.value == "plain"


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_new_key_renews_version_and_seal(story: Story, is_lost: bool) -> None:
    """Rotation: one put, after which the former key can be thrown away."""
    story.write(1)
    story.replicate()
    story.keys = ("n" * 32, "k" * 32)
    if is_lost:
        story.journal.forget(story.entry)

    assert story.replicate(doubt=True).action == "update"
    story.keys = ("n" * 32,)
    story.journal.forget(story.entry)
    story.target.calls.clear()
    assert story.replicate().action == "none"
    assert story.target.writes == []


@pytest.mark.parametrize("version", [1, None])
def test_the_first_event_after_a_new_key_renews_the_seal_too(
    story: Story, version: int | None
) -> None:
    """So the former key can be thrown away, whoever came to the secret first."""
    story.source.secrets[REF] = Value('{"a":"1"}', version, version and T1)
    story.replicate()
    story.keys = ("n" * 32, "k" * 32)
    story.source.secrets[REF] = Value('{"a":"2"}', version and 2, version and T2)
    story.replicate()
    story.keys = ("n" * 32,)
    story.target.calls.clear()

    assert story.replicate(doubt=True).action == "none"
    assert story.target.writes == []


def test_a_secret_written_all_the_time_gets_its_newest_value_in_the_end(
    story: Story,
) -> None:
    """AWS keeps a hundred versions a day: sixty are free, then they are spread out."""
    for version in range(1, 61):
        story.write(version // 60, f'{{"n":{version}}}', second=version % 60)
        story.replicate()
    story.write(50, '{"n":"last but one"}')
    with pytest.raises(Temporary) as caught:
        story.replicate()
    assert caught.value.cause is Cause.VERSION_BUDGET
    assert caught.value.after == pytest.approx(48 * 60, rel=0.01)
    assert story.secret.value == '{"n":60}'

    story.write(51, '{"n":"last"}')
    story.clock.advance(caught.value.after + 1)

    assert story.replicate().action == "update"
    assert story.secret.value == '{"n":"last"}'
