"""Why something is not in sync: one table of stable codes, and two kinds of failure.

``Temporary`` means: the same call may work later, so the queue tries again with
backoff. ``Permanent`` means: somebody must act first, so the reference is parked.
Messages never hold a value, a token or a body that came over the wire.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Stable codes; people script and alert on them."""

    AWS_DENIED = "AWS_DENIED"
    AWS_REFUSED = "AWS_REFUSED"
    AWS_THROTTLED = "AWS_THROTTLED"
    AWS_UNREACHABLE = "AWS_UNREACHABLE"
    BRAKE = "BRAKE"
    CONFLICT_FOREIGN = "CONFLICT_FOREIGN"
    CONFLICT_SOURCE = "CONFLICT_SOURCE"
    DRIFTED = "DRIFTED"
    EMPTY_LISTING = "EMPTY_LISTING"
    INTERNAL = "INTERNAL"
    KEYS_UNKNOWN = "KEYS_UNKNOWN"
    KMS_DENIED = "KMS_DENIED"
    LEASE_SHORT = "LEASE_SHORT"
    MANY_REWRITES = "MANY_REWRITES"
    MOUNT_REPLACED = "MOUNT_REPLACED"
    MOUNT_UNKNOWN = "MOUNT_UNKNOWN"
    NAME_IMPOSSIBLE = "NAME_IMPOSSIBLE"
    NAME_STILL_TAKEN = "NAME_STILL_TAKEN"
    NAME_TAKEN = "NAME_TAKEN"
    NO_RULE = "NO_RULE"
    OPTED_OUT = "OPTED_OUT"
    PAUSED = "PAUSED"
    RELEASED = "RELEASED"
    REPLICA_FAILED = "REPLICA_FAILED"
    RETAINED = "RETAINED"
    ROTATION_ON = "ROTATION_ON"
    RULES_OVERLAP = "RULES_OVERLAP"
    STANDBY_LAGS = "STANDBY_LAGS"
    VALUE_EMPTY = "VALUE_EMPTY"
    VALUE_TOO_LARGE = "VALUE_TOO_LARGE"
    VAULT_FORBIDDEN = "VAULT_FORBIDDEN"
    VAULT_SEALED = "VAULT_SEALED"
    VAULT_UNREACHABLE = "VAULT_UNREACHABLE"
    VAULT_WENT_BACK = "VAULT_WENT_BACK"
    VERSION_BUDGET = "VERSION_BUDGET"
    VERSION_ID_TAKEN = "VERSION_ID_TAKEN"


@dataclass(frozen=True, slots=True)
class Remedy:
    """Who must act, and what they do, in one line each."""

    who: str
    do: str


_AWS, _VAULT, _OWNER, _NOBODY = "AWS admin", "Vault admin", "secret's owner", "nobody"

REMEDIES: dict[Cause, Remedy] = {
    Cause.AWS_DENIED: Remedy(_AWS, "allow the action that is named, below the prefix"),
    Cause.AWS_REFUSED: Remedy(_AWS, "correct what AWS names, then retry"),
    Cause.AWS_THROTTLED: Remedy(_NOBODY, "tried again with backoff"),
    Cause.AWS_UNREACHABLE: Remedy(_AWS, "check network, endpoint and credentials"),
    Cause.BRAKE: Remedy(_VAULT, "check that these deletes are meant"),
    Cause.CONFLICT_FOREIGN: Remedy(
        _AWS, "a secret of this name is not ours: adopt it, or change the rule"
    ),
    Cause.CONFLICT_SOURCE: Remedy(
        _AWS, "give each replicator a prefix of its own, or adopt it here"
    ),
    Cause.DRIFTED: Remedy(_NOBODY, "put back; find out who edits it in AWS"),
    Cause.EMPTY_LISTING: Remedy(_VAULT, "check that the mount is meant to be empty"),
    Cause.INTERNAL: Remedy(_NOBODY, "tried again with backoff; please report it"),
    Cause.KEYS_UNKNOWN: Remedy(
        _VAULT, "put the former fingerprint key back into the list, after the new one"
    ),
    Cause.KMS_DENIED: Remedy(_AWS, "allow this role to use the key in its key policy"),
    Cause.LEASE_SHORT: Remedy(_NOBODY, "tried again at once"),
    Cause.MANY_REWRITES: Remedy(
        _VAULT, "check the rule; if it is meant: reconcile --if-plan ID"
    ),
    Cause.MOUNT_REPLACED: Remedy(
        _VAULT, "write the secrets again, or let their deletes go by a plan and force"
    ),
    Cause.MOUNT_UNKNOWN: Remedy(_VAULT, "check the mount and the token's policy"),
    Cause.NAME_IMPOSSIBLE: Remedy(_OWNER, "shorten the path, or change the template"),
    Cause.NAME_STILL_TAKEN: Remedy(_NOBODY, "AWS gives the name free within minutes"),
    Cause.NAME_TAKEN: Remedy(
        _OWNER, "let the rule's name tell these two apart, or move one of them"
    ),
    Cause.NO_RULE: Remedy(_VAULT, "prune it, release it, or mend the rules"),
    Cause.OPTED_OUT: Remedy(_OWNER, "prune it, or let it be replicated again"),
    Cause.PAUSED: Remedy(
        _NOBODY, "goes on by itself when the pause ends, or is lifted with resume"
    ),
    Cause.RELEASED: Remedy(_NOBODY, "adopt it, should Vault speak for it again"),
    Cause.REPLICA_FAILED: Remedy(_AWS, "mend what AWS names in the replica's Region"),
    Cause.RETAINED: Remedy(_AWS, "delete it there when nobody needs it any more"),
    Cause.ROTATION_ON: Remedy(_AWS, "turn rotation off, or change the rule's name"),
    Cause.RULES_OVERLAP: Remedy(
        _VAULT, "exclude from one of the rules what the other includes"
    ),
    Cause.STANDBY_LAGS: Remedy(_VAULT, "point the receiver at the active node"),
    Cause.VALUE_EMPTY: Remedy(_OWNER, "write the key that the rule's format names"),
    Cause.VALUE_TOO_LARGE: Remedy(_OWNER, "split it, or add it to the rule's exclude"),
    Cause.VAULT_FORBIDDEN: Remedy(_VAULT, "allow read on data/ and metadata/"),
    Cause.VAULT_SEALED: Remedy(_VAULT, "unseal Vault"),
    Cause.VAULT_UNREACHABLE: Remedy(_VAULT, "check network, address and CA"),
    Cause.VAULT_WENT_BACK: Remedy(
        _VAULT, "check which Vault answers; if it is meant: reconcile --if-plan ID"
    ),
    Cause.VERSION_BUDGET: Remedy(_NOBODY, "the newest value follows when it is due"),
    Cause.VERSION_ID_TAKEN: Remedy(
        _AWS, "somebody writes our version ids: find out who"
    ),
}


class ReplicationError(Exception):
    """Base of all that stops one secret. ``detail`` is safe to show anybody."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(f"{detail} [{cause}]")
        self.cause = cause
        self.detail = detail


class Temporary(ReplicationError):
    """Try again. ``after`` is a delay in seconds that overrides the backoff."""

    def __init__(
        self, cause: Cause, detail: str, *, after: float | None = None
    ) -> None:
        super().__init__(cause, detail)
        self.after = after


class Permanent(ReplicationError):
    """Trying again is useless until somebody acts."""
