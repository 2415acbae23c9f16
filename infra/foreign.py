"""Which events tell that others have changed replicated secrets. Pure.

Secrets Manager itself tells EventBridge of every label that moves, within seconds and
without a trail. A version of ours is known by its id, ``v<number>-…`` or ``c-…``; the
UUIDs that AWS and its tools make are hexadecimal and begin with neither. Everything
else (deletes, tags, policies), and who it was, comes through CloudTrail.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from infra.config import Config
from infra.names import Names

Pattern: TypeAlias = dict[str, Any]

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
#: Of `reconcile`: all is well, something is parked, the brake or a pause holds. Of the
#: last two the receiver tells itself.
_HEARD = [0, 3, 4]


def foreign_version(config: Config) -> Pattern:
    """A label was moved to a version that is not ours, below the prefix."""
    return {
        "source": ["aws.secretsmanager"],
        "detail-type": ["Secret Label Updated"],
        "detail": {
            "name": [{"prefix": f"{config.prefix}/"}],
            "versionId": [{"anything-but": {"prefix": _OURS}}],
        },
    }


def foreign_call(config: Config, assumed: Iterable[str]) -> Pattern:
    """A call by anybody else has changed something below the prefix. ``assumed`` are
    the roles that rules assume, whose calls are ours too."""
    ours = sorted({Names(config).task_role_arn, *assumed})
    below = f"{config.prefix}/"
    arn = config.arn("secretsmanager", f"secret:{below}")
    secret = [{"prefix": below}, {"prefix": arn}]
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
                    _issuer({"anything-but": ours}),
                    _issuer({"exists": False}),
                ]
            },
        },
    }


def failed_run(config: Config) -> Pattern:
    """The small task could not start, or not ask."""
    names = Names(config)
    return {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {
            "clusterArn": [config.arn("ecs", f"cluster/{config.name}")],
            "group": [f"family:{names.asking_family}"],
            "lastStatus": ["STOPPED"],
            "$or": [
                {"containers": {"exitCode": [{"anything-but": _HEARD}]}},
                {"stopCode": ["TaskFailedToStart"]},
            ],
        },
    }


def _issuer(matcher: dict[str, Any]) -> dict[str, Any]:
    return {"sessionContext": {"sessionIssuer": {"arn": [matcher]}}}
