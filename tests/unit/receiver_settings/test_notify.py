"""``notify`` in the configuration: each kind, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from receiver.core.notify.telling import Pace
from receiver.notify_settings import PagerDutySettings, SignedSettings, SnsSettings
from receiver.settings import Settings, schema
from vault_audit_forwarder.program.config_file import ConfigError

Load = Callable[..., Settings]

TOPIC = "arn:aws:sns:eu-west-1:111111111111:oncall"


def test_every_kind(load: Load, files: Path) -> None:
    """With its keys, and the pace that is the same for all."""
    settings = load(
        {
            "public_url": "https://replicator.internal:8443/",
            "notify": [
                {"kind": "sns", "topic_arn": TOPIC, "digest": "5m", "remind": "1d"},
                {"kind": "slack", "webhook_url_file": "slack-url"},
                {"kind": "pagerduty", "routing_key_file": "routing-key"},
                {
                    "kind": "webhook",
                    "url": "https://hooks.internal/replicator",
                    "signing_key_file": "signing.key",
                },
            ],
        }
    )

    sns, slack, pagerduty, webhook = settings.notify
    assert settings.public_url == "https://replicator.internal:8443"
    assert isinstance(sns, SnsSettings)
    assert sns.region == "eu-west-1"
    assert sns.to_pace() == Pace(digest=300, remind=86_400)
    assert slack.to_pace() == Pace()
    assert isinstance(pagerduty, PagerDutySettings)
    assert pagerduty.url == "https://events.pagerduty.com/v2/enqueue"
    assert pagerduty.routing_key_file == files / "routing-key"
    assert isinstance(webhook, SignedSettings)
    assert webhook.signing_key_file == (files / "signing.key",)
    assert settings.warnings() == []


@pytest.mark.parametrize(
    ("channel", "says"),
    [
        ({"kind": "mail"}, "notify"),
        ({"kind": "sns"}, r"topic_arn: is required"),
        ({"kind": "sns", "topic_arn": "s3cr3t"}, "topic_arn: must have the form"),
        ({"kind": "sns", "topic_arn": f"{TOPIC}.fifo"}, "topic_arn: must have"),
        ({"kind": "slack", "webhook_url": "https://s3cr3t"}, "webhook_url_file"),
        ({"kind": "webhook", "url": "s3cr3t", "signing_key_file": "k"}, "url: must be"),
        ({"kind": "webhook", "url": "https://a", "signing_key_file": []}, "entries"),
        ({"kind": "slack", "webhook_url_file": "u", "digest": "15"}, "its unit"),
    ],
)
def test_what_is_refused(load: Load, channel: dict[str, Any], says: str) -> None:
    """At its place, without what stands there."""
    with pytest.raises(ConfigError, match=says) as caught:
        load({"notify": [channel]})

    assert "s3cr3t" not in str(caught.value)


def test_plain_http_is_warned_of(load: Load) -> None:
    """Names of secrets are not for everybody on the network."""
    channel = {"kind": "webhook", "signing_key_file": "signing.key"}
    notify = [
        channel | {"url": url}
        for url in ("http://hooks.internal/a", "http://127.0.0.1:9000/a", "https://b/c")
    ]

    (warning,) = load({"notify": notify}).warnings()
    assert warning.startswith("notify[0].url is http")


def test_the_schema_knows_the_kinds() -> None:
    """For completion in an editor."""
    kinds = str(schema()["properties"]["notify"])

    for name in ("SnsSettings", "SlackSettings", "PagerDutySettings", "SignedSettings"):
        assert name in kinds
