"""Somebody with a console: what people do in AWS behind our back."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from typing import Any

import boto3

from receiver.demo.emulator import ENVIRONMENT, REGION

_TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


class Hand:
    """Calls AWS directly. Names are those in AWS. Close it."""

    def __init__(self, endpoint: str, *, region: str = REGION) -> None:
        self._settings: dict[str, Any] = {
            "endpoint_url": endpoint,
            "region_name": region,
            "aws_access_key_id": ENVIRONMENT["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
        }
        self._clients: dict[str, Any] = {}

    @property
    def secrets(self) -> Any:
        """The Secrets Manager client."""
        return self._client("secretsmanager")

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def create(self, name: str, value: str, **more: Any) -> str:
        """Make a secret that is nobody of ours; its ARN."""
        answer = self.secrets.create_secret(Name=name, SecretString=value, **more)
        return str(answer["ARN"])

    def edit(self, name: str, value: str) -> None:
        """Write a value."""
        self.secrets.put_secret_value(SecretId=name, SecretString=value)

    def delete(self, name: str, *, at_once: bool = False) -> None:
        """Schedule the deletion, or delete at once."""
        how = {"ForceDeleteWithoutRecovery": True} if at_once else {}
        self.secrets.delete_secret(SecretId=name, **how)

    def restore(self, name: str) -> None:
        """Cancel a scheduled deletion."""
        self.secrets.restore_secret(SecretId=name)

    def move_label_back(self, name: str) -> None:
        """Make the version before current, as somebody rolling back would."""
        stages = self.describe(name)["VersionIdsToStages"]
        by_label = {label: one for one, labels in stages.items() for label in labels}
        if "AWSPREVIOUS" in by_label:
            self.secrets.update_secret_version_stage(
                SecretId=name,
                VersionStage="AWSCURRENT",
                MoveToVersionId=by_label["AWSPREVIOUS"],
                RemoveFromVersionId=by_label["AWSCURRENT"],
            )

    def forge(self, name: str, value: str) -> tuple[str, str]:
        """Make it anew with all that can be seen of it; its ARN and version id."""
        held = self.describe(name)
        (current,) = (
            one
            for one, labels in held["VersionIdsToStages"].items()
            if "AWSCURRENT" in labels
        )
        self.delete(name, at_once=True)
        made = {"ClientRequestToken": current, "Tags": held.get("Tags", [])}
        return self.create(name, value, **made), current

    def describe_as(self, name: str, text: str) -> None:
        """Change its description."""
        self.secrets.update_secret(SecretId=name, Description=text)

    def values(self, name: str) -> dict[str, str]:
        """Every version that AWS still has, labelled or not, with its value."""
        answer = self.secrets.list_secret_version_ids(
            SecretId=name, IncludeDeprecated=True
        )
        ids = [one["VersionId"] for one in answer["Versions"]]
        return {
            one: self.secrets.get_secret_value(SecretId=name, VersionId=one)[
                "SecretString"
            ]
            for one in ids
        }

    def untag(self, name: str, *keys: str) -> None:
        """Remove tags."""
        self.secrets.untag_resource(SecretId=name, TagKeys=list(keys))

    def tag(self, name: str, **tags: str) -> None:
        """Add or overwrite tags; underscores stand for hyphens in their keys."""
        pairs = [
            {"Key": key.replace("_", "-"), "Value": value}
            for key, value in tags.items()
        ]
        self.secrets.tag_resource(SecretId=name, Tags=pairs)

    def describe(self, name: str) -> dict[str, Any]:
        """All that AWS tells of it but the value."""
        answer: dict[str, Any] = self.secrets.describe_secret(SecretId=name)
        return answer

    def new_key(self) -> str:
        """The id of a new KMS key."""
        key: dict[str, Any] = self._client("kms").create_key()
        return str(key["KeyMetadata"]["KeyId"])

    def disable_key(self, key_id: str) -> None:
        """From now on nothing can be encrypted with it."""
        self._client("kms").disable_key(KeyId=key_id)

    def enable_key(self, key_id: str) -> None:
        """And again it can."""
        self._client("kms").enable_key(KeyId=key_id)

    def turn_rotation_on(self, name: str) -> None:
        """With a function that does nothing."""
        function = f"rotate-{uuid.uuid4().hex[:8]}"
        role = self._client("iam").create_role(
            RoleName=function, AssumeRolePolicyDocument=_TRUST
        )
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("f.py", "def f(event, context): pass")
        made_function = self._client("lambda").create_function(
            FunctionName=function,
            Runtime="python3.11",
            Role=role["Role"]["Arn"],
            Handler="f.f",
            Code={"ZipFile": archive.getvalue()},
        )
        self.secrets.rotate_secret(
            SecretId=name,
            RotationLambdaARN=made_function["FunctionArn"],
            RotationRules={"AutomaticallyAfterDays": 30},
            RotateImmediately=False,
        )

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(service, **self._settings)
        return self._clients[service]
