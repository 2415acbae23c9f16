"""What people do to one secret, in Vault and behind our back in AWS.

Each deed takes the pair and a number that makes its value one of a kind. What Vault or
AWS refuses, because the secret is not in the state for it, has not happened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from receiver.core.fingerprint import SEAL
from tests.acceptance.both_sides import Pair

Deed: TypeAlias = Callable[[Pair, int], None]

FORGED = '{"it":"is forged"}'


def put(pair: Pair, number: int) -> None:
    if pair.is_v1:
        # So few that old values come back.
        data = {"number": str(number % 3)}
        pair.scene.vault.put_v1(pair.scene.mount, pair.scene.inside(pair.path), data)
    else:
        pair.scene.put(pair.path, number=str(number))
    pair.written()


def patch(pair: Pair, number: int) -> None:
    pair.scene.patch(pair.path, patched=str(number))
    pair.written()


def rollback(pair: Pair, number: int) -> None:
    pair.scene.rollback(pair.path, version=pair.latest - 1)
    pair.written()


def delete(pair: Pair, number: int) -> None:
    pair.may_be_gone = True
    if pair.is_v1:
        pair.scene.vault.delete_v1(pair.scene.mount, pair.scene.inside(pair.path))
    else:
        pair.scene.delete(pair.path)


def undelete(pair: Pair, number: int) -> None:
    pair.scene.undelete(pair.path, version=pair.latest)


def destroy(pair: Pair, number: int) -> None:
    pair.may_be_gone = True
    pair.scene.destroy(pair.path, version=pair.latest)


def destroy_older(pair: Pair, number: int) -> None:
    pair.scene.destroy(pair.path, version=pair.latest - 1)


def delete_metadata(pair: Pair, number: int) -> None:
    pair.may_be_gone = True
    pair.scene.delete_metadata(pair.path)


def keep_out(pair: Pair, number: int) -> None:
    _let(pair, "false")


def let_in(pair: Pair, number: int) -> None:
    _let(pair, "true")


def _let(pair: Pair, flag: str) -> None:
    inside, metadata = pair.scene.inside(pair.path), {"replicate": flag}
    pair.scene.vault.set_metadata(pair.scene.mount, inside, custom_metadata=metadata)


def edit(pair: Pair, number: int) -> None:
    pair.hand.edit(pair.name, f'{{"by hand":"{number}"}}')


def schedule(pair: Pair, number: int) -> None:
    pair.may_be_gone = True
    pair.hand.delete(pair.name)


def delete_at_once(pair: Pair, number: int) -> None:
    pair.look_at_versions()
    pair.may_be_gone, pair.is_foreign = True, False
    pair.hand.delete(pair.name, at_once=True)


def restore(pair: Pair, number: int) -> None:
    pair.hand.restore(pair.name)


def move_label(pair: Pair, number: int) -> None:
    pair.hand.move_label_back(pair.name)


def break_seal(pair: Pair, number: int) -> None:
    pair.excused += 1
    pair.hand.untag(pair.name, SEAL)


def describe_otherwise(pair: Pair, number: int) -> None:
    pair.hand.describe_as(pair.name, f"by hand {number}")


def forge(pair: Pair, number: int) -> None:
    pair.look_at_versions()
    was_foreign = pair.is_foreign
    pair.may_be_gone, pair.is_foreign = True, False
    pair.excused += 2
    pair.forged.add(pair.hand.forge(pair.name, FORGED))
    pair.is_foreign = was_foreign
