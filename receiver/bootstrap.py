"""Builds the receiver from its settings. The only module that knows every part.

What can be refused (state file, keys, addresses) is refused before anything starts.
Vault and AWS are not asked here: when they are away, events are taken all the same.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress

import structlog
from fastapi import FastAPI

from receiver import replicate
from receiver.accounts import Accounts
from receiver.adapters.aws_clients import CALL_TIMEOUT, SecretsManagerTargets
from receiver.adapters.aws_witnesses import AwsWitnesses
from receiver.adapters.vault_kv import VaultKv
from receiver.adapters.vault_token import TokenKeeper
from receiver.brake import DeleteBrake
from receiver.circuits import Circuits
from receiver.comparison import calls
from receiver.comparison.comparing import Sides
from receiver.comparison.runs import Runs
from receiver.comparison.timetable import Schedule, Turn
from receiver.condition import Condition
from receiver.core.budget import WriteBudget
from receiver.core.causes import Cause, Temporary
from receiver.core.fingerprint import Fingerprint
from receiver.core.state import Lane
from receiver.durable import Durable
from receiver.effective import effective, links, reloaded
from receiver.keyring import Keyring
from receiver.means import Means
from receiver.metrics import Metrics
from receiver.notify_channels import make_notifier
from receiver.ports import QueueUnavailable
from receiver.reconcile import Comparison
from receiver.reconciler import Reconciler
from receiver.settings import Settings
from receiver.situation import Situation
from receiver.spans import Spans, Untraced
from receiver.vault_access import open_vault
from receiver.web.app import create_app
from receiver.web.parts import Parts
from receiver.web.waiting import Outcomes
from receiver.worker import Rounds, Workers

log = structlog.stdlib.get_logger(__name__)

#: Connections beside those of the workers: token keeper, comparison, sync requests.
_SPARE_CONNECTIONS = 4


class Receiver:
    """All parts of one receiver, built, not yet running. ``app`` serves its HTTP."""

    def __init__(self, settings: Settings, spans: Spans | None = None) -> None:
        """Raises CommandError when a file cannot be used."""
        self._settings = self._in_effect = settings
        self._spans = spans or Untraced()
        self._keyring = Keyring(settings)
        self._rules = settings.to_rules()
        self._outcomes = Outcomes()
        self._stopping = False
        self.metrics = Metrics()
        with ExitStack() as undo:
            self._kept = Durable(settings.queue.path, undo)
            self._queue, self._journal = self._kept.queue, self._kept.journal
            self.state = self._kept.state
            self._build_vault(undo)
            self._build_aws(undo)
            self._build_work()
            self.app = self._build_app()
            self._undo = undo.pop_all()

    def start(self, *, scheduled: bool = True) -> None:
        """Start every thread; returns at once. When not ``scheduled``, both sides are
        compared only when somebody asks, and nobody is notified."""
        self._keeper.start()
        self._workers.start()
        self._reconciler.start(scheduled=scheduled)
        if scheduled:
            self._notifier.start()

    def stop(self, timeout: float) -> None:
        """Finish what is in flight, at most ``timeout`` seconds, and close the files.

        Whoever is not done by then ends with the process: all it did can be repeated.
        """
        self._stopping = True
        self._notifier.end()
        deadline = time.monotonic() + timeout
        self._reconciler.stop()
        self._queue.close()
        ended = self._workers.join(timeout)
        ended &= self._reconciler.join(max(0.0, deadline - time.monotonic()))
        self._keeper.stop(max(0.0, deadline - time.monotonic()))
        ended &= self._notifier.join(max(0.0, deadline - time.monotonic()))
        with suppress(QueueUnavailable):  # of a broken file nothing is known
            log.info("receiver ended", pending=self._queue.backlog().pending)
        if ended:
            self._undo.close()

    def reload(self, settings: Settings) -> None:
        """Take over rules, tokens and key files. Raises CommandError; then nothing."""
        self._keyring = self._condition.keyring = Keyring(settings)
        self._rules = settings.to_rules()
        self._in_effect = reloaded(self._settings, settings)
        self._retry_everything(Turn.FULL)

    def _build_vault(self, undo: ExitStack) -> None:
        http, credential = open_vault(
            self._settings,
            connections=self._settings.workers + _SPARE_CONNECTIONS,
            on_request=self._on_vault_request,
        )
        undo.callback(http.close)
        self._reads = WriteBudget(self._settings.limits.vault_reads_per_second)
        self._source = VaultKv(
            http, now=time.time, before_listing_read=self._before_listing_read
        )
        self._keeper = TokenKeeper(
            http,
            credential,
            namespace=self._settings.vault.namespace,
            now=time.time,
            on_expiry=self._on_token_expiry,
            on_recovery=self._retry_everything,
        )

    def _build_aws(self, undo: ExitStack) -> None:
        settings = self._settings
        self._targets = SecretsManagerTargets(
            endpoint_url=settings.aws.endpoint_url,
            connections=settings.workers + _SPARE_CONNECTIONS,
            on_request=self._on_aws_request,
        )
        undo.callback(self._targets.close)
        for rule in self._rules:
            # Slow to make, and the first change must not wait for it.
            self._targets.for_spec(rule.target)
        self._accounts = Accounts(
            self._targets.for_spec,
            writes_per_second=settings.limits.writes_per_second,
            call_timeout=CALL_TIMEOUT,
            halted=self._halted,
            writing=self._kept.pauses.writing,
        )

    def _build_work(self) -> None:
        self._circuits = Circuits(now=time.monotonic, on_close=self._queue.unpark)
        brake = DeleteBrake(
            self._journal,
            limits=self._settings.reconcile.to_limits,
            now=time.time,
        )
        means = Means(
            journal=self._journal,
            targets=self._accounts.for_work,
            brake=brake,
            circuits=self._circuits,
            now=time.time,
            versions_per_day=self._settings.limits.versions_per_day,
            check_pause=self._kept.pauses.check,
            observe=self._spans.beside(self.metrics.stage),
        )
        replicator = replicate.Replicator(
            source=self._source, mapping=self._mapping, means=means
        )
        self._build_comparison(brake)
        rounds = Rounds(
            queue=self._queue,
            source=self._source,
            replicate=self._spans.around(replicator.replicate),
            watchers=(self._outcomes, self._reconciler, self._kept.pauses),
            report=self.metrics,
            now=time.time,
        )
        self._workers = Workers(self._queue, rounds.run, count=self._settings.workers)

    def _build_comparison(self, brake: DeleteBrake) -> None:
        settings = self._settings.reconcile
        sides = Sides(
            source=self._source,
            targets=self._targets.for_spec,
            journal=self._journal,
            mapping=self._mapping,
            limits=settings.to_limits,
            now=time.time,
        )
        self._comparison = Comparison(sides, self._queue, accept_deletions=brake.accept)
        self._reconciler = Reconciler(
            self._comparison,
            Schedule(
                settings.interval,
                thorough_first=settings.at_start,
                v1_interval=settings.v1_interval,
            ),
            runs=Runs(self._queue, self._journal),
            plans=self._kept.plans,
            report=self.metrics,
            now=time.time,
        )
        self._condition = Condition(
            keeper=self._keeper,
            circuits=self._circuits,
            reconciler=self._reconciler,
            keyring=self._keyring,
            set_aside=self._kept.set_aside,
        )

    def _build_app(self) -> FastAPI:
        self.metrics.reconcile_interval(self._settings.reconcile.interval)
        self.metrics.watch(
            self._queue,
            self._journal,
            rules=lambda: [rule.name for rule in self._rules],
            is_paused=lambda rule: self._kept.pauses.of(rule) is not None,
        )
        parts = Parts(
            queue=self._queue,
            journal=self._journal,
            source=self._source,
            comparisons=self._reconciler,
            pauses=self._kept.pauses,
            metrics=self.metrics,
            source_name=self._settings.vault.source,
            rules=lambda: self._rules,
            signing_keys=lambda: self._keyring.signing_keys(),
            tokens=lambda: self._keyring.tokens(),
            now=time.time,
            compare_soon=self._reconciler.soon,
            mounts_changed=self._mounts_changed,
            witnesses=AwsWitnesses(self._targets, self._accounts),
            tolerance=self._settings.webhook.tolerance,
            dependencies=self._condition.dependencies,
            reconcile=self._condition.comparison,
            reconciles=self._condition.comparisons,
            configuration=lambda: effective(self._in_effect),
            links=links(self._settings),
            limits=self._settings.reconcile.to_limits,
            began=time.time(),
            faults=self._condition.faults,
            serve_metrics=self._settings.metrics is None,
            outcomes=self._outcomes,
        )
        situation = Situation(
            parts=parts,
            keeper=self._keeper,
            circuits=self._circuits,
            reconciler=self._reconciler,
            faults=self._condition.lone_faults,
            interval=self._settings.reconcile.interval,
            started=time.time(),
        )
        self._notifier = make_notifier(self._settings, situation, sns=self._targets.sns)
        return create_app(parts)

    def _mapping(self) -> replicate.Mapping:
        return replicate.Mapping(
            self._settings.vault.source,
            self._rules,
            Fingerprint(self._keyring.fingerprint_keys()),
        )

    def _halted(self) -> str | None:
        """Why nothing may be written now."""
        if self._comparison.keys_unknown:
            return "most secrets are sealed with a fingerprint key that is not known"
        return None

    def _before_listing_read(self) -> None:
        if self._stopping:
            raise Temporary(Cause.INTERNAL, "the receiver is ending")
        self._reads.acquire(Lane.RECONCILE)

    def _retry_everything(self, turn: Turn = Turn.QUICK) -> None:
        """Something that failed for all may work now: credentials, configuration."""
        self._source.forget_mounts()
        self._queue.unpark()
        self._reconciler.soon(turn)

    def _mounts_changed(self, namespace: str, mount: str | None) -> None:
        log.info("mounts changed", namespace=namespace, mount=mount)
        self._source.forget_mounts()
        self._reconciler.soon()

    def _on_token_expiry(self, at: float | None) -> None:
        lease = self._keeper.lease
        self.metrics.token_expiry(at, lease.whole if lease else None)

    def _on_aws_request(self, operation: str, code: str) -> None:
        self._condition.aws_code = code
        calls.called(calls.AWS)
        self.metrics.aws_request(operation, code)

    def _on_vault_request(self, operation: str, code: str) -> None:
        calls.called(calls.VAULT)
        self.metrics.vault_request(operation, code)
