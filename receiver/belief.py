"""What the journal alone can tell of AWS, and how AWS may turn out otherwise."""

from __future__ import annotations

from receiver.apply import Round
from receiver.core.attributes import as_text
from receiver.core.fingerprint import SEAL
from receiver.core.state import Entry, Observed, State, Value


def believed(now: Round) -> Observed | None:
    """What AWS holds, as far as the journal alone can tell; None when it cannot."""
    entry, spec = now.entry, now.place.rule.target
    if (
        entry is None
        or entry.state is not State.IN_SYNC
        or entry.decision is not None
        or entry.arn is None
        or entry.version_id is None
        or entry.attributes != as_text(spec)
        or not _is_by_todays_key(now, entry)
    ):
        return None
    seal = now.prints.seal(entry.arn, now.place.source, now.place.ref)
    return Observed(
        arn=entry.arn,
        tags={**spec.tags, **now.place.owner_tags(), SEAL: seal},
        stages={entry.version_id: ("AWSCURRENT",)},
        description=spec.description,
        kms_key_id=spec.kms_key_id,
        replicas=spec.replicas,
    )


def _is_by_todays_key(now: Round, entry: Entry) -> bool:
    """Whether its version id, and then its seal too, is made with the key that signs
    now. Without versions the id speaks of a value that nobody knows any more."""
    if entry.version is None:
        return not now.prints.has_former_keys
    subject = now.place.subject(Value("", entry.version, entry.created_time))
    nonce = now.prints.nonce_of(subject, entry.version_id)
    if nonce is None or entry.version_id is None:
        return False
    return now.prints.is_fresh(subject, entry.version_id, nonce)


def drift(now: Round, observed: Observed | None) -> str | None:
    """How AWS is not what the journal says we made of it; None when it is, or when
    Vault has something new to say anyway."""
    entry, truth = now.entry, now.truth
    if entry is None or entry.state is not State.IN_SYNC or entry.arn is None:
        return None
    if not isinstance(truth, Value):
        return None
    if now.prints.nonce_of(now.place.subject(truth), entry.version_id) is None:
        return None
    if observed is None:
        return "it was deleted in AWS"
    if observed.arn != entry.arn:
        return "it was deleted and made anew in AWS"
    if observed.deleting:
        return "its deletion was scheduled in AWS"
    if observed.current != entry.version_id:
        return "another version was made current in AWS"
    return None
