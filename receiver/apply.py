"""One planned action, done at AWS.

The order of the calls is what a crash in between is safe with: restore before put,
put before seal. Whatever turns out different from what was believed is a Surprise,
and the caller looks again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from receiver.core.causes import Cause, Permanent
from receiver.core.fingerprint import MAX_NONCE, SEAL, Fingerprint
from receiver.core.plan import (
    Action,
    Create,
    Delete,
    InSync,
    Leave,
    MakeCurrent,
    Nothing,
    Place,
    Put,
    Refuse,
)
from receiver.core.state import Entry, Observed, State, Truth, Value
from receiver.ports import Surprise, Target, VersionIdTaken


@dataclass(frozen=True, slots=True)
class Round:
    """One secret, one rule, one look: all that the action needs."""

    place: Place
    truth: Truth
    text: str = field(repr=False)
    entry: Entry | None
    target: Target
    prints: Fingerprint


def apply(
    now: Round, action: Action, observed: Observed | None
) -> tuple[str | None, str | None]:
    """Do it. Returns the ARN and version id that AWS holds afterwards."""
    match action:
        case Create(version_id):
            return _create(now, version_id)
        case Refuse(cause, detail):
            raise Permanent(cause, detail)
    if observed is None:
        return None, None
    arn, target = observed.arn, now.target
    match action:
        case InSync(version_id, restore):
            _restore(target, arn, restore)
            return arn, version_id
        case Put(restore=restore):
            _restore(target, arn, restore)
            return arn, _put(now, action, arn)
        case MakeCurrent(version_id, instead_of, restore):
            _restore(target, arn, restore)
            target.make_current(arn, version_id=version_id, instead_of=instead_of)
            return arn, version_id
        case Delete(recovery_days):
            target.delete(arn, recovery_days=recovery_days)
    return arn, observed.current


def _create(now: Round, version_id: str) -> tuple[str, str]:
    place, target = now.place, now.target
    arn = target.create(
        place.name,
        body=now.text,
        version_id=version_id,
        spec=place.rule.target,
        tags={**place.rule.target.tags, **place.owner_tags()},
    )
    target.tag(arn, _seal(now, arn))
    return arn, version_id


def _put(now: Round, action: Put, arn: str) -> str:
    version_id, nonce = action.version_id, action.nonce
    assert isinstance(now.truth, Value)
    subject = now.place.subject(now.truth)
    while True:
        try:
            is_current = now.target.put(arn, body=now.text, version_id=version_id)
            break
        except VersionIdTaken as error:
            nonce += 1
            if nonce > MAX_NONCE:
                raise Permanent(
                    Cause.VERSION_ID_TAKEN, "no unused version id is left"
                ) from error
            version_id = now.prints.version_id(subject, nonce)
    if not is_current:
        raise Surprise
    if action.seal:
        now.target.tag(arn, _seal(now, arn))
    return version_id


def _seal(now: Round, arn: str) -> dict[str, str]:
    # The ownership tag goes along: the least policy allows only requests with it.
    place = now.place
    return {**place.owner_tags(), SEAL: now.prints.seal(arn, place.source, place.ref)}


def _restore(target: Target, arn: str, needed: bool) -> None:
    if needed:
        target.restore(arn)


def state_after(action: Action) -> State | None:
    """What a secret is in afterwards; None when nothing is left to remember."""
    match action:
        case Leave(state) | Nothing(state):
            return state
        case Delete():
            return State.DELETING
    return State.IN_SYNC


def name_of_action(action: Action) -> str:
    """What it is called in logs and metrics."""
    match action:
        case InSync(restore=True) | Put(restore=True) | MakeCurrent(restore=True):
            return "restore"
        case Create():
            return "create"
        case Put(seal=True) | MakeCurrent():
            return "repair"
        case Put():
            return "update"
        case Delete():
            return "delete"
        case Leave():
            return "leave"
    return "none"
