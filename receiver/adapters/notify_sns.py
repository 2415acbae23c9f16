"""Tells a topic of Amazon SNS, whose subscribers may be mailboxes: so it gets a text.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

from typing import Any

from receiver.adapters.aws_errors import OnRequest, translated
from receiver.core.causes import ReplicationError
from receiver.core.notify.trouble import Message
from receiver.core.notify.wording import Herald
from receiver.notifying import NotSent

#: What AWS takes: ASCII in one line for the subject, so much for the text.
_LONGEST_SUBJECT, _LONGEST_TEXT = 99, 200_000


class SnsChannel:
    """``client`` is boto3's, of the topic's Region."""

    def __init__(
        self, client: Any, topic_arn: str, herald: Herald, on_request: OnRequest
    ) -> None:
        self._client = client
        self._topic_arn = topic_arn
        self._herald = herald
        self._on_request = on_request

    def send(self, message: Message) -> None:
        """Publish it. Raises NotSent."""
        try:
            with translated("Publish", surprises=(), on_request=self._on_request):
                self._client.publish(
                    TopicArn=self._topic_arn, **publication(message, self._herald)
                )
        except ReplicationError as error:
            raise NotSent(error.detail) from error


def publication(message: Message, herald: Herald) -> dict[str, Any]:
    """Subject, text and attributes; subscribers can filter by ``severity``."""
    subject = herald.title(message).encode("ascii", "replace").decode()
    attributes = {"severity": message.severity.value, "source": herald.source}
    return {
        "Subject": subject[:_LONGEST_SUBJECT],
        "Message": herald.text(message)[:_LONGEST_TEXT],
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value}
            for name, value in attributes.items()
        },
    }
