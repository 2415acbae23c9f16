"""The way of a secret in six stages, each with what is known there. Pure.

``is`` is ``ok``, ``wrong`` (the diagnosis was made there), ``waits`` or ``unknown``.
Every time is RFC 3339, so that whoever shows it can count from now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from receiver.core.causes import Cause, ReplicationError
from receiver.core.rules import Rule, matches
from receiver.core.state import Entry, Gone, Observed, SecretRef, Value
from receiver.core.times import nanoseconds
from receiver.explain.diagnosis import Diagnosis, is_behind
from receiver.explain.snapshot import Look, Snapshot, Unasked

OK, WRONG, WAITS, UNKNOWN = "ok", "wrong", "waits", "unknown"


@dataclass(frozen=True, slots=True)
class Stage:
    """``name``: rule, name, vault, event, queue or aws; ``says`` is one line."""

    name: str
    mark: str
    says: str


def stages(snap: Snapshot, look: Look, found: Diagnosis) -> list[Stage]:
    """All six for one place."""
    told = (
        ("rule", OK, _rule(look.rule, snap.ref)),
        ("name", OK, _name(look)),
        ("vault", *_vault(snap)),
        ("event", *_event(snap, look)),
        ("queue", *_queue(snap)),
        ("aws", *_aws(look)),
    )
    return [_marked(Stage(*stage), found) for stage in told]


def unplaced_stages(snap: Snapshot, found: Diagnosis) -> list[Stage]:
    """What is left to say where no rule gives it a place."""
    told = (
        Stage("rule", WRONG, _no_rule(snap, found)),
        Stage("vault", *_vault(snap)),
        *(Stage("aws", UNKNOWN, _left_behind(entry)) for entry in snap.left_behind),
    )
    return [_marked(stage, found) for stage in told]


def _marked(stage: Stage, found: Diagnosis) -> Stage:
    """The stage of the diagnosis is wrong, unless it only waits, and says why."""
    if stage.name != found.stage:
        return stage
    mark = stage.mark if stage.mark == WAITS else WRONG
    says = stage.says
    if found.detail and found.detail not in says:
        says = f"{says}; {found.detail}" if says else found.detail
    return Stage(stage.name, mark, says)


def _rule(rule: Rule, ref: SecretRef) -> str:
    glob = next((g for g in rule.include if matches(g, ref.path)), "")
    excludes = "no exclude matches" if rule.exclude else "it excludes nothing"
    return f'{rule.name} matches, include "{glob}"; {excludes}'


def _no_rule(snap: Snapshot, found: Diagnosis) -> str:
    if found.cause is Cause.EXCLUDED:
        return found.detail
    ref = snap.ref
    where = f" in namespace {ref.namespace}" if ref.namespace else ""
    return f"no rule covers the mount {ref.mount}{where}"


def _name(look: Look) -> str:
    place = look.spot.place
    if not place.name:
        return place.rule.target.name
    role = place.rule.target.role_arn
    return f"{place.name} in {place.region}" + (f" by {role}" if role else "")


def _vault(snap: Snapshot) -> tuple[str, str]:
    match snap.vault:
        case Unasked(why):
            return UNKNOWN, why
        case Value(version=None):
            return OK, "it is there; KV v1 has no versions"
        case Value(version=version, created_time=created):
            return OK, f"v{version}, written {_exact(created)}"
        case Gone(version=None):
            return OK, "there is no such key"
        case Gone(version=version, deletion_time=at):
            return OK, f"v{version} is deleted" + (f" since {_exact(at)}" if at else "")
        case ReplicationError() as error:
            return WRONG, error.detail
    raise AssertionError("one of these")


def _event(snap: Snapshot, look: Look) -> tuple[str, str]:
    """What was heard of it, or else whether anybody listens."""
    entry, queue, truth = look.entry, snap.queue, snap.vault
    if queue is not None and queue.is_pending(snap.now):
        return OK, f"heard of {moment(queue.since)}"
    if entry is not None and isinstance(truth, Value) and not is_behind(snap, look):
        version = f"v{truth.version}" if truth.version else "it"
        return OK, f"{version} was heard of"
    ours = [one for one in snap.listeners if one.source == snap.source]
    if not ours:
        return UNKNOWN, f"no forwarder of {snap.source} has been heard of"
    newest = max(ours, key=lambda one: one.last_seen)
    return UNKNOWN, f"{newest.name} was last heard {moment(newest.last_seen)}"


def _queue(snap: Snapshot) -> tuple[str, str]:
    queue = snap.queue
    if queue is None:
        return OK, "nothing waits"
    if queue.parked:
        return WAITS, f"parked since {moment(queue.since)} ({queue.cause})"
    if queue.taken:
        return WAITS, f"attempt {queue.attempts + 1} is under way"
    if not queue.is_pending(snap.now):
        return OK, f"nothing waits; looked at again {moment(queue.due)}"
    front = f"{queue.ahead:,} in front" if queue.ahead else "nothing older in front"
    return WAITS, f"attempt {queue.attempts + 1} due {moment(queue.due)}; {front}"


def _aws(look: Look) -> tuple[str, str]:
    entry = look.entry
    match look.aws:
        case Unasked(why):
            return UNKNOWN, "; ".join(filter(None, [why, _believed(entry)]))
        case None:
            return OK, "there is no secret of this name"
        case Observed() as seen:
            return OK, _holds(seen)
        case ReplicationError() as error:
            return WRONG, "; ".join(filter(None, [error.detail, _believed(entry)]))
    raise AssertionError("one of these")


def _holds(seen: Observed) -> str:
    current = seen.current or ""
    version = current.partition("-")[0]
    is_ours = version.startswith("v") and version[1:].isdigit()
    what = f"holds {version}" if is_ours else "holds a value of its own"
    since = f" since {moment(seen.changed_at)}" if seen.changed_at else ""
    going = ", its deletion is scheduled" if seen.deleting else ""
    return f"{what if current else 'holds no value'}{since}{going}, {seen.arn}"


def _believed(entry: Entry | None) -> str:
    """What we did last, where AWS does not tell."""
    if entry is None or entry.arn is None or entry.applied_at is None:
        return ""
    version = f"v{entry.version}" if entry.version is not None else "a value"
    return f"we put {version} {moment(entry.applied_at)}"


def _left_behind(entry: Entry) -> str:
    return f"left behind by {entry.rule} as {entry.name} in {entry.region}"


def _exact(time: str | None) -> str:
    """Vault's own time, to the second."""
    return moment(nanoseconds(time) / 1e9) if time else "at a time not known"


def moment(at: float) -> str:
    """Epoch seconds as RFC 3339, to the second."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
