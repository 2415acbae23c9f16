"""What somebody has to know of the stack to go on: for Vault, the forwarders, and for
who asks or is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.entrance import Entrance
from infra.ground import Ground
from infra.names import Names


@dataclass(frozen=True, slots=True)
class Output:
    """``description`` says what it is for."""

    name: str
    value: str
    description: str


def outputs(ground: Ground, entrance: Entrance) -> Iterator[Output]:
    """In the order in which they are needed."""
    config, credentials = ground.config, ground.credentials
    alias = entrance.balancer.load_balancer_dns_name
    yield Output("Address", config.url, "The page, the API, and /v1/events")
    yield Output("BalancerName", alias, "What domain_name is an alias of")
    yield from _for_vault(ground)
    signing = credentials.signing.secret_arn
    yield Output("SigningKeyArn", signing, "For the forwarders: whsec_ and this value")
    fingerprint = credentials.fingerprint.secret_arn
    yield Output("FingerprintKeyArn", fingerprint, "Keep a copy")
    for name in config.tokens:
        arn = credentials.tokens[name].secret_arn
        yield Output(f"Token{_camel(name)}Arn", arn, f"The bearer token {name}")
    yield Output("TopicArn", ground.topic.topic_arn, "Who is to be told subscribes")
    secrets, operations = ground.keys.secrets.key_arn, ground.keys.operations.key_arn
    yield Output("SecretsKeyArn", secrets, "Encrypts what is replicated")
    yield Output("OperationsKeyArn", operations, "Encrypts all the rest")


def _for_vault(ground: Ground) -> Iterator[Output]:
    role, connection = Names(ground.config).task_role_arn, ground.credentials.connection
    yield Output("ReceiverRoleArn", role, "What Vault's AWS method binds")
    if connection is not None:
        arn = connection.secret_arn
        yield Output("ConnectionSecretArn", arn, "For init-vault: vault.auth.secret_id")


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))
