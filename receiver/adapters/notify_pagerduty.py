"""Tells PagerDuty, whose unit is the incident: one for each trouble, which its recovery
resolves. The same key twice is the same incident, so sending again does no harm.

https://developer.pagerduty.com/docs/send-alert-event
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from receiver.adapters.notify_files import SecretText
from receiver.adapters.notify_http import Poster
from receiver.core.notify.trouble import Message, Severity, Trouble
from receiver.core.notify.wording import Herald, printable

_SEVERITIES = {Severity.PAGE: "critical", Severity.TICKET: "warning"}
_LONGEST_KEY = 255


class PagerDutyChannel:
    """``url`` is that of the Events API v2."""

    def __init__(
        self, url: str, routing_key: SecretText, herald: Herald, poster: Poster
    ) -> None:
        self._url = url
        self._routing_key = routing_key
        self._herald = herald
        self._poster = poster

    def send(self, message: Message) -> None:
        """Trigger and resolve. Raises NotSent; what went out then goes out again."""
        key = self._routing_key.current()
        for event in pagerduty_events(message, self._herald):
            body = json.dumps({"routing_key": key, **event}).encode()
            self._poster.post(self._url, body, {})


def pagerduty_events(message: Message, herald: Herald) -> Iterator[dict[str, Any]]:
    """One event for each trouble, without the routing key."""
    for trouble in message.began + message.lasting:
        yield _trigger(trouble, herald)
    for trouble in message.recovered:
        yield {"event_action": "resolve", "dedup_key": _key(trouble, herald)}


def _trigger(trouble: Trouble, herald: Herald) -> dict[str, Any]:
    link = herald.link(trouble)
    return {
        "event_action": "trigger",
        "dedup_key": _key(trouble, herald),
        "payload": {
            "summary": f"{herald.source}: {printable(trouble.summary)}",
            "source": herald.source,
            "severity": _SEVERITIES[trouble.severity],
            "class": trouble.key.partition(":")[0],
            "component": "vault-secrets-replicator",
            "custom_details": {
                "count": trouble.count,
                "names": [printable(name) for name in trouble.names],
                "do": printable(trouble.do),
            },
        },
        **({"links": [{"href": link, "text": "status page"}]} if link else {}),
    }


def _key(trouble: Trouble, herald: Herald) -> str:
    return printable(f"{herald.source}/{trouble.key}")[:_LONGEST_KEY]
