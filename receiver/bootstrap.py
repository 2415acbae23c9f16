"""Builds the receiver from its settings. The only module that knows every part.

What can be refused (state file, keys, addresses) is refused before anything starts.
Vault and AWS are not asked here: when they are away, events are taken all the same.
"""

from __future__ import annotations

import time
from contextlib import ExitStack

import structlog
from fastapi import FastAPI

from receiver import replicate
from receiver.accounts import Accounts
from receiver.adapters import journal_sql, plans_sqlite, queue_sql
from receiver.adapters.aws_clients import CALL_TIMEOUT, SecretsManagerTargets
from receiver.adapters.journal_sqlite import SqliteJournal
from receiver.adapters.plans_sqlite import SqlitePlans
from receiver.adapters.queue_sqlite import SqliteQueue
from receiver.adapters.state_file import StateInUse, StateUnusable, open_state
from receiver.adapters.vault_http import VaultHttp
from receiver.adapters.vault_kv import VaultKv
from receiver.adapters.vault_token import TokenFile, TokenKeeper
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
from receiver.effective import effective, links, reloaded
from receiver.keyring import Keyring
from receiver.means import Means
from receiver.metrics import Metrics
from receiver.reconcile import Comparison
from receiver.reconciler import Reconciler
from receiver.settings import Settings
from receiver.web.app import create_app
from receiver.web.parts import Parts
from receiver.web.waiting import Outcomes
from receiver.worker import Rounds, Workers
from vault_audit_forwarder.program.errors import CommandError
from vault_audit_forwarder.program.secret_files import SecretFile

log = structlog.stdlib.get_logger(__name__)

#: Connections beside those of the workers: token keeper, comparison, sync requests.
_SPARE_CONNECTIONS = 4


class Receiver:
    """All parts of one receiver, built, not yet running. ``app`` serves its HTTP."""

    def __init__(self, settings: Settings) -> None:
        """Raises CommandError when a file cannot be used."""
        self._settings = self._in_effect = settings
        self._keyring = Keyring(settings)
        self._rules = settings.to_rules()
        self._outcomes = Outcomes()
        self._stopping = False
        self.metrics = Metrics()
        with ExitStack() as undo:
            self._open_state(undo)
            self._build_vault(undo)
            self._build_aws(undo)
            self._build_work()
            self.app = self._build_app()
            self._undo = undo.pop_all()

    def start(self, *, scheduled: bool = True) -> None:
        """Start every thread; returns at once. When not ``scheduled``, both sides are
        compared only when somebody asks."""
        self._keeper.start()
        self._workers.start()
        self._reconciler.start(scheduled=scheduled)

    def stop(self, timeout: float) -> None:
        """Finish what is in flight, at most ``timeout`` seconds, and close the files.

        Whoever is not done by then ends with the process: all it did can be repeated.
        """
        self._stopping = True
        deadline = time.monotonic() + timeout
        self._reconciler.stop()
        self._queue.close()
        ended = self._workers.join(timeout)
        ended &= self._reconciler.join(max(0.0, deadline - time.monotonic()))
        self._keeper.stop(max(0.0, deadline - time.monotonic()))
        log.info("receiver ended", pending=self._queue.backlog().pending)
        if ended:
            self._undo.close()

    def reload(self, settings: Settings) -> None:
        """Take over rules, tokens and key files. Raises CommandError; then nothing."""
        self._keyring = self._condition.keyring = Keyring(settings)
        self._rules = settings.to_rules()
        self._in_effect = reloaded(self._settings, settings)
        self._retry_everything(Turn.FULL)

    def _open_state(self, undo: ExitStack) -> None:
        path = self._settings.queue.path
        try:
            state = open_state(
                path, queue_sql.SCHEMA, journal_sql.SCHEMA, plans_sqlite.SCHEMA
            )
        except StateInUse as error:
            raise CommandError(
                f"{error}: a receiver runs on it; ask that one, with "
                "VAULT_REPLICATOR_ADDR and VAULT_REPLICATOR_TOKEN"
            ) from error
        except StateUnusable as error:
            raise CommandError(str(error)) from error
        undo.callback(state.close)
        self._set_aside = state.set_aside
        self._queue = SqliteQueue(state)
        self._journal = SqliteJournal(state)
        self._plans = SqlitePlans(state, time.time)
        if state.set_aside:
            log.error("the state was unreadable; begun afresh", path=str(state.path))

    def _build_vault(self, undo: ExitStack) -> None:
        settings = self._settings.vault
        http = VaultHttp(
            settings.address,
            TokenFile(SecretFile(settings.auth.token_file)),
            ca_file=str(settings.ca_file) if settings.ca_file else None,
            timeout=settings.timeout,
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
            namespace=settings.namespace,
            now=time.time,
            on_expiry=self.metrics.token_expiry,
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
            now=time.time,
        )

    def _build_work(self) -> None:
        self._circuits = Circuits(now=time.time, on_close=self._queue.unpark)
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
            observe=self.metrics.stage,
        )
        replicator = replicate.Replicator(
            source=self._source, mapping=self._mapping, means=means
        )
        self._build_comparison(brake)
        rounds = Rounds(
            queue=self._queue,
            source=self._source,
            replicate=replicator.replicate,
            watchers=(self._outcomes, self._reconciler),
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
            plans=self._plans,
            report=self.metrics,
            now=time.time,
        )
        self._condition = Condition(
            keeper=self._keeper,
            circuits=self._circuits,
            reconciler=self._reconciler,
            keyring=self._keyring,
            set_aside=self._set_aside,
        )

    def _build_app(self) -> FastAPI:
        self.metrics.watch(
            self._queue,
            self._journal,
            rules=lambda: [rule.name for rule in self._rules],
        )
        return create_app(
            Parts(
                queue=self._queue,
                journal=self._journal,
                source=self._source,
                comparisons=self._reconciler,
                metrics=self.metrics,
                source_name=self._settings.vault.source,
                rules=lambda: self._rules,
                signing_keys=lambda: self._keyring.signing_keys(),
                tokens=lambda: self._keyring.tokens(),
                now=time.time,
                compare_soon=self._reconciler.soon,
                mounts_changed=self._mounts_changed,
                tolerance=self._settings.webhook.tolerance,
                dependencies=self._condition.dependencies,
                reconcile=self._condition.comparison,
                reconciles=self._condition.comparisons,
                configuration=lambda: effective(self._in_effect),
                links=links(self._settings),
                began=time.time(),
                faults=self._condition.faults,
                serve_metrics=self._settings.metrics is None,
                outcomes=self._outcomes,
            )
        )

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

    def _on_aws_request(self, operation: str, code: str) -> None:
        self._condition.aws_code = code
        calls.called(calls.AWS)
        self.metrics.aws_request(operation, code)

    def _on_vault_request(self, operation: str, code: str) -> None:
        calls.called(calls.VAULT)
        self.metrics.vault_request(operation, code)
