"""Our own secrets: what signs events, what makes version ids, who may ask, and as whom
Vault is asked. None of them lies below the replicated prefix.

CloudFormation makes the values, so none is in a template, a repository or a terminal.
The execution role hands them to the task when it starts; the receiver itself may read
none of them but the connection to Vault.
"""

from __future__ import annotations

from aws_cdk import RemovalPolicy, SecretValue
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.acknowledged import acknowledge
from infra.config import ByConnectionSecret, Config
from infra.keys import kept
from infra.names import Names

#: 44 letters and digits are the base64 of 33 bytes, so ``whsec_`` and they are a key.
_LENGTH = 44
#: Never changed: CloudFormation would write it over what stands there by then.
_NOT_YET = '{"vaultAddress": "not yet", "vaultToken": "not yet"}'


class Credentials(Construct):
    """``signing``, ``fingerprint``, ``tokens`` by name, and ``connection`` where the
    receiver logs in with one."""

    def __init__(
        self, scope: Construct, construct_id: str, config: Config, key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        self._names, self._key = Names(config), key
        self.signing = self._generated("signing-key", "Signs what forwarders post")
        # Without it every secret is written once more, so it outlives the stack.
        self.fingerprint = self._generated(
            "fingerprint-key", "Makes version ids and seals", removal=kept(config)
        )
        self.tokens = {
            name: self._generated(f"token-{name}", f"Bearer token, scope {scope}")
            for name, scope in self._names.tokens().items()
        }
        self.connection: secretsmanager.Secret | None = None
        if isinstance(config.vault_auth, ByConnectionSecret):
            self.connection = self._connection()

    def _generated(
        self,
        what: str,
        description: str,
        removal: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> secretsmanager.Secret:
        made = secretsmanager.Secret(
            self,
            _camel(what),
            secret_name=self._names.secret(what),
            description=description,
            encryption_key=self._key,
            removal_policy=removal,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=_LENGTH, exclude_punctuation=True
            ),
        )
        acknowledge(
            made,
            "AwsSolutions-SMG4",
            "Rotated by hand, on both sides at a time that people choose: "
            "infra/README.md",
        )
        return made

    def _connection(self) -> secretsmanager.Secret:
        made = secretsmanager.Secret(
            self,
            "Connection",
            secret_name=self._names.connection,
            description="As whom the receiver asks Vault; filled by init-vault",
            encryption_key=self._key,
            removal_policy=RemovalPolicy.DESTROY,
            secret_string_value=SecretValue.unsafe_plain_text(_NOT_YET),
        )
        acknowledge(
            made,
            "AwsSolutions-SMG4",
            "A periodic token of Vault, which the receiver itself renews",
        )
        return made


def _camel(what: str) -> str:
    return "".join(part.capitalize() for part in what.split("-"))
