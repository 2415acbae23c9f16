"""People are told once when something is wrong, and once when it is over."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from receiver.demo.emulator import ENVIRONMENT, REGION, Emulator
from receiver.demo.programs import write_secret
from tests.acceptance.scene import Build, Scene, metric, wait_until
from tests.acceptance.sink import Sink
from vault_audit_forwarder import signing

CANARY = "canary-told-" + "x" * 70_000  # too large for AWS
ROUTING_KEY = "r0ut1ng"


class Mailbox:
    """A subscriber of a new topic."""

    def __init__(self, emulator: Emulator) -> None:
        clients = [
            boto3.client(
                service,
                endpoint_url=emulator.endpoint,
                region_name=REGION,
                aws_access_key_id=ENVIRONMENT["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
            )
            for service in ("sns", "sqs")
        ]
        self._sns, self._sqs = clients
        name = f"oncall-{secrets.token_hex(4)}"
        self.topic = self._sns.create_topic(Name=name)["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{self.topic.split(':')[4]}:{name}"
        self._sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn)
        self.mails: list[dict[str, Any]] = []

    def look(self) -> list[dict[str, Any]]:
        """All that came so far."""
        answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            self.mails.append(json.loads(message["Body"]))
            handle = message["ReceiptHandle"]
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=handle)
        return self.mails

    def close(self) -> None:
        for client in (self._sns, self._sqs):
            client.close()


@dataclass
class Watched:
    """An installation whose troubles go to a mailbox and a sink, by every way."""

    scene: Scene
    mailbox: Mailbox
    sink: Sink
    signing_key: str

    def documents(self, path: str) -> list[dict[str, Any]]:
        """What was posted there."""
        return [json.loads(one.body) for one in self.sink.on(path)]


@pytest.fixture
def watched(tmp_path: Path, build: Build, emulator: Emulator) -> Iterator[Watched]:
    with closing(Sink()) as sink, closing(Mailbox(emulator)) as mailbox:
        signing_key = signing.new_key()
        write_secret(tmp_path / "slack-url", f"{sink.address}/slack/s3cr3t")
        write_secret(tmp_path / "routing-key", ROUTING_KEY)
        write_secret(tmp_path / "notify.key", signing_key)
        channels = [
            {"kind": "sns", "topic_arn": mailbox.topic},
            {"kind": "slack", "webhook_url_file": "slack-url"},
            {
                "kind": "pagerduty",
                "routing_key_file": "routing-key",
                "url": f"{sink.address}/pagerduty",
            },
            {
                "kind": "webhook",
                "url": f"{sink.address}/webhook",
                "signing_key_file": "notify.key",
            },
        ]
        scene = build(
            replicator={
                "notify": channels,
                "public_url": "https://replicator.example",
            }
        )
        yield Watched(scene, mailbox, sink, signing_key)


def test_a_secret_that_parks_and_is_mended(watched: Watched) -> None:
    """One message on every way, with name, cause, remedy and link; then one that it is
    over; and no value is in any of it."""
    scene = watched.scene
    scene.put("app/cert", text=CANARY)
    wait_until(lambda: len(watched.documents("/webhook")) == 1, "it is told")
    wait_until(lambda: len(watched.mailbox.look()) == 1, "it is mailed")
    _is_told_of(watched)

    scene.arrives("app/cert", scene.put("app/cert", text="short"))
    wait_until(lambda: len(watched.documents("/webhook")) == 2, "it is said to be over")
    wait_until(lambda: len(watched.mailbox.look()) == 2, "by mail too")
    _is_told_to_be_over(watched)

    said = b"".join(one.body for one in watched.sink.posted)
    assert CANARY[:40] not in said.decode() + json.dumps(watched.mailbox.mails)
    counted = metric(scene.receiver, "vault_replicator_notifications_total")
    assert counted == 8


def _is_told_of(watched: Watched) -> None:
    name = watched.scene.name("app/cert")
    (mail,) = watched.mailbox.mails
    assert "VALUE_TOO_LARGE" in mail["Subject"]
    assert name in mail["Message"]
    assert mail["MessageAttributes"]["severity"]["Value"] == "ticket"

    (slack,) = watched.documents("/slack/s3cr3t")
    assert name in json.dumps(slack)
    assert "https://replicator.example/secrets?state=parked" in json.dumps(slack)

    (event,) = watched.documents("/pagerduty")
    assert (event["routing_key"], event["event_action"]) == (ROUTING_KEY, "trigger")

    (posted,) = watched.sink.on("/webhook")
    key = signing.parse_key(watched.signing_key)
    signing.verify([key], posted.headers, posted.body, now=time.time(), tolerance=60)
    (trouble,) = json.loads(posted.body)["data"]["began"]
    assert trouble["names"] == [name]
    assert "split it" in trouble["do"]


def _is_told_to_be_over(watched: Watched) -> None:
    assert "recovered" in watched.mailbox.mails[1]["Subject"]
    _, slack = watched.documents("/slack/s3cr3t")
    assert "recovered" in slack["text"]
    trigger, resolve = watched.documents("/pagerduty")
    assert resolve["event_action"] == "resolve"
    assert resolve["dedup_key"] == trigger["dedup_key"]
    (over,) = watched.documents("/webhook")[1]["data"]["recovered"]
    assert over["key"] == "parked:VALUE_TOO_LARGE"
