"""Whatever was done to either side: one comparison and its work, and both agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from receiver.core.fingerprint import RELEASED, SEAL
from receiver.core.state import State, Value
from tests.fake_target import Secret
from tests.unit.receiver_comparing.conftest import LATER, World, ref

PATHS = ("a", "b/c", "d")
KEYS = ("k" * 32, "n" * 32)


def _put(world: World, path: str) -> None:
    old = world.source.secrets.get(ref(path))
    version = (old.version or 0) + 1 if old else 1
    world.write(path, version, age=0)


def _delete(world: World, path: str) -> None:
    if isinstance(world.source.secrets.get(ref(path)), Value):
        world.delete(path, age=0)


def _remove(world: World, path: str) -> None:
    world.source.secrets.pop(ref(path), None)


def _opt_out(world: World, path: str) -> None:
    old = world.source.secrets.get(ref(path))
    if isinstance(old, Value):
        out = {"replicate": "false"}
        world.source.secrets[ref(path)] = replace(old, custom_metadata=out)


def _event(world: World, path: str) -> None:
    world.event(path)


def _lose_entry(world: World, path: str) -> None:
    for entry in world.journal.known(ref(path)):
        world.journal.forget(entry)


def _lose_journal(world: World, path: str) -> None:
    world.lose_journal()


def _edit(world: World, path: str) -> None:
    if secret := _live(world, path):
        version_id = f"edit-{len(secret.values):027}"
        world.target.put(secret.arn, body="edited", version_id=version_id)


def _label(world: World, path: str) -> None:
    if (secret := _live(world, path)) and "AWSPREVIOUS" in secret.stages:
        stages = secret.stages
        world.target.make_current(
            secret.arn,
            version_id=stages["AWSPREVIOUS"],
            instead_of=stages["AWSCURRENT"],
        )


def _delete_by_hand(world: World, path: str) -> None:
    if secret := _live(world, path):
        world.target.delete(secret.arn, recovery_days=30)


def _force_delete_by_hand(world: World, path: str) -> None:
    world.target.secrets.pop(f"kv/{path}", None)


def _restore_by_hand(world: World, path: str) -> None:
    if secret := world.target.secrets.get(f"kv/{path}"):
        secret.deleting = False


def _unseal(world: World, path: str) -> None:
    if secret := world.target.secrets.get(f"kv/{path}"):
        secret.tags.pop(SEAL, None)


def _retag(world: World, path: str) -> None:
    if secret := world.target.secrets.get(f"kv/{path}"):
        secret.tags["team"] = "somebody"


def _made_by_somebody(world: World, path: str) -> None:
    if f"kv/{path}" not in world.target.secrets:
        foreign = Secret(f"arn-{path}", {}, {"x": "y"}, {"AWSCURRENT": "x"})
        world.target.secrets[f"kv/{path}"] = foreign


def _release(world: World, path: str) -> None:
    if secret := world.target.secrets.get(f"kv/{path}"):
        secret.tags[RELEASED] = "true"


def _rule_wants_tags(world: World, path: str) -> None:
    world.with_spec(tags={"team": path})


def _new_key(world: World, path: str) -> None:
    world.keys = KEYS[::-1] if world.keys[0] == KEYS[0] else KEYS


def _quick(world: World, path: str) -> None:
    world.compare(quick=True)
    world.drain()


def _live(world: World, path: str) -> Secret | None:
    secret = world.target.secrets.get(f"kv/{path}")
    return None if secret is None or secret.deleting else secret


DEEDS: tuple[Callable[[World, str], None], ...] = (
    _put, _put, _delete, _remove, _opt_out, _event, _event, _lose_entry, _lose_journal,
    _edit, _label, _delete_by_hand, _force_delete_by_hand, _restore_by_hand, _unseal,
    _retag, _made_by_somebody, _release, _rule_wants_tags, _new_key, _quick,
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(DEEDS), st.sampled_from(PATHS)), max_size=14))
def test_a_second_comparison_finds_nothing_to_do(
    deeds: list[tuple[Callable[[World, str], None], str]],
) -> None:
    """Any mixture of what Vault, AWS and a lost journal can be in: what is left is
    only what waits for somebody, and nothing was put that was there already."""
    world = World(keys=KEYS)
    # One key is always listed, so that no listing is empty.
    world.fill("keeper")
    for deed, path in deeds:
        deed(world, path)
        world.clock.advance(1)
    world.clock.advance(LATER)
    world.compare()
    world.drain()
    world.clock.advance(LATER)
    world.forget_calls()
    report = world.compare()
    world.drain()

    left = {"conflict", "parked", "held", "orphaned"}
    assert report.differing.keys() <= left
    assert world.target.writes == []
    for path in PATHS:
        _check(world, path)


def _check(world: World, path: str) -> None:
    truth = world.source.secrets.get(ref(path))
    secret = _live(world, path)
    wanted = isinstance(truth, Value) and world.rules[0].wants(truth)
    entries = world.journal.known(ref(path))
    states = {entry.state for entry in entries}
    if wanted and not states & {State.CONFLICT, State.ORPHANED}:
        assert isinstance(truth, Value)
        assert secret is not None
        assert secret.value == truth.body
        assert states == {State.IN_SYNC}
    if truth is None or not isinstance(truth, Value):
        tags = secret.tags if secret else {}
        assert "managed-by" not in tags or RELEASED in tags
    if State.CONFLICT not in states:
        there = {one.arn for one in world.target.secrets.values()}
        assert {entry.arn for entry in entries if entry.arn} <= there
