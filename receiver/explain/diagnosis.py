"""From what is known to the one cause that has to be dealt with first. Pure.

asked in this order                                      cause
-----------------------------------------------------    -------------------------
no rule gives it a place                                 EXCLUDED, NO_RULE
Vault fails, or refuses                                  what it failed with
Vault does not have it                                   see ``_gone``
its owner keeps it out                                   OPTED_OUT
its place is impossible                                  NAME_IMPOSSIBLE, ...
somebody must act, says the journal or the queue         what was written down
paused, and there is something to do                     PAUSED
queued                                                   last failure, RATE_LIMITED,
                                                         QUEUED
AWS fails, or refuses                                    what it failed with
AWS is another account or Region than was written to     WRONG_REGION_OR_ACCOUNT
AWS holds somebody else's, or another version            CONFLICT_..., DRIFTED, ...
Vault answers with something older than was applied      STANDBY_LAGS
Vault is ahead of what was applied                       EVENT_NEVER_SEEN, QUEUED
none of these                                            IN_SYNC
"""

from __future__ import annotations

from dataclasses import dataclass

from receiver.core.causes import Cause, ReplicationError
from receiver.core.plan import stranger
from receiver.core.rules import Rule, matches
from receiver.core.state import Entry, Gone, Observed, SecretRef, State, Value
from receiver.core.times import later, nanoseconds
from receiver.explain.snapshot import Look, Snapshot, Unasked
from receiver.explain.unheard import why_unheard

#: A change may be so young, in seconds, before it counts as never heard of.
GRACE = 10.0
_STOPPED = (State.PARKED, State.CONFLICT, State.HELD)
_LET_GO = (Cause.RELEASED, Cause.OPTED_OUT)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The cause, what is known beyond its general meaning, and at which of the stages
    rule, name, vault, event, queue and aws it was found; "" for none."""

    cause: Cause
    detail: str = ""
    stage: str = ""


WELL = Diagnosis(Cause.IN_SYNC)


def diagnose(snap: Snapshot, look: Look) -> Diagnosis:
    """Why the secret is, or is not, as it should be at one place."""
    steps = (_vault, _impossible, _stopped, _paused, _queued, _aws, _behind)
    for step in steps:
        if found := step(snap, look):
            return found
    return WELL


def unplaced(snap: Snapshot) -> Diagnosis:
    """Why no rule gives it a place."""
    ref = snap.ref
    near = [r for r in snap.rules if r.covers_mount(ref.namespace, ref.mount)]
    if near:
        detail = "; ".join(_left_out(rule, ref) for rule in near)
        return Diagnosis(Cause.EXCLUDED, detail, "rule")
    says = snap.vault
    if isinstance(says, ReplicationError) and says.cause is Cause.MOUNT_UNKNOWN:
        return Diagnosis(says.cause, says.detail, "vault")
    return Diagnosis(Cause.NO_RULE, _in_other_namespace(snap), "rule")


def _left_out(rule: Rule, ref: SecretRef) -> str:
    glob = next((glob for glob in rule.exclude if matches(glob, ref.path)), None)
    if glob is None:
        return f"{rule.name} covers the mount; no include matches"
    return f'{rule.name} covers the mount; its exclude "{glob}" matches'


def _in_other_namespace(snap: Snapshot) -> str:
    ref = snap.ref
    places = [
        f"{rule.name} covers {rule.mount} in namespace {rule.namespace or '(root)'}"
        for rule in snap.rules
        if rule.covers_mount(rule.namespace, ref.mount)
    ]
    return "; ".join(places)


def _vault(snap: Snapshot, look: Look) -> Diagnosis | None:
    says = snap.vault
    if isinstance(says, ReplicationError):
        return Diagnosis(says.cause, says.detail, "vault")
    if isinstance(says, Gone):
        return _gone(snap, look, says)
    if isinstance(says, Value) and not look.rule.wants(says):
        return Diagnosis(Cause.OPTED_OUT, _opting(look.rule), "rule")
    return None


def _opting(rule: Rule) -> str:
    return "the rule has opt_in" if rule.opt_in else 'replicate is "false"'


def _gone(snap: Snapshot, look: Look, truth: Gone) -> Diagnosis:
    """Vault does not have it: what AWS then does with it, or has yet to do."""
    entry, aws = look.entry, look.aws
    if entry is not None and entry.state is State.HELD:
        return _written_down(entry, "aws")
    if waits := _paused(snap, look) or _queued(snap, look):
        return waits
    is_ours = isinstance(aws, Observed) and look.spot.place.owns(aws)
    if isinstance(aws, Observed) and is_ours and aws.deleting:
        return Diagnosis(Cause.PENDING_DELETE, "Vault has deleted it", "vault")
    if entry is not None and entry.state is State.DELETING and isinstance(aws, Unasked):
        return Diagnosis(Cause.PENDING_DELETE, "Vault has deleted it", "vault")
    if entry is not None and entry.state is State.ORPHANED and _known(entry.cause):
        return _written_down(entry, "vault")
    if entry is not None and entry.state is State.IN_SYNC and entry.arn:
        return _unheard(snap, None)
    if truth.version is None:
        return Diagnosis(Cause.NOT_IN_VAULT, stage="vault")
    at = f" at {truth.deletion_time}" if truth.deletion_time else ""
    detail = f"v{truth.version} was deleted or destroyed{at}"
    return Diagnosis(Cause.DELETED_IN_VAULT, detail, "vault")


def _impossible(snap: Snapshot, look: Look) -> Diagnosis | None:
    problem = look.spot.problem
    if problem is None:
        return None
    stage = "name" if problem.cause is Cause.NAME_IMPOSSIBLE else "rule"
    return Diagnosis(problem.cause, problem.detail, stage)


def _stopped(snap: Snapshot, look: Look) -> Diagnosis | None:
    """What waits for somebody, unless somebody has just decided about it."""
    entry, queue = look.entry, snap.queue
    if queue is not None and queue.parked:
        cause = _known(queue.cause) or Cause.INTERNAL
        return Diagnosis(cause, queue.detail, _stage_of(cause))
    is_decided = entry is not None and entry.decision is not None
    if entry is None or is_decided:
        return None
    if entry.state in _STOPPED or entry.cause in _LET_GO:
        return _written_down(entry, _stage_of(entry.cause or ""))
    return None


def _written_down(entry: Entry, stage: str) -> Diagnosis:
    return Diagnosis(_known(entry.cause) or Cause.INTERNAL, entry.detail, stage)


def _known(cause: str | None) -> Cause | None:
    """None for none, and for what another version of this program wrote down."""
    return Cause(cause) if cause in set(Cause) else None


def _stage_of(cause: str) -> str:
    if cause.startswith(("VAULT_", "VALUE_", "STANDBY", "MOUNT_")):
        return "vault"
    if cause in (Cause.NAME_IMPOSSIBLE, Cause.NAME_TAKEN):
        return "name"
    if cause in (Cause.RULES_OVERLAP, Cause.OPTED_OUT):
        return "rule"
    return "queue" if cause == Cause.INTERNAL else "aws"


def _paused(snap: Snapshot, look: Look) -> Diagnosis | None:
    paused = next(
        (one for one in snap.pauses if one.covers(look.rule.name, snap.ref)), None
    )
    if paused is None or not (snap.queue or is_behind(snap, look)):
        return None
    until = f" until {paused.until}" if paused.until else ""
    what = "this secret" if paused.ref else paused.rule or "all rules"
    detail = f"{paused.by} paused {what}{until}: {paused.reason}"
    return Diagnosis(Cause.PAUSED, detail, "queue")


def _queued(snap: Snapshot, look: Look) -> Diagnosis | None:
    queue = snap.queue
    if queue is None or queue.parked or not queue.is_pending(snap.now):
        return None
    failed = _known(queue.cause)
    if failed is not None and failed is not Cause.LEASE_SHORT:
        return Diagnosis(failed, queue.detail, _stage_of(failed))
    if look.writes_waiting:
        detail = f"{look.writes_waiting:,} wait for their turn to write"
        return Diagnosis(Cause.RATE_LIMITED, detail, "queue")
    return Diagnosis(Cause.QUEUED, f"{queue.ahead:,} in front of it", "queue")


def _aws(snap: Snapshot, look: Look) -> Diagnosis | None:
    says, entry = look.aws, look.entry
    if isinstance(says, Unasked):
        return _drifted(entry)
    if moved := _elsewhere(look):
        return Diagnosis(Cause.WRONG_REGION_OR_ACCOUNT, moved, "aws")
    if isinstance(says, ReplicationError):
        return Diagnosis(says.cause, says.detail, "aws")
    if says is None:
        if entry is not None and entry.state is State.IN_SYNC and entry.arn:
            return Diagnosis(Cause.DRIFTED, "it was deleted in AWS", "aws")
        return _drifted(entry)
    if not look.spot.place.owns(says):
        refused = stranger(look.spot.place, says)
        return Diagnosis(refused.cause, refused.detail, "aws")
    if says.rotated or says.owning_service:
        return Diagnosis(Cause.ROTATION_ON, stage="aws")
    if says.deleting:
        detail = "and Vault has it: it is restored by the next look"
        return Diagnosis(Cause.PENDING_DELETE, detail, "aws")
    if why := _changed_by_hand(entry, says):
        return Diagnosis(Cause.DRIFTED, why, "aws")
    return _drifted(entry)


def _drifted(entry: Entry | None) -> Diagnosis | None:
    if entry is not None and entry.state is State.DRIFTED:
        return Diagnosis(Cause.DRIFTED, entry.detail, "aws")
    return None


def _changed_by_hand(entry: Entry | None, says: Observed) -> str | None:
    if entry is None or entry.state is not State.IN_SYNC or entry.arn is None:
        return None
    if says.arn != entry.arn:
        return "it was deleted and made anew in AWS"
    if says.current != entry.version_id:
        return "another version was made current in AWS"
    return None


def _elsewhere(look: Look) -> str | None:
    """Whether AWS answers from another account or Region than it was written to."""
    entry, says = look.entry, look.aws
    if entry is None or entry.arn is None or entry.arn.count(":") < 6:
        return None
    region, account = entry.arn.split(":")[3:5]
    if region and region != entry.region:
        return f"it was written to Region {region}"
    here = look.account
    if isinstance(says, Observed) and says.arn.count(":") >= 6:
        here = says.arn.split(":")[4]
    if here is None or here == account:
        return None
    return f"it was written to account {account}; {here} answers"


def is_behind(snap: Snapshot, look: Look) -> bool:
    """Whether Vault's live version is another than the one last applied."""
    truth, entry = snap.vault, look.entry
    if not isinstance(truth, Value):
        return False
    if entry is None or entry.arn is None:
        return not _holds(look, truth)
    if truth.version is None:
        return False  # KV v1: only a read of the value could tell
    return (entry.version, entry.created_time) != (truth.version, truth.created_time)


def _holds(look: Look, truth: Value) -> bool:
    """Whether AWS's current version names Vault's, though the journal knows nothing."""
    says = look.aws
    if not isinstance(says, Observed) or truth.version is None:
        return False
    return (says.current or "").startswith(f"v{truth.version}-")


def _behind(snap: Snapshot, look: Look) -> Diagnosis | None:
    truth = snap.vault
    if not is_behind(snap, look) or not isinstance(truth, Value):
        return None
    if truth.created_time is None:
        return _unheard(snap, None)
    entry = look.entry
    if entry is not None and later(entry.created_time, truth.created_time):
        detail = f"v{truth.version} is older than v{entry.version}, which was applied"
        return Diagnosis(Cause.STANDBY_LAGS, detail, "vault")
    written = nanoseconds(truth.created_time) / 1e9
    if snap.now - written < GRACE:
        return Diagnosis(Cause.QUEUED, "it was written a moment ago", "event")
    return _unheard(snap, written)


def _unheard(snap: Snapshot, written: float | None) -> Diagnosis:
    return Diagnosis(Cause.EVENT_NEVER_SEEN, why_unheard(snap, written), "event")
