"""The comparison on a schedule outside of the receiver (``scheduler``): EventBridge
Scheduler runs the small task that asks for one. What could not be started after all
attempts lies in a queue, which has an alarm."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledged import acknowledge
from infra.asking import Asking
from infra.ground import Ground


class Schedule(Construct):
    """``undelivered``: the queue of runs that did not start."""

    def __init__(
        self, scope: Construct, construct_id: str, ground: Ground, asking: Asking
    ) -> None:
        super().__init__(scope, construct_id)
        config = ground.config
        self.undelivered = sqs.Queue(
            self,
            "Undelivered",
            encryption=sqs.QueueEncryption.SQS_MANAGED,  # it says which task, no more
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        acknowledge(self.undelivered, "AwsSolutions-SQS3", "It is a dead-letter queue")
        role = asking.starter(self, "Starter", "scheduler.amazonaws.com")
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["sqs:SendMessage"], resources=[self.undelivered.queue_arn]
            )
        )
        every = Duration.seconds(int(config.interval))
        scheduler.Schedule(
            self,
            "Every",
            schedule_name=config.name,
            description="Asks the receiver to compare Vault with Secrets Manager",
            schedule=scheduler.ScheduleExpression.rate(every),
            target=targets.EcsRunFargateTask(
                ground.cluster,
                task_definition=asking.task,
                assign_public_ip=ground.network.public,
                vpc_subnets=ground.network.tasks,
                security_groups=[asking.group],
                dead_letter_queue=self.undelivered,
                # A later one takes its place.
                max_event_age=Duration.seconds(max(60, int(config.interval))),
                retry_attempts=3,
                # With no more than that.
                role=role.without_policy_updates(),
            ),
        )
