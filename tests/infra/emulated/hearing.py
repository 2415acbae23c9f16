"""What a topic says, by a queue that subscribes to it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from tests.infra.emulated.deployment import Deployment
from tests.infra.emulated.emulator import ACCOUNT, REGION

#: Waits for the next message, and returns its text.
Hear: TypeAlias = Callable[[], str]


@contextmanager
def hearing(deployment: Deployment, topic: str) -> Iterator[Hear]:
    """From now on, until the end of the block."""
    ask, name = deployment.ask, f"hearing-{uuid.uuid4().hex[:8]}"
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    anybody = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    made = ask("sqs", "create_queue", QueueName=name, Attributes={"Policy": policy})
    queue = {"QueueUrl": made["QueueUrl"]}
    ends = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn}
    subscribed = ask("sns", "subscribe", **ends)["SubscriptionArn"]

    def hear() -> str:
        answer = ask("sqs", "receive_message", **queue, WaitTimeSeconds=10)
        (message,) = answer["Messages"]
        handle = message["ReceiptHandle"]
        ask("sqs", "delete_message", **queue, ReceiptHandle=handle)
        return str(json.loads(message["Body"])["Message"])

    try:
        yield hear
    finally:
        ask("sns", "unsubscribe", SubscriptionArn=subscribed)
