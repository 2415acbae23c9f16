"""Builds the receiver from its settings. The only module that knows every part.

What can be refused (state file, keys, addresses) is refused before anything starts.
Vault and AWS are not asked here: when they are away, events are taken all the same.
"""

from __future__ import annotations

import time
from collections.abc import Mapping as AnyMapping
from contextlib import ExitStack
from typing import Any

import structlog
from fastapi import FastAPI

from receiver import replicate
from receiver.adapters import journal_sqlite, queue_sql
from receiver.adapters.journal_sqlite import SqliteJournal
from receiver.adapters.queue_sqlite import SqliteQueue
from receiver.adapters.secrets_manager import CALL_TIMEOUT, SecretsManagerTargets
from receiver.adapters.state_file import StateInUse, StateUnusable, open_state
from receiver.adapters.vault_http import VaultHttp
from receiver.adapters.vault_kv import VaultKv
from receiver.adapters.vault_token import TokenFile, TokenKeeper
from receiver.core.budget import WriteBudget
from receiver.core.causes import Cause, Temporary
from receiver.core.fingerprint import Fingerprint
from receiver.core.rules import Rule
from receiver.core.state import Lane, Work
from receiver.keyring import Keyring
from receiver.metrics import Metrics
from receiver.paced import Paced
from receiver.reconcile import Comparison
from receiver.reconciler import Reconciler, Schedule
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
        self._settings = settings
        self._keyring = Keyring(settings)
        self._rules = settings.to_rules()
        self._outcomes = Outcomes()
        self._last_aws_code = "unknown"
        self._stopping = False
        self.metrics = Metrics()
        with ExitStack() as undo:
            self._open_state(undo)
            self._build_vault(undo)
            self._build_aws(undo)
            self._build_work()
            self.app = self._build_app()
            self._undo = undo.pop_all()

    def start(self) -> None:
        """Start every thread; returns at once."""
        self._keeper.start()
        self._workers.start()
        self._reconciler.start()

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
        keyring = Keyring(settings)
        self._keyring, self._rules = keyring, settings.to_rules()
        self._retry_everything()

    def _open_state(self, undo: ExitStack) -> None:
        path = self._settings.queue.path
        try:
            state = open_state(path, queue_sql.SCHEMA, journal_sqlite.SCHEMA)
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
            on_request=self.metrics.vault_request,
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
            region=settings.aws.region,
            endpoint_url=settings.aws.endpoint_url,
            connections=settings.workers + _SPARE_CONNECTIONS,
            on_request=self._on_aws_request,
        )
        undo.callback(self._targets.close)
        for rule in self._rules:
            self._targets.for_rule(rule)  # slow to make; the first change must not wait
        self._budgets: dict[str, WriteBudget] = {}

    def _build_work(self) -> None:
        replicator = replicate.Replicator(
            source=self._source,
            journal=self._journal,
            targets=self._paced,
            mapping=self._mapping,
            now=time.time,
            versions_per_day=self._settings.limits.versions_per_day,
        )
        rounds = Rounds(
            queue=self._queue,
            source=self._source,
            replicate=replicator.replicate,
            watcher=self._outcomes,
            report=self.metrics,
            now=time.time,
        )
        self._workers = Workers(self._queue, rounds.run, count=self._settings.workers)
        comparison = Comparison(
            source=self._source,
            journal=self._journal,
            queue=self._queue,
            rules=lambda: self._rules,
        )
        self._reconciler = Reconciler(
            comparison,
            self._queue,
            Schedule(
                self._settings.reconcile.interval,
                thorough_first=self._settings.reconcile.at_start,
            ),
            report=self.metrics,
            now=time.time,
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
                metrics=self.metrics,
                source_name=self._settings.vault.source,
                rules=lambda: self._rules,
                signing_keys=lambda: self._keyring.signing_keys(),
                tokens=lambda: self._keyring.tokens(),
                now=time.time,
                compare_soon=self._reconciler.soon,
                mounts_changed=self._mounts_changed,
                tolerance=self._settings.webhook.tolerance,
                dependencies=self._dependencies,
                reconcile=self._last_comparison,
                faults=self._faults,
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

    def _paced(self, rule: Rule, work: Work) -> Paced:
        """The rule's target for one round: writes wait for the budget, and start only
        when the lease outlasts the call."""
        target = self._targets.for_rule(rule)
        budget = self._budgets.get(target.region) or self._budgets.setdefault(
            target.region, WriteBudget(self._settings.limits.writes_per_second)
        )

        def before_write() -> None:
            left = work.lease_until - time.time() - CALL_TIMEOUT
            if left <= 0 or not budget.acquire(work.hint.lane, timeout=left):
                raise Temporary(
                    Cause.LEASE_SHORT, "too late to begin a write", after=0.0
                )

        return Paced(target, before_write)

    def _before_listing_read(self) -> None:
        if self._stopping:
            raise Temporary(Cause.INTERNAL, "the receiver is ending")
        self._reads.acquire(Lane.RECONCILE)

    def _retry_everything(self) -> None:
        """Something that failed for all may work now: credentials, configuration."""
        self._source.forget_mounts()
        self._queue.unpark()
        self._reconciler.soon()

    def _mounts_changed(self, namespace: str, mount: str | None) -> None:
        log.info("mounts changed", namespace=namespace, mount=mount)
        self._source.forget_mounts()
        self._reconciler.soon()

    def _on_aws_request(self, operation: str, code: str) -> None:
        self._last_aws_code = code
        self.metrics.aws_request(operation, code)

    def _dependencies(self) -> AnyMapping[str, str]:
        trouble = self._keeper.trouble
        return {
            "vault": trouble.detail if trouble else "ok",
            "aws": self._last_aws_code,
        }

    def _last_comparison(self) -> AnyMapping[str, Any]:
        report = self._reconciler.last
        if report is None:
            return {"last": None}
        return {
            "last": self._reconciler.last_at,
            "seconds": round(report.seconds, 3),
            "compared": report.compared,
            "differing": report.differing,
            "failures": list(report.failures),
        }

    def _faults(self) -> list[str]:
        faults = self._keyring.faults()
        if self._set_aside:
            faults.append(f"the state was unreadable; it is kept as {self._set_aside}")
        if trouble := self._keeper.trouble:
            faults.append(f"Vault does not take our token: {trouble.detail}")
        if report := self._reconciler.last:
            faults += [f"not compared: {failure}" for failure in report.failures]
        return faults
