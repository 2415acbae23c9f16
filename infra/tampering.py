"""What others do to replicated secrets: told at once, and put back by a comparison.

``foreign.py`` says which events those are. What comes by CloudTrail takes a trail of
management events in this account and Region, which is the account's and not ours.
"""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import Duration
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.asking import Asking
from infra.foreign import Pattern, failed_run, foreign_call, foreign_version
from infra.ground import Ground


class Tampering(Construct):
    """Two rules that tell the topic and ask for a comparison, and one that tells when
    nobody could ask. ``assumed`` are the roles that rules write as."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        ground: Ground,
        asking: Asking,
        assumed: Iterable[str],
    ) -> None:
        super().__init__(scope, construct_id)
        self._ground, self._asking = ground, asking
        self._starter = asking.starter(self, "Starter", "events.amazonaws.com")
        config, of = ground.config, events.EventField.from_path
        version = self._rule(
            "foreign-version",
            foreign_version(config),
            f"a version of {of('$.detail.name')} that is not ours got the label "
            f"{of('$.detail.labelUpdated')} at {of('$.time')}: "
            f"{of('$.detail.versionId')}. A comparison was asked for, which puts back "
            "what Vault has.",
        )
        call = self._rule(
            "foreign-call",
            foreign_call(config, assumed),
            f"{of('$.detail.userIdentity.arn')} has called {of('$.detail.eventName')} "
            f"on {of('$.detail.requestParameters.secretId')}"
            f"{of('$.detail.requestParameters.name')} from "
            f"{of('$.detail.sourceIPAddress')} at {of('$.detail.eventTime')}. A "
            "comparison was asked for.",
        )
        for rule in (version, call):
            rule.add_target(self._comparison())
        self._rule(
            "failed-run",
            failed_run(config),
            f"a comparison was not asked for: {of('$.detail.stoppedReason')} "
            f"({of('$.detail.taskArn')}). The log group of reconcile says more.",
        )

    def _rule(self, what: str, pattern: Pattern, message: str) -> events.Rule:
        name = self._ground.config.name
        rule = events.Rule(
            self,
            what,
            rule_name=f"{name}-{what}",
            event_pattern=events.EventPattern(
                source=pattern["source"],
                detail_type=pattern["detail-type"],
                detail=pattern["detail"],
            ),
        )
        told = events.RuleTargetInput.from_text(f"{name}: {message}")
        rule.add_target(targets.SnsTopic(self._ground.topic, message=told))
        return rule

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
            role=self._starter.without_policy_updates(),
        )
