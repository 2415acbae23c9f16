"""One planned action, done at AWS.

The order of the calls is what a crash in between is safe with: restore before put,
put before seal, the owner's tags before anything else that is adopted. The key comes
before the value, so that a value is never written under a key that is being left.
Whatever turns out different from what was believed is a Surprise, and the caller
looks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from receiver.core.actions import (
    Action,
    Adopt,
    Create,
    Delete,
    InSync,
    Leave,
    MakeCurrent,
    Nothing,
    Put,
    Refuse,
    Release,
)
from receiver.core.attributes import Changes, changes
from receiver.core.causes import Cause, Permanent
from receiver.core.fingerprint import MAX_NONCE, RELEASED, SEAL, Fingerprint
from receiver.core.plan import Place
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


@dataclass(frozen=True, slots=True)
class Applied:
    """What AWS holds afterwards, whether anything was written for it, and whether a
    version was made. ``trouble`` is what keeps a secret from being well though its
    value is there."""

    arn: str | None = None
    version_id: str | None = None
    wrote: bool = False
    made_version: bool = False
    trouble: Permanent | None = None


def apply(now: Round, action: Action, observed: Observed | None) -> Applied:
    """Do it. Raises what the target raises, and Permanent for a Refuse."""
    match action:
        case Create(version_id):
            return _create(now, version_id)
        case Refuse(cause, detail):
            raise Permanent(cause, detail)
    if observed is None:
        return Applied()
    arn = observed.arn
    match action:
        case Adopt(then):
            return _bring(now, then, _take_over(now, observed), wrote=True)
        case InSync() | Put() | MakeCurrent():
            return _bring(now, action, observed)
        case Release():
            now.target.tag(arn, {**now.place.owner_tags(), RELEASED: "true"})
        case Delete(recovery_days):
            detach_all(now.target, observed)
            now.target.delete(arn, recovery_days=recovery_days)
    wrote = isinstance(action, Release | Delete)
    return Applied(arn, observed.current, wrote)


def detach_all(target: Target, observed: Observed) -> None:
    """AWS deletes no secret that has copies."""
    if observed.replicas:
        target.detach(observed.arn, [copy.region for copy in observed.replicas])


def _create(now: Round, version_id: str) -> Applied:
    place, target = now.place, now.target
    arn = target.create(
        place.name,
        body=now.text,
        version_id=version_id,
        spec=place.rule.target,
        tags={**place.rule.target.tags, **place.owner_tags()},
    )
    target.tag(arn, {**place.owner_tags(), **_seal(now, arn)})
    return Applied(arn, version_id, wrote=True, made_version=True)


def _take_over(now: Round, observed: Observed) -> Observed:
    """Make it ours by its tags; the seal comes with the value."""
    owner = now.place.owner_tags()
    now.target.tag(observed.arn, owner)
    if RELEASED in observed.tags:
        now.target.untag(observed.arn, [RELEASED])
    return replace(observed, tags={**observed.tags, **owner})


def _bring(
    now: Round,
    action: InSync | Put | MakeCurrent,
    observed: Observed,
    *,
    wrote: bool = False,
) -> Applied:
    """The value, and around it what the rule says besides."""
    arn, target = observed.arn, now.target
    must = {**now.place.owner_tags(), **_seal(now, arn)}
    todo = changes(now.place.rule.target, observed, _before(now), must)
    if action.restore:
        target.restore(arn)
    if todo.description is not None or todo.kms_key_id is not None:
        target.update(arn, description=todo.description, kms_key_id=todo.kms_key_id)
    version_id, made = _set_value(now, action, observed)
    _set_tags(now, todo, arn)
    if todo.detach:
        target.detach(arn, todo.detach)
    if todo.replicate:
        target.replicate(arn, todo.replicate)
    wrote = wrote or action.restore or bool(todo) or not isinstance(action, InSync)
    return Applied(arn, version_id, wrote, made, _failed_replica(observed))


def _set_value(
    now: Round, action: InSync | Put | MakeCurrent, observed: Observed
) -> tuple[str, bool]:
    """The version that is current then, and whether it had to be made.

    A version is put though it may be there: AWS compares, so that no label goes to
    bytes that somebody else wrote under our id. Whether it shows one without a label
    or not, it still has it.
    """
    if isinstance(action, InSync):
        return action.version_id, False
    version_id, is_current = _put(now, action, observed.arn)
    if is_current:
        return version_id, True
    if observed.current in (None, version_id):
        raise Surprise
    now.target.make_current(
        observed.arn, version_id=version_id, instead_of=observed.current
    )
    return version_id, False


def _put(now: Round, action: Put | MakeCurrent, arn: str) -> tuple[str, bool]:
    """The id under which AWS has the value now, and whether it is current."""
    assert isinstance(now.truth, Value)
    subject, version_id = now.place.subject(now.truth), action.version_id
    while True:
        try:
            return version_id, now.target.put(arn, body=now.text, version_id=version_id)
        except VersionIdTaken as error:
            nonce = (now.prints.nonce_of(subject, version_id) or 0) + 1
            if nonce > MAX_NONCE:
                raise Permanent(
                    Cause.VERSION_ID_TAKEN, "no unused version id is left"
                ) from error
            version_id = now.prints.version_id(subject, nonce)


def _set_tags(now: Round, todo: Changes, arn: str) -> None:
    # The ownership tags go along: the least policy allows only requests with them.
    if todo.tag:
        now.target.tag(arn, {**now.place.owner_tags(), **todo.tag})
    if todo.untag:
        now.target.untag(arn, todo.untag)


def _seal(now: Round, arn: str) -> Mapping[str, str]:
    place = now.place
    return {SEAL: now.prints.seal(arn, place.source, place.ref)}


def _before(now: Round) -> str | None:
    return now.entry.attributes if now.entry else None


def _failed_replica(observed: Observed) -> Permanent | None:
    for copy in observed.replicas or ():
        if copy.failed:
            detail = f"the replica in {copy.region} failed: {copy.failed}"
            return Permanent(Cause.REPLICA_FAILED, detail)
    return None


def state_after(action: Action) -> tuple[State | None, Cause | None]:
    """What a secret is in afterwards, and why; None when nothing is left of it."""
    match action:
        case Leave(state, cause):
            return state, cause
        case Nothing(state):
            return state, None
        case Release():
            return State.ORPHANED, Cause.RELEASED
        case Delete():
            return State.DELETING, None
    return State.IN_SYNC, None


def name_of_action(action: Action, *, wrote: bool) -> str:
    """What it is called in logs and metrics."""
    match action:
        case InSync(restore=True) | Put(restore=True) | MakeCurrent(restore=True):
            return "restore"
        case InSync():
            return "update" if wrote else "none"
        case Put(seal=True) | MakeCurrent():
            return "repair"
        case Put():
            return "update"
        case Nothing():
            return "none"
    return type(action).__name__.lower()
