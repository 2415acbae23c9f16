"""What passes by itself, and what is the replicator's own."""

from __future__ import annotations

from receiver.core.causes import Cause
from receiver.core.remedies.remedy import NOBODY, VAULT_ADMIN, Remedy, Verdict

OF_ITSELF: dict[Cause, Remedy] = {
    Cause.INTERNAL: Remedy(
        NOBODY,
        "tried again with backoff; please report it",
        "something went wrong in the receiver",
        Verdict.WAITING,
        why="The log has the kind of error and where it came from, and no value.",
    ),
    Cause.KEYS_UNKNOWN: Remedy(
        VAULT_ADMIN,
        "put the former fingerprint key back into the list, after the new one",
        "most secrets are sealed with a fingerprint key that is not known",
        why="The key file was lost or replaced. With the former key in the list, "
        "secrets are sealed anew one by one; without it each would be written once "
        "more, so nothing is written until somebody decides.",
    ),
    Cause.LEASE_SHORT: Remedy(
        NOBODY,
        "tried again at once",
        "the round took too long to begin a write",
        Verdict.WAITING,
        why="Another worker was faster, or the turn for a write came too late. It is "
        "common under load and needs nobody.",
    ),
    Cause.QUEUED: Remedy(
        NOBODY,
        "its turn comes",
        "it is on its way",
        Verdict.WAITING,
        why="It is queued and nothing has failed. What is older goes first, and "
        "events go before a reconcile.",
    ),
    Cause.RATE_LIMITED: Remedy(
        NOBODY,
        "its turn comes; raise limits.writes_per_second if it is always so",
        "it waits for its turn to write to AWS",
        Verdict.WAITING,
        why="limits.writes_per_second is used up for its account and Region. Events "
        "go before a reconcile; AWS allows about 50 a second.",
    ),
}
