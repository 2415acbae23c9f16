"""What moto answers with, less what AWS leaves out; and what moto does not read."""

from __future__ import annotations

import json
from typing import Any

from moto.secretsmanager.exceptions import InvalidParameterException
from moto.secretsmanager.responses import SecretsManagerResponse


class StrictResponse(SecretsManagerResponse):
    """Answers without empty lists of labels."""

    def get_secret_value(self) -> str:
        """A version without labels has no list of them."""
        return json.dumps(_without_empty_labels(super().get_secret_value()))

    def put_secret_value(self) -> str:
        """The labels that the version has now, if any."""
        return json.dumps(_without_empty_labels(super().put_secret_value()))

    def list_secret_version_ids(self) -> str:
        """Versions without labels only when asked for."""
        secret = self.backend.describe_secret(self._get_param("SecretId"))
        answer = json.loads(super().list_secret_version_ids())
        versions = [_bare(version) for version in answer["Versions"]]
        if not self._get_param("IncludeDeprecated", if_none=False):
            versions = [version for version in versions if "VersionStages" in version]
        answer = {"ARN": secret.arn, "Name": secret.name, "Versions": versions}
        return json.dumps(answer)

    def list_secrets(self) -> str:
        """In the order of creation, which is the only one here, or against it."""
        if self._get_param("SortBy", if_none="created-date") != "created-date":
            raise InvalidParameterException("This layer sorts by created-date only")
        backend: Any = self.backend  # a strict one, which knows of the order
        found, next_token = backend.list_secrets(
            self._get_param("Filters", if_none=[]),
            self._get_int_param("MaxResults"),
            self._get_param("NextToken"),
            self._get_param("IncludePlannedDeletion", if_none=False),
            newest_first=self._get_param("SortOrder") == "desc",
        )
        return json.dumps({"SecretList": found, "NextToken": next_token})


def _without_empty_labels(answer: str) -> dict[str, Any]:
    return _bare(json.loads(answer))


def _bare(version: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in version.items() if k != "VersionStages" or v}
