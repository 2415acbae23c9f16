"""What to do with one secret, from what Vault says and what AWS holds.

    Vault     AWS                                    action
    ------    -----------------------------------    ------------------------------
    value     nothing                                Create
    value     not ours                               Refuse CONFLICT_FOREIGN
    value     not ours, to be adopted                Adopt, then Put and seal
    value     ours, released                         Leave
    value     ours, released, to be adopted          Adopt, then as if never released
    value     ours, rotation on or service's         Refuse ROTATION_ON
    value     ours, no valid seal                    Put under the next nonce, Seal
    value     ours, our last id is current           InSync
    value     ours, our id by an older key           Put
    value     ours, our last id there, not current   MakeCurrent
    value     ours, another id                       Put
    value     ... and its deletion is scheduled      the same after a restore
    opted out nothing, or not ours                   Nothing
    opted out ours                                   Leave; Delete when it is pruned
    gone      nothing, or not ours                   Nothing
    gone      ours, released or a service's          Leave
    gone      ours, deletion scheduled               Nothing
    gone      ours                                   Delete, or Leave by on_delete
    any       ours, to be released                   Release

Who owns a secret is told by its tags alone; whether those tags can be trusted for
skipping a write is told by the seal. What the rule says besides the value is planned
by :mod:`receiver.core.attributes`, whether a delete is let through by
:mod:`receiver.core.brake`.
"""

from __future__ import annotations

from dataclasses import dataclass

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
from receiver.core.causes import Cause
from receiver.core.fingerprint import (
    MANAGED_BY,
    MAX_NONCE,
    PATH,
    RELEASED,
    SOURCE,
    US,
    Fingerprint,
    Subject,
    mapping_of,
)
from receiver.core.naming import path_tag
from receiver.core.rules import FORCE, RETAIN, Rule, TargetSpec
from receiver.core.state import Decision, Observed, SecretRef, State, Truth, Value


def owner_tags(source: str, ref: SecretRef) -> dict[str, str]:
    """The tags by which a secret is ours, the seal excepted."""
    return {MANAGED_BY: US, SOURCE: source, PATH: path_tag(ref)}


@dataclass(frozen=True, slots=True)
class Place:
    """One secret's place on both sides: which Vault, which reference, under which
    rule, and where in AWS (Region and name)."""

    source: str
    ref: SecretRef
    rule: Rule
    region: str
    name: str

    def owner_tags(self) -> dict[str, str]:
        """The tags by which a secret is ours, the seal excepted."""
        return owner_tags(self.source, self.ref)

    def owns(self, observed: Observed) -> bool:
        """Whether the secret carries them."""
        return self.owner_tags().items() <= observed.tags.items()

    def subject(self, value: Value) -> Subject:
        """What a version id of ``value`` at this place speaks of."""
        target = f"{self.region} {self.name}"
        return Subject(self.source, self.ref, value, mapping_of(self.rule), target)


def plan_one(
    place: Place,
    truth: Truth,
    observed: Observed | None,
    prints: Fingerprint,
    decision: Decision | None = None,
) -> Action:
    """The one action that brings AWS to what Vault says, and somebody decided."""
    is_ours = observed is not None and place.owns(observed)
    if observed is None or not is_ours:
        return _plan_unowned(place, truth, observed, prints, decision)
    if decision is Decision.RELEASE and not observed.deleting:
        return Release()
    if isinstance(truth, Value) and place.rule.wants(truth):
        return _plan_value(place, truth, observed, prints, decision)
    return _plan_unwanted(place, truth, observed, decision)


def _plan_unowned(
    place: Place,
    truth: Truth,
    observed: Observed | None,
    prints: Fingerprint,
    decision: Decision | None,
) -> Action:
    if not isinstance(truth, Value) or not place.rule.wants(truth):
        return Nothing()
    subject = place.subject(truth)
    if observed is None:
        return Create(prints.version_id(subject))
    if decision is not Decision.ADOPT:
        return stranger(place, observed)
    if observed.rotated or observed.owning_service:
        return _ROTATED
    if observed.deleting:
        detail = "its deletion is scheduled by somebody: restore it, then adopt it"
        return Refuse(Cause.CONFLICT_FOREIGN, detail)
    return Adopt(Put(prints.version_id(subject), seal=True))


def _manager(observed: Observed) -> str | None:
    """Who else manages it, whatever the case of the key, as for IAM."""
    named = (v for k, v in observed.tags.items() if k.casefold() == MANAGED_BY)
    return next((value for value in named if value != US), None)


def stranger(place: Place, observed: Observed) -> Refuse:
    """Whose a secret is that is not ours, as far as its tags tell."""
    tags = observed.tags
    if tags.get(MANAGED_BY) != US:
        detail = "a secret of this name exists in AWS and is not ours"
        if manager := _manager(observed):
            detail += f": its tag {MANAGED_BY} says {manager}"
        return Refuse(Cause.CONFLICT_FOREIGN, detail)
    if (source := tags.get(SOURCE)) != place.source:
        detail = f"another replicator writes it; its source is {source}"
        return Refuse(Cause.CONFLICT_SOURCE, detail)
    detail = f"this name belongs to another secret: {tags.get(PATH)}"
    return Refuse(Cause.NAME_TAKEN, detail)


def _plan_unwanted(
    place: Place, truth: Truth, observed: Observed, decision: Decision | None
) -> Action:
    """Vault has it no more, or its owner keeps it out."""
    if observed.deleting:
        return Nothing(State.DELETING)
    if RELEASED in observed.tags:
        return Leave(State.ORPHANED, Cause.RELEASED)
    if observed.owning_service:
        return Leave(State.ORPHANED, Cause.ROTATION_ON)
    spec = place.rule.target
    if spec.on_delete == RETAIN:
        return Leave(State.ORPHANED, Cause.RETAINED)
    if isinstance(truth, Value) and decision not in (Decision.PRUNE, Decision.FORCE):
        return Leave(State.ORPHANED, Cause.OPTED_OUT)
    return end_of(spec)


def end_of(spec: TargetSpec) -> Delete:
    """How a rule lets its secrets end, when it does."""
    return Delete(None if spec.on_delete == FORCE else spec.recovery_window_days)


def _plan_value(
    place: Place,
    value: Value,
    observed: Observed,
    prints: Fingerprint,
    decision: Decision | None,
) -> Action:
    is_released = RELEASED in observed.tags
    if is_released and decision is not Decision.ADOPT:
        return Leave(State.ORPHANED, Cause.RELEASED)
    if observed.rotated or observed.owning_service:
        return _ROTATED
    action = _plan_owned(place, place.subject(value), observed, prints)
    if is_released and not isinstance(action, Refuse):
        return Adopt(action)
    return action


def _plan_owned(
    place: Place, subject: Subject, observed: Observed, prints: Fingerprint
) -> InSync | Put | MakeCurrent | Refuse:
    current, restore = observed.current, observed.deleting
    if not prints.is_sealed(observed, place.source, place.ref):
        # Somebody may have re-made it under our visible id: only a put of our own
        # under an id never seen proves what the bytes are.
        nonce = prints.nonce_of(subject, current)
        following = 0 if nonce is None else nonce + 1
        if following > MAX_NONCE:
            return Refuse(Cause.VERSION_ID_TAKEN, "no unused version id is left")
        version_id = prints.version_id(subject, following)
        return Put(version_id, restore=restore, seal=True)
    # One made with a former key would have to be made anew all the same.
    ours = {
        nonce: version_id
        for version_id in observed.stages
        if (nonce := prints.nonce_of(subject, version_id)) is not None
        and prints.is_fresh(subject, version_id, nonce)
    }
    if current is None or not ours:
        return Put(prints.version_id(subject), restore=restore)
    # The ones before the last repair may be what had to be repaired.
    last = ours[max(ours)]
    if last == current:
        return InSync(current, restore=restore)
    return MakeCurrent(last, current, restore=restore)


_ROTATED = Refuse(Cause.ROTATION_ON, "AWS rotates this secret or a service owns it")
