"""Channels as the configuration makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from receiver.core.notify.trouble import Message, Severity, Trouble
from receiver.core.notify.wording import Herald
from receiver.notify_channels import Channels
from receiver.notify_settings import SlackSettings, SnsSettings
from receiver.notifying import NotSent
from vault_audit_forwarder.program.config_file import SecretFileError

TOPIC = "arn:aws:sns:eu-west-1:111111111111:oncall"
MESSAGE = Message(
    began=(Trouble(key="vault", severity=Severity.PAGE, summary="Vault is away"),)
)


class FakeSns:
    """A client of SNS; ``error`` is what it raises."""

    def __init__(self) -> None:
        self.regions: list[str] = []
        self.published: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def client(self, region: str) -> FakeSns:
        self.regions.append(region)
        return self

    def publish(self, **request: Any) -> None:
        if self.error is not None:
            raise self.error
        self.published.append(request)


@pytest.fixture
def sns() -> FakeSns:
    return FakeSns()


@pytest.fixture
def channels(sns: FakeSns) -> Channels:
    return Channels(
        Herald(source="vault-prod"),
        sns=sns.client,
        on_request=lambda *_: None,
        now=lambda: 1e9,
    )


def sns_settings(**more: Any) -> SnsSettings:
    return SnsSettings.model_validate({"kind": "sns", "topic_arn": TOPIC} | more)


def test_a_topic_is_spoken_to_in_its_own_region(
    channels: Channels, sns: FakeSns
) -> None:
    """Wherever the secrets go."""
    listener = channels.listener(sns_settings())
    decision = listener.decide(MESSAGE.began, 1e9, unsure_before=0.0)

    assert listener.tell(decision, 1.0) == "sent"
    assert sns.regions == ["eu-west-1"]
    assert sns.published[0]["TopicArn"] == TOPIC


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AuthorizationError"}}, "Publish"),
        EndpointConnectionError(endpoint_url="https://s3cr3t"),
    ],
)
def test_a_topic_that_refuses(
    channels: Channels, sns: FakeSns, error: Exception
) -> None:
    """Is a failure to be tried again, whatever it is."""
    sns.error = error
    listener = channels.listener(sns_settings())
    decision = listener.decide(MESSAGE.began, 1e9, unsure_before=0.0)

    assert listener.tell(decision, 1.0) == "failed"
    with pytest.raises(NotSent) as caught:
        listener._channel.send(MESSAGE)
    assert "Publish" in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_a_channel_keeps_its_name(channels: Channels, tmp_path: Path) -> None:
    """Another pace is the same channel, another destination is another one."""
    (tmp_path / "url").write_text("https://hooks.slack.test/s3cr3t")
    settings = SlackSettings(kind="slack", webhook_url_file=tmp_path / "url")
    names = [
        channels.listener(one).name
        for one in (sns_settings(), sns_settings(digest="1h"), settings)
    ]
    other = channels.listener(sns_settings(topic_arn=f"{TOPIC}-2")).name

    assert names[0] == names[1]
    assert len({*names, other}) == 3


def test_a_file_that_is_not_there(channels: Channels, tmp_path: Path) -> None:
    """Is refused before anything starts, and named."""
    settings = SlackSettings(kind="slack", webhook_url_file=tmp_path / "url")
    with pytest.raises(SecretFileError, match="url"):
        channels.listener(settings)
