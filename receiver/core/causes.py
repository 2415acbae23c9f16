"""Why something is not in sync: stable codes, and two kinds of failure.

``Temporary`` means: the same call may work later, so the queue tries again with
backoff. ``Permanent`` means: somebody must act first, so the reference is parked.
Messages never hold a value, a token or a body that came over the wire. What is to be
done about each code is in :mod:`receiver.core.remedies`.
"""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """Stable codes; people script and alert on them. Some only ``explain`` gives: that
    all is well, or that nobody has failed at anything."""

    AWS_DENIED = "AWS_DENIED"
    AWS_REFUSED = "AWS_REFUSED"
    AWS_THROTTLED = "AWS_THROTTLED"
    AWS_UNREACHABLE = "AWS_UNREACHABLE"
    BRAKE = "BRAKE"
    CONFLICT_FOREIGN = "CONFLICT_FOREIGN"
    CONFLICT_SOURCE = "CONFLICT_SOURCE"
    DELETED_IN_VAULT = "DELETED_IN_VAULT"
    DRIFTED = "DRIFTED"
    EMPTY_LISTING = "EMPTY_LISTING"
    EVENT_NEVER_SEEN = "EVENT_NEVER_SEEN"
    EXCLUDED = "EXCLUDED"
    INTERNAL = "INTERNAL"
    IN_SYNC = "IN_SYNC"
    KEYS_UNKNOWN = "KEYS_UNKNOWN"
    KMS_DENIED = "KMS_DENIED"
    LEASE_SHORT = "LEASE_SHORT"
    MANY_REWRITES = "MANY_REWRITES"
    MOUNT_REPLACED = "MOUNT_REPLACED"
    MOUNT_UNKNOWN = "MOUNT_UNKNOWN"
    NAME_IMPOSSIBLE = "NAME_IMPOSSIBLE"
    NAME_STILL_TAKEN = "NAME_STILL_TAKEN"
    NAME_TAKEN = "NAME_TAKEN"
    NOT_IN_VAULT = "NOT_IN_VAULT"
    NO_RULE = "NO_RULE"
    OPTED_OUT = "OPTED_OUT"
    PAUSED = "PAUSED"
    PENDING_DELETE = "PENDING_DELETE"
    QUEUED = "QUEUED"
    RATE_LIMITED = "RATE_LIMITED"
    RELEASED = "RELEASED"
    REPLICA_FAILED = "REPLICA_FAILED"
    RETAINED = "RETAINED"
    ROTATION_ON = "ROTATION_ON"
    RULES_OVERLAP = "RULES_OVERLAP"
    STANDBY_LAGS = "STANDBY_LAGS"
    VALUE_EMPTY = "VALUE_EMPTY"
    VALUE_TOO_LARGE = "VALUE_TOO_LARGE"
    VAULT_FORBIDDEN = "VAULT_FORBIDDEN"
    VAULT_LOGIN = "VAULT_LOGIN"
    VAULT_SEALED = "VAULT_SEALED"
    VAULT_UNREACHABLE = "VAULT_UNREACHABLE"
    VAULT_WENT_BACK = "VAULT_WENT_BACK"
    VERSION_BUDGET = "VERSION_BUDGET"
    VERSION_ID_TAKEN = "VERSION_ID_TAKEN"
    WRONG_REGION_OR_ACCOUNT = "WRONG_REGION_OR_ACCOUNT"


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


class Forbidden(Permanent):
    """Vault refused ``request``, which is a method and a path; ``why`` says what the
    token would need there and what it has."""

    def __init__(self, detail: str, *, request: str, why: str) -> None:
        super().__init__(Cause.VAULT_FORBIDDEN, f"{detail} to {request}: {why}")
        self.what = detail
        self.request = request
        self.why = why
