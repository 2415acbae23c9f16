"""The ``notify`` of ``replicator.yaml``: who is told when something is wrong.

Addresses that are secrets themselves, as a chat's webhook is, come from files. A topic
says its own Region, so none is asked for.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field
from pydantic import WithJsonSchema as Schema

from receiver.core.notify.telling import Pace
from vault_audit_forwarder.program.addresses import check_url, is_plain
from vault_audit_forwarder.program.config_file import (
    ConfigModel,
    ConfigPath,
    PositiveDuration,
)

_PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"


def _url(value: str) -> str:
    return check_url(value, example="https://hooks.internal/replicator")


def _one_or_more(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


_Url = Annotated[str, AfterValidator(_url)]
_KeyFiles = Annotated[
    tuple[ConfigPath, ...],
    BeforeValidator(_one_or_more),
    Field(min_length=1),
    Schema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
            ]
        }
    ),
]


class _Paced(ConfigModel):
    """``digest``: how soon what changed is told again; ``remind``: what did not."""

    digest: PositiveDuration = 900.0
    remind: PositiveDuration = 14_400.0

    def to_pace(self) -> Pace:
        """The same for the core."""
        return Pace(digest=self.digest, remind=self.remind)


class SnsSettings(_Paced):
    """A topic of Amazon SNS, whose subscribers get a text: mail, for one."""

    kind: Literal["sns"]
    topic_arn: Annotated[
        str,
        # A FIFO topic cannot mail, and would want groups; its name ends in .fifo.
        Field(
            pattern=r"^arn:aws[a-z-]*:sns:([a-z]+-)+[0-9]+:[0-9]{12}:[A-Za-z0-9_-]+$",
            max_length=512,
        ),
    ]

    @property
    def region(self) -> str:
        """Where the topic is."""
        return self.topic_arn.split(":")[3]


class SlackSettings(_Paced):
    """An incoming webhook of Slack, or of a chat that takes the same."""

    kind: Literal["slack"]
    webhook_url_file: ConfigPath


class PagerDutySettings(_Paced):
    """A service of PagerDuty with an Events API v2 integration. ``url`` is for
    accounts in Europe."""

    kind: Literal["pagerduty"]
    routing_key_file: ConfigPath
    url: _Url = _PAGERDUTY


class SignedSettings(_Paced):
    """Anybody who checks a Standard Webhooks signature; each key signs."""

    kind: Literal["webhook"]
    url: _Url
    signing_key_file: _KeyFiles


NotifySettings: TypeAlias = Annotated[
    SnsSettings | SlackSettings | PagerDutySettings | SignedSettings,
    Discriminator("kind"),
]


def plain_warnings(channels: tuple[NotifySettings, ...]) -> list[str]:
    """What would cross a network unencrypted, in words for the log."""
    return [
        f"notify[{number}].url is http: names of secrets cross the network in clear"
        for number, channel in enumerate(channels)
        if isinstance(channel, PagerDutySettings | SignedSettings)
        and is_plain(channel.url)
    ]
