"""A Secrets Manager client for each account: Region, and the role that is assumed;
and one of SNS for those who are told.

A role is assumed through STS in the rule's own Region, as whoever we run as, and again
before its credentials end: botocore asks for new ones 15 minutes before and insists 10
minutes before. Making a target asks AWS nothing, so a role that cannot be assumed
fails the calls of its own rules and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import botocore
from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.session import Session

from receiver import __version__
from receiver.adapters.aws_errors import OnRequest, translated
from receiver.adapters.secrets_manager import SecretsManager
from receiver.core.rules import TargetSpec

_CONNECT_TIMEOUT, _READ_TIMEOUT, _ATTEMPTS = 3, 10, 2
_STS_CONNECT_TIMEOUT, _STS_READ_TIMEOUT = 3, 5
#: The longest that one call can take, in seconds; a lease must outlast it. A call that
#: finds the role's credentials too old waits for new ones first.
CALL_TIMEOUT = float(
    _STS_CONNECT_TIMEOUT
    + _STS_READ_TIMEOUT
    + _ATTEMPTS * (_CONNECT_TIMEOUT + _READ_TIMEOUT)
    + 2
)
#: How we are called in the CloudTrail of the role's account.
SESSION_NAME = "vault-secrets-replicator"
USER_AGENT = f"{SESSION_NAME}/{__version__} Botocore/{botocore.__version__}"


class SecretsManagerTargets:
    """One target for each account, made when it is first needed."""

    def __init__(
        self, *, endpoint_url: str | None, connections: int, on_request: OnRequest
    ) -> None:
        """``endpoint_url`` takes the place of AWS's own, for STS too."""
        self._endpoint_url = endpoint_url
        self._config = Config(
            connect_timeout=_CONNECT_TIMEOUT,
            read_timeout=_READ_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=connections,
            tcp_keepalive=True,
            # Who it was, in CloudTrail. botocore would put its own together anew for
            # every request, which takes a seventh of the time of a call.
            user_agent=USER_AGENT,
        )
        self._on_request = on_request
        self._lock = threading.Lock()
        self._ourselves = Session()
        self._ourselves.set_config_variable("sts_regional_endpoints", "regional")
        self._made: dict[tuple[str, str | None, str | None], SecretsManager] = {}
        self._identities: dict[tuple[str, str | None, str | None], Any] = {}
        self._clients: list[Any] = []

    def for_spec(self, spec: TargetSpec) -> SecretsManager:
        """The target of this account; ``spec`` names its Region."""
        account = (spec.region, spec.role_arn, spec.external_id)
        with self._lock:  # making a client is not thread-safe, using one is
            if account not in self._made:
                client = self._client(
                    self._session(spec), "secretsmanager", spec.region, self._config
                )
                self._made[account] = SecretsManager(client, self._on_request)
            return self._made[account]

    def account_of(self, spec: TargetSpec) -> str:
        """The number of the account that answers there. Raises Temporary and
        Permanent."""
        key = (spec.region, spec.role_arn, spec.external_id)
        with self._lock:
            if key not in self._identities:
                self._identities[key] = self._client(
                    self._session(spec), "sts", spec.region, self._config
                )
            sts = self._identities[key]
        operation = "GetCallerIdentity"
        with translated(operation, surprises=(), on_request=self._on_request):
            return str(sts.get_caller_identity()["Account"])

    def sns(self, spec: TargetSpec) -> Any:
        """A client for SNS, as whom ``spec`` names, in its Region."""
        with self._lock:
            return self._client(self._session(spec), "sns", spec.region, self._config)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._clients:
                client.close()
            self._clients.clear()
            self._made.clear()
            self._identities.clear()

    def _session(self, spec: TargetSpec) -> Session:
        if spec.role_arn is None:
            return self._ourselves
        once = Config(
            connect_timeout=_STS_CONNECT_TIMEOUT,
            read_timeout=_STS_READ_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": 1},
        )
        sts = self._client(self._ourselves, "sts", spec.region, once)
        role = AssumedRole(sts, spec.role_arn, spec.external_id, self._on_request)
        session = Session()
        session.register_component("credential_provider", CredentialResolver([role]))
        return session

    def _client(
        self, session: Session, service: str, region: str, config: Config
    ) -> Any:
        client: Any = session.create_client(
            service,
            region_name=region,
            endpoint_url=self._endpoint_url,
            config=config,
        )
        self._clients.append(client)
        return client


def _utc_now() -> datetime:
    return datetime.now(UTC)


class AssumedRole(CredentialProvider):
    """Credentials of a role, which botocore renews by itself when they are used.

    A use for which there are none raises Permanent or Temporary.
    """

    METHOD = "assume-role"

    def __init__(
        self,
        sts: Any,
        role_arn: str,
        external_id: str | None,
        on_request: OnRequest,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        super().__init__()
        self._sts = sts
        self._request = {"RoleArn": role_arn, "RoleSessionName": SESSION_NAME}
        if external_id is not None:
            self._request["ExternalId"] = external_id
        self._on_request = on_request
        self._now = now

    def load(self) -> DeferredRefreshableCredentials:
        """The credentials; AWS is asked when they are first used."""
        return DeferredRefreshableCredentials(self._assume, self.METHOD, self._now)

    def _assume(self) -> dict[str, str]:
        with translated("AssumeRole", surprises=(), on_request=self._on_request):
            made = self._sts.assume_role(**self._request)["Credentials"]
        return {
            "access_key": made["AccessKeyId"],
            "secret_key": made["SecretAccessKey"],
            "token": made["SessionToken"],
            "expiry_time": made["Expiration"].isoformat(),
        }
