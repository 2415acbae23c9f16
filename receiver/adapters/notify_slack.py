"""Tells a channel of Slack, through an incoming webhook.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
https://docs.slack.dev/messaging/formatting-message-text#escaping
"""

from __future__ import annotations

import json
from typing import Any

from receiver.adapters.notify_files import SecretText
from receiver.adapters.notify_http import Poster
from receiver.core.notify.trouble import Message, Trouble
from receiver.core.notify.wording import Herald, few, printable, sections

_HEADINGS = {"NEW": "New", "STILL": "Still", "RECOVERED": "Recovered"}
#: Slack takes 50 blocks of 3,000 characters.
_MOST_TROUBLES, _LONGEST_BLOCK = 40, 2900


class SlackChannel:
    """The address of the webhook is its password, and so it is in a file."""

    def __init__(self, url: SecretText, herald: Herald, poster: Poster) -> None:
        self._url = url
        self._herald = herald
        self._poster = poster

    def send(self, message: Message) -> None:
        """Post it. Raises NotSent."""
        body = json.dumps(slack_body(message, self._herald)).encode()
        self._poster.post(self._url.current(), body, {})


def slack_body(message: Message, herald: Herald) -> dict[str, Any]:
    """``text`` is for notifications on a phone, the blocks are what is read."""
    title = escaped(herald.title(message))
    blocks = [_section(f"*{title}*")]
    left = _MOST_TROUBLES
    for heading, troubles in sections(message):
        blocks.append(_section(f"*{_HEADINGS[heading]}*"))
        for trouble in troubles[:left]:
            is_over = heading == "RECOVERED"
            blocks.append(_section(_lines(trouble, herald, is_over=is_over)))
        left = max(0, left - len(troubles))
    return {"text": title, "blocks": blocks, "unfurl_links": False}


def _lines(trouble: Trouble, herald: Herald, *, is_over: bool) -> str:
    lines = [escaped(printable(trouble.summary))]
    if is_over:
        return lines[0]
    if trouble.names:
        lines.append(f"`{escaped(few(trouble)).replace('`', '?')}`")
    if trouble.do:
        lines.append(f"_do:_ {escaped(printable(trouble.do))}")
    if link := herald.link(trouble):
        lines.append(f"<{link}|look>")
    return "\n".join(lines)


def _section(text: str) -> dict[str, Any]:
    short = text[:_LONGEST_BLOCK]
    return {"type": "section", "text": {"type": "mrkdwn", "text": short}}


def escaped(text: str) -> str:
    """Nothing in it is a link, a mention or a channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
