"""What others do to replicated secrets: told at once, and put back by a comparison.

Secrets Manager itself tells EventBridge of every label that moves, within seconds and
without a trail. A version of ours is known by its id, ``v<number>-…`` or ``c-…``; the
UUIDs that AWS and its tools make are hexadecimal and begin with neither. Everything
else (deletes, tags, policies), and who it was, comes through CloudTrail, which takes a
trail of management events in this account and Region.
"""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.asking import Asking
from infra.config import Config
from infra.ground import Ground
from infra.names import Names

_OURS = ["c-", *(f"v{digit}" for digit in range(10))]
_CHANGES = [
    "CancelRotateSecret",
    "CreateSecret",
    "DeleteResourcePolicy",
    "DeleteSecret",
    "PutResourcePolicy",
    "PutSecretValue",
    "RemoveRegionsFromReplication",
    "ReplicateSecretToRegions",
    "RestoreSecret",
    "RotateSecret",
    "StopReplicationToReplica",
    "TagResource",
    "UntagResource",
    "UpdateSecret",
    "UpdateSecretVersionStage",
]


def foreign_version(config: Config) -> dict[str, Any]:
    """A label was moved to a version that is not ours, below the prefix."""
    return {
        "source": ["aws.secretsmanager"],
        "detail-type": ["Secret Label Updated"],
        "detail": {
            "name": [{"prefix": f"{config.prefix}/"}],
            "versionId": [{"anything-but": {"prefix": _OURS}}],
        },
    }


def foreign_call(config: Config) -> dict[str, Any]:
    """A call by anybody else has changed something below the prefix."""
    below = f"{config.prefix}/"
    secret = [
        {"prefix": below},
        {"prefix": config.arn("secretsmanager", "secret:") + below},
    ]
    return {
        "source": ["aws.secretsmanager"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["secretsmanager.amazonaws.com"],
            "eventName": _CHANGES,
            "errorCode": [{"exists": False}],
            "requestParameters": {"$or": [{"secretId": secret}, {"name": secret}]},
            "userIdentity": {
                # A user has no issuer, and what is missing is not "anything but".
                "$or": [
                    _issuer({"anything-but": [Names(config).task_role_arn]}),
                    _issuer({"exists": False}),
                ]
            },
        },
    }


def _issuer(matcher: dict[str, Any]) -> dict[str, Any]:
    return {"sessionContext": {"sessionIssuer": {"arn": [matcher]}}}


class Tampering(Construct):
    """Two rules; each tells the topic and asks for a comparison."""

    def __init__(
        self, scope: Construct, construct_id: str, ground: Ground, asking: Asking
    ) -> None:
        super().__init__(scope, construct_id)
        self._ground, self._asking = ground, asking
        config = ground.config
        field = events.EventField.from_path
        self._rule(
            "Version",
            foreign_version(config),
            f"{config.name}: a version of {field('$.detail.name')} that is not ours "
            f"got the label {field('$.detail.labelUpdated')} at {field('$.time')}: "
            f"{field('$.detail.versionId')}. A comparison was asked for, which puts "
            "back what Vault has.",
        )
        self._rule(
            "Call",
            foreign_call(config),
            f"{config.name}: {field('$.detail.userIdentity.arn')} has called "
            f"{field('$.detail.eventName')} on "
            f"{field('$.detail.requestParameters.secretId')}"
            f"{field('$.detail.requestParameters.name')} from "
            f"{field('$.detail.sourceIPAddress')} at {field('$.detail.eventTime')}. A "
            "comparison was asked for.",
        )

    def _rule(self, what: str, pattern: dict[str, Any], message: str) -> None:
        rule = events.Rule(
            self,
            what,
            rule_name=f"{self._ground.config.name}-foreign-{what.lower()}",
            description="Tells of changes to replicated secrets, and mends them",
            event_pattern=events.EventPattern(
                source=pattern["source"],
                detail_type=pattern["detail-type"],
                detail=pattern["detail"],
            ),
        )
        rule.add_target(
            targets.SnsTopic(
                self._ground.topic, message=events.RuleTargetInput.from_text(message)
            )
        )
        rule.add_target(self._comparison())

    def _comparison(self) -> targets.EcsTask:
        network = self._ground.network
        return targets.EcsTask(
            cluster=self._ground.cluster,
            task_definition=self._asking.task,
            assign_public_ip=network.public,
            subnet_selection=network.tasks,
            security_groups=[self._asking.group],
            launch_type=ecs.LaunchType.FARGATE,
            max_event_age=Duration.hours(1),
            retry_attempts=3,
        )
