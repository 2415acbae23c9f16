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
        try:
            client: Any = self._session.create_client(
                "secretsmanager",
                region_name=self._region,
                endpoint_url=self._endpoint_url,
            )
            return str(client.get_secret_value(SecretId=secret_id)["SecretString"])
        except ClientError as error:
            kind = error.response.get("Error", {}).get("Code", "Unknown")
        except (BotoCoreError, KeyError) as error:
            kind = type(error).__name__
        raise Temporary(Cause.VAULT_LOGIN, f"the connection secret: {kind}")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
