"""Which of the facts are troubles, how bad they are, and what is said of each.

The limits are those of the alert rules that are shipped, so that whoever has both
hears the same from both. One function for each kind; their names are in the keys.
"""

from __future__ import annotations

from collections.abc import Iterator

from receiver.core.causes import Cause
from receiver.core.notify.facts import Facts
from receiver.core.notify.trouble import Severity, Trouble
from receiver.core.remedies import REMEDIES

#: Keys of what is known only of forwarders that were heard since the start.
FORWARDER = "forwarder:"

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
#: For how long work may wait before somebody is told.
MOST_WAITING = 5 * _MINUTE
#: A forwarder beats every 30 s.
MOST_SILENT = 120.0
FIRST_BEAT_WITHIN = 5 * _MINUTE
#: Vault writes an entry about each of our own calls, of which there is one a minute.
MOST_BEHIND = 60.0
_TOKEN_PAGE, _TOKEN_TICKET = 6 * _HOUR, 3 * _DAY
#: A token that can be renewed is, when a third of its life is left.
_UNRENEWED = 0.25
_PAUSED_LONG = 4 * _HOUR

_PARKED_PLACES = {
    Cause.CONFLICT_FOREIGN: "/secrets?state=conflict",
    Cause.CONFLICT_SOURCE: "/secrets?state=conflict",
}


def troubles_of(facts: Facts) -> list[Trouble]:
    """All that is wrong, the worst first."""
    found = [
        *_held(facts),
        *_vault(facts),
        *_token(facts),
        *_refusing(facts),
        *_forwarders(facts),
        *_waiting(facts),
        *_comparison(facts),
        *_stuck(facts),
        *_faults(facts),
        *_paused(facts),
    ]
    return sorted(found, key=lambda one: one.severity is not Severity.PAGE)


def state_trouble() -> Trouble:
    """The state file cannot be read, so nothing else is known."""
    return Trouble(
        key="state",
        severity=Severity.PAGE,
        summary="the state file cannot be read or written: no event is taken",
        do="make room on its disk, or mend it",
        patience=30.0,
    )


def _held(facts: Facts) -> Iterator[Trouble]:
    for one in facts.held:
        yield Trouble(
            key=f"held:{one.rule}",
            severity=Severity.PAGE,
            summary=f"rule {one.rule}: {_many(one.count, 'change is', 'changes are')} "
            f"held until somebody has looked: {one.why or one.cause}",
            count=one.count,
            names=one.names,
            do=f"{_remedy(one.cause)}; look at vault-replicator plan --rule {one.rule}",
            place="/secrets?state=held",
        )


def _vault(facts: Facts) -> Iterator[Trouble]:
    if facts.vault_trouble is not None:
        yield Trouble(
            key="vault",
            severity=Severity.PAGE,
            summary=f"Vault does not take our token: {facts.vault_trouble}",
            do="Vault admin: is Vault up and unsealed, and the token valid?",
            patience=_MINUTE,
        )


def _token(facts: Facts) -> Iterator[Trouble]:
    if facts.token is None or facts.vault_trouble is not None:
        return
    left, whole = facts.token.ends - facts.now, facts.token.whole
    if left >= _TOKEN_TICKET or left >= whole * _UNRENEWED:
        return  # it is far away, or we renew it ourselves before
    yield Trouble(
        key="vault_token",
        severity=Severity.PAGE if left < _TOKEN_PAGE else Severity.TICKET,
        summary="the Vault token ends soon and could not be renewed",
        do="Vault admin: put a new token into its file",
    )


def _refusing(facts: Facts) -> Iterator[Trouble]:
    for line in facts.refusing:
        name, _, _ = line.partition(" refuses everything")
        yield Trouble(
            key=f"refusing:{name}",
            severity=Severity.PAGE,
            summary=line,
            do="allow what is named; what waits then follows by itself",
            patience=30.0,
        )


def _forwarders(facts: Facts) -> Iterator[Trouble]:
    if not facts.beats:
        if facts.now - facts.started >= FIRST_BEAT_WITHIN:
            yield _silence("none", "no forwarder was heard since the receiver started")
        return
    for beat in facts.beats:
        if facts.now - beat.last_seen > MOST_SILENT:
            yield _silence(beat.name, f"the forwarder {beat.name} is silent")
    if facts.vault_asked is None or facts.now - facts.vault_asked > MOST_SILENT:
        return
    latest = [beat.last_entry for beat in facts.beats if beat.last_entry is not None]
    if latest and facts.vault_asked - max(latest) > MOST_BEHIND:
        yield _silence(
            "entries",
            "forwarders are alive and hear nothing: no entry about our own calls came",
            # A call and the next heartbeat are half a minute apart in any case.
            patience=90.0,
        )


def _silence(what: str, summary: str, patience: float = 0.0) -> Trouble:
    return Trouble(
        key=FORWARDER + what,
        severity=Severity.PAGE,
        summary=f"{summary}: changes are found by comparison only",
        do="Vault admin: look at the forwarder, and at Vault's audit device",
        patience=patience,
    )


def _waiting(facts: Facts) -> Iterator[Trouble]:
    is_paused = any(one.ref is None for one in facts.paused)
    if is_paused or facts.oldest is None:
        return  # it waits because somebody said so
    if facts.now - facts.oldest > MOST_WAITING:
        yield Trouble(
            key="waiting",
            severity=Severity.PAGE,
            summary=f"work has waited for over {MOST_WAITING / _MINUTE:.0f} minutes",
            do="vault-replicator list --state pending names what fails",
            place="/secrets?state=pending",
        )


def _comparison(facts: Facts) -> Iterator[Trouble]:
    compared = facts.compared
    if compared.failures:
        yield Trouble(
            key="comparison",
            severity=Severity.TICKET,
            summary="not everything could be compared",
            count=len(compared.failures),
            names=compared.failures[:3],
            do="mend what is named; it is tried again every few minutes",
            patience=5 * _MINUTE,
        )
    if compared.interval is None:
        return
    since = facts.now - max(facts.started, compared.succeeded or 0.0)
    if since > 3 * compared.interval:
        yield Trouble(
            key="comparison_overdue",
            severity=Severity.PAGE,
            summary="no comparison has succeeded for three intervals",
            do="the receiver's log says why",
        )


def _stuck(facts: Facts) -> Iterator[Trouble]:
    for one in facts.stuck:
        yield Trouble(
            key=f"parked:{one.cause}",
            severity=Severity.TICKET,
            summary=f"{_many(one.count, 'secret is', 'secrets are')} not replicated: "
            f"{one.cause}",
            count=one.count,
            names=one.names,
            do=_remedy(one.cause),
            place=_PARKED_PLACES.get(
                _cause(one.cause) or Cause.INTERNAL, "/secrets?state=parked"
            ),
        )


def _faults(facts: Facts) -> Iterator[Trouble]:
    if facts.faults:
        yield Trouble(
            key="faults",
            severity=Severity.TICKET,
            summary=_many(len(facts.faults), "fault", "faults") + " in the status",
            count=len(facts.faults),
            names=facts.faults[:3],
            do="mend what is named",
        )


def _paused(facts: Facts) -> Iterator[Trouble]:
    for one in facts.paused:
        if facts.now - one.since > _PAUSED_LONG:
            what = "everything" if one.rule is None else f"rule {one.rule}"
            if one.ref is not None:
                what = str(one.ref)
            yield Trouble(
                key=":".join(filter(None, ("paused", one.rule, str(one.ref or "")))),
                severity=Severity.TICKET,
                summary=f"{what} is paused by {one.by} for over 4 hours: {one.reason}",
                do="vault-replicator resume, when it is done",
            )


def _cause(code: str | None) -> Cause | None:
    return Cause(code) if code in set(Cause) else None


def _remedy(code: str | None) -> str:
    """Who must act and how; for the code of another version what always helps."""
    cause = _cause(code)
    if cause is None:
        return "the status page says more"
    return f"{REMEDIES[cause].who}: {REMEDIES[cause].do}"


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
