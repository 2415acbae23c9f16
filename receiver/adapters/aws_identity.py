"""Ourselves in AWS, as the methods of Vault's login need us: who we are, proven to
Vault, and the connection secret that somebody keeps for us.

Who we are is a signed question that Vault puts to STS: GetCallerIdentity of the
Region's own, so it works where there is no global one. Credentials are taken anew each
time, for they end.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from receiver.core.causes import Cause, Temporary

_BODY = "Action=GetCallerIdentity&Version=2011-06-15"
_FORM = "application/x-www-form-urlencoded; charset=utf-8"
#: A request that is signed with it is good for nobody else's Vault.
SERVER_ID = "X-Vault-AWS-IAM-Server-ID"
_WHAT_FOR = "How the replicator reaches Vault: not replicated, and not to be"


class AwsIdentity:
    """Whoever we run as. ``endpoint_url`` takes the place of AWS's own."""

    def __init__(self, region: str, *, endpoint_url: str | None = None) -> None:
        self._session = Session()
        self._session.set_config_variable("sts_regional_endpoints", "regional")
        self._region = region
        self._endpoint_url = endpoint_url

    def signed(self, header: str | None) -> dict[str, str]:
        """What Vault's method ``aws`` is given, save the role. Raises Temporary."""
        extra = {SERVER_ID: header} if header else {}
        try:
            sts = self._session.create_client(
                "sts", region_name=self._region, endpoint_url=self._endpoint_url
            )
            request = AWSRequest(
                method="POST",
                url=sts.meta.endpoint_url.rstrip("/") + "/",
                data=_BODY,
                headers={"Content-Type": _FORM, **extra},
            )
            credentials = self._session.get_credentials()
            if credentials is None:
                raise Temporary(Cause.VAULT_LOGIN, "no AWS credentials are found")
            frozen = credentials.get_frozen_credentials()
            SigV4Auth(frozen, "sts", self._region).add_auth(request)
        except BotoCoreError as error:
            kind = type(error).__name__
            raise Temporary(Cause.VAULT_LOGIN, f"AWS identity: {kind}") from None
        headers = {name: [value] for name, value in request.headers.items()}
        return {
            "iam_http_request_method": "POST",
            "iam_request_url": _base64(str(request.url)),
            "iam_request_body": _base64(_BODY),
            "iam_request_headers": _base64(json.dumps(headers)),
        }

    def secret(self, secret_id: str) -> str:
        """The text of a secret in Secrets Manager. Raises Temporary."""
        text = self.find_secret(secret_id)
        if text is None:
            raise _failed("ResourceNotFoundException")
        return text

    def find_secret(self, secret_id: str) -> str | None:
        """The same; None when there is no such secret, or it has no value yet."""
        try:
            answer = self._secrets_manager().get_secret_value(SecretId=secret_id)
            return str(answer["SecretString"])
        except ClientError as error:
            if (kind := _code(error)) == "ResourceNotFoundException":
                return None
        except (BotoCoreError, KeyError) as error:
            kind = type(error).__name__
        raise _failed(kind)

    def keep_secret(self, secret_id: str, text: str, *, kms_key_id: str | None) -> None:
        """A new version, of a new secret where there is none. Raises Temporary.

        ``kms_key_id`` is the new secret's; one that exists keeps its own.
        """
        key = {"KmsKeyId": kms_key_id} if kms_key_id else {}
        try:
            client = self._secrets_manager()
            try:
                client.put_secret_value(SecretId=secret_id, SecretString=text)
            except client.exceptions.ResourceNotFoundException:
                client.create_secret(
                    Name=secret_id, Description=_WHAT_FOR, SecretString=text, **key
                )
        except ClientError as error:
            raise _failed(_code(error)) from None
        except BotoCoreError as error:
            raise _failed(type(error).__name__) from None

    def _secrets_manager(self) -> Any:
        return self._session.create_client(
            "secretsmanager", region_name=self._region, endpoint_url=self._endpoint_url
        )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def _failed(kind: str) -> Temporary:
    return Temporary(Cause.VAULT_LOGIN, f"the connection secret: {kind}")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
