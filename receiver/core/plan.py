"""What to do with one secret, from what Vault says and what AWS holds.

    Vault     AWS                                    action
    ------    -----------------------------------    ------------------------------
    value     nothing                                Create
    value     not ours                               Refuse CONFLICT_FOREIGN
    value     ours, released                         Leave
    value     ours, rotation on or service's         Refuse ROTATION_ON
    value     ours, no valid seal                    Put under the next nonce, Seal
    value     ours, our id is current                InSync
    value     ours, our id there, not current        MakeCurrent
    value     ours, another id                       Put
    value     ... and its deletion is scheduled      the same after a restore
    opted out nothing, or not ours                   Nothing
    opted out ours                                   Leave
    gone      nothing, or not ours                   Nothing
    gone      ours, released or a service's          Leave
    gone      ours, deletion scheduled               Nothing
    gone      ours                                   Delete, or Leave by on_delete

Who owns a secret is told by its tags alone; whether those tags can be trusted for
skipping a write is told by the seal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

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
from receiver.core.rules import FORCE, RETAIN, Rule
from receiver.core.state import Gone, Observed, SecretRef, State, Truth, Value


@dataclass(frozen=True, slots=True)
class InSync:
    """Nothing to write but, perhaps, a restore."""

    version_id: str
    restore: bool = False


@dataclass(frozen=True, slots=True)
class Create:
    """A new secret with our value, then its seal."""

    version_id: str


@dataclass(frozen=True, slots=True)
class Put:
    """A new version; ``nonce`` is where to go on when the id is taken."""

    version_id: str
    nonce: int = 0
    restore: bool = False
    seal: bool = False


@dataclass(frozen=True, slots=True)
class MakeCurrent:
    """The right bytes are there under our id, but another version is current."""

    version_id: str
    instead_of: str
    restore: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """``recovery_days`` None: at once."""

    recovery_days: int | None


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing to do. ``state`` is what the secret is then in; None: not of ours."""

    state: State | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """AWS keeps it, on purpose."""

    state: State


@dataclass(frozen=True, slots=True)
class Refuse:
    """Somebody must decide first."""

    cause: Cause
    detail: str


Action: TypeAlias = (
    InSync | Create | Put | MakeCurrent | Delete | Nothing | Leave | Refuse
)


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
        return {MANAGED_BY: US, SOURCE: self.source, PATH: path_tag(self.ref)}

    def subject(self, value: Value) -> Subject:
        """What a version id of ``value`` at this place speaks of."""
        target = f"{self.region} {self.name}"
        return Subject(self.source, self.ref, value, mapping_of(self.rule), target)


def plan_one(
    place: Place, truth: Truth, observed: Observed | None, prints: Fingerprint
) -> Action:
    """The one action that brings AWS to what Vault says."""
    if isinstance(truth, Gone):
        return _plan_gone(place, observed)
    return _plan_value(place, truth, observed, prints)


def _plan_gone(place: Place, observed: Observed | None) -> Action:
    if observed is None or not _is_ours(place, observed):
        return Nothing()
    if observed.deleting:
        return Nothing(State.DELETING)
    spec = place.rule.target
    if _is_kept(observed) or spec.on_delete == RETAIN:
        return Leave(State.ORPHANED)
    return Delete(None if spec.on_delete == FORCE else spec.recovery_window_days)


def _plan_opted_out(place: Place, observed: Observed | None) -> Action:
    if observed is None or not _is_ours(place, observed):
        return Nothing()
    return Nothing(State.DELETING) if observed.deleting else Leave(State.ORPHANED)


def _plan_value(
    place: Place, value: Value, observed: Observed | None, prints: Fingerprint
) -> Action:
    if not place.rule.wants(value):
        return _plan_opted_out(place, observed)
    if observed is None:
        return Create(prints.version_id(place.subject(value)))
    if not _is_ours(place, observed):
        detail = "a secret of this name exists in AWS and is not ours"
        return Refuse(Cause.CONFLICT_FOREIGN, detail)
    if RELEASED in observed.tags:
        return Leave(State.ORPHANED)
    if observed.rotated or observed.owning_service:
        return Refuse(Cause.ROTATION_ON, "AWS rotates this secret or a service owns it")
    return _plan_owned(place, place.subject(value), observed, prints)


def _plan_owned(
    place: Place, subject: Subject, observed: Observed, prints: Fingerprint
) -> Action:
    current, restore = observed.current, observed.deleting
    nonce = prints.nonce_of(subject, current)
    if not prints.is_sealed(observed, place.source, place.ref):
        # Somebody may have re-made it under our visible id: only a put of our own
        # under an id never seen proves what the bytes are.
        following = 0 if nonce is None else nonce + 1
        if following > MAX_NONCE:
            return Refuse(Cause.VERSION_ID_TAKEN, "no unused version id is left")
        version_id = prints.version_id(subject, following)
        return Put(version_id, nonce=following, restore=restore, seal=True)
    if nonce is not None and current is not None:
        return InSync(current, restore=restore)
    for version_id in observed.stages:
        if current and prints.nonce_of(subject, version_id) is not None:
            return MakeCurrent(version_id, current, restore=restore)
    return Put(prints.version_id(subject), restore=restore)


def _is_ours(place: Place, observed: Observed) -> bool:
    return place.owner_tags().items() <= observed.tags.items()


def _is_kept(observed: Observed) -> bool:
    return RELEASED in observed.tags or bool(observed.owning_service)
