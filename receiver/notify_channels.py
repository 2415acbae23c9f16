"""Makes the channels that the configuration names.

A channel's name is made of what it is and where it goes, so that what it was told is
found again after a restart, whatever the order in the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from receiver.adapters.aws_errors import OnRequest
from receiver.adapters.notify_files import SecretText, ToldFile
from receiver.adapters.notify_http import Poster
from receiver.adapters.notify_pagerduty import PagerDutyChannel
from receiver.adapters.notify_slack import SlackChannel
from receiver.adapters.notify_sns import SnsChannel
from receiver.adapters.notify_webhook import SignedChannel
from receiver.core.notify.troubles import troubles_of
from receiver.core.notify.wording import Herald
from receiver.core.rules import TargetSpec
from receiver.notify_settings import (
    NotifySettings,
    PagerDutySettings,
    SignedSettings,
    SlackSettings,
    SnsSettings,
)
from receiver.notifying import Channel, Listener, Notifier
from receiver.settings import Settings
from receiver.situation import Situation

_PACE = {"digest", "remind"}


def make_notifier(
    settings: Settings, situation: Situation, *, sns: Callable[[TargetSpec], Any]
) -> Notifier:
    """Who tells people, not yet started. ``sns`` gives boto3's client for an account
    and Region. Raises SecretFileError when a file cannot be read."""
    parts = situation.parts

    def client(region: str) -> Any:
        return sns(settings.aws.placed(TargetSpec(region=region)))

    channels = Channels(
        Herald(source=settings.vault.source, public_url=settings.public_url),
        sns=client,
        on_request=parts.metrics.aws_request,
        now=parts.now,
    )
    state = settings.queue.path
    return Notifier(
        [channels.listener(channel) for channel in settings.notify],
        lambda: troubles_of(situation.facts(parts.now())),
        memory=ToldFile(state.with_name(f"{state.name}.told")),
        report=parts.metrics,
        now=parts.now,
    )


class Channels:
    """Makes them. ``sns`` gives boto3's client for a Region."""

    def __init__(
        self,
        herald: Herald,
        *,
        sns: Callable[[str], Any],
        on_request: OnRequest,
        now: Callable[[], float],
    ) -> None:
        self._herald = herald
        self._sns = sns
        self._on_request = on_request
        self._now = now
        self._poster = Poster()

    def listener(self, settings: NotifySettings) -> Listener:
        """Raises SecretFileError when a file it needs cannot be read."""
        where = settings.model_dump_json(exclude=_PACE).encode()
        name = f"{settings.kind}-{hashlib.sha256(where).hexdigest()[:12]}"
        return Listener(
            name, settings.kind, self._channel(settings), settings.to_pace()
        )

    def _channel(self, settings: NotifySettings) -> Channel:
        herald, poster = self._herald, self._poster
        match settings:
            case SnsSettings():
                client = self._sns(settings.region)
                return SnsChannel(client, settings.topic_arn, herald, self._on_request)
            case SlackSettings():
                return SlackChannel(
                    SecretText(settings.webhook_url_file), herald, poster
                )
            case PagerDutySettings():
                key = SecretText(settings.routing_key_file)
                return PagerDutyChannel(settings.url, key, herald, poster)
            case SignedSettings():
                keys = [SecretText(path) for path in settings.signing_key_file]
                return SignedChannel(settings.url, keys, herald, poster, now=self._now)
