"""The topic on which everything that needs somebody arrives: what the receiver tells,
what CloudWatch's alarms say, and what was done to replicated secrets by others."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.config import Config


class Notices(Construct):
    """``topic``, encrypted, by TLS alone, with a mail subscription if one is named.
    Its owner confirms it by the mail that AWS sends."""

    def __init__(
        self, scope: Construct, construct_id: str, config: Config, key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self,
            "Topic",
            topic_name=config.name,
            display_name=config.name,
            master_key=key,
            enforce_ssl=True,
        )
        # A policy of its own takes the place of the one that lets the account publish.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": config.account}},
            )
        )
        if config.notice_email is not None:
            self.topic.add_subscription(
                subscriptions.EmailSubscription(config.notice_email)
            )
