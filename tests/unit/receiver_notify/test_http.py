"""Posting: what counts as delivered, and what an error may say."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from receiver.adapters.notify_files import SecretText
from receiver.adapters.notify_http import Poster
from receiver.adapters.notify_pagerduty import PagerDutyChannel
from receiver.adapters.notify_slack import SlackChannel
from receiver.adapters.notify_webhook import SignedChannel
from receiver.core.notify.trouble import Message, Severity, Trouble
from receiver.core.notify.wording import Herald
from receiver.notifying import NotSent
from vault_audit_forwarder import signing

HERALD = Herald(source="vault-prod")
VAULT = Trouble(key="vault", severity=Severity.PAGE, summary="Vault is away")
MESSAGE = Message(began=(VAULT,))
SECRET_URL = "https://hooks.slack.test/services/T0/B0/s3cr3t"


class Service:
    """Answers with ``status``, and keeps what came."""

    def __init__(self, status: int = 200, **headers: str) -> None:
        self.requests: list[httpx.Request] = []
        self.poster = Poster(httpx.MockTransport(self._answer))
        self._status = status
        self._headers = headers

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self._status, headers=self._headers, text="no_service")


@pytest.fixture
def url(tmp_path: Path) -> SecretText:
    (tmp_path / "slack-url").write_text(SECRET_URL + "\n")
    return SecretText(tmp_path / "slack-url")


def test_slack_is_reached_by_what_the_file_holds(
    url: SecretText, tmp_path: Path
) -> None:
    """And by what it holds later: a new address needs no restart."""
    service = Service()
    channel = SlackChannel(url, HERALD, service.poster)
    channel.send(MESSAGE)
    (tmp_path / "slack-url").write_text(SECRET_URL + "-2\n")
    channel.send(MESSAGE)

    assert [str(one.url) for one in service.requests] == [SECRET_URL, SECRET_URL + "-2"]


@pytest.mark.parametrize("status", [301, 400, 403, 404, 429, 500, 503])
def test_all_but_a_2xx_is_a_failure(url: SecretText, status: int) -> None:
    """A redirect too: it is not followed. The error names no address and no answer."""
    service = Service(status, **{"Retry-After": "70", "Location": "https://evil.test"})
    with pytest.raises(NotSent) as caught:
        SlackChannel(url, HERALD, service.poster).send(MESSAGE)

    assert str(caught.value) == f"the answer was {status}"
    assert caught.value.after == 70
    assert len(service.requests) == 1


def test_no_answer_is_a_failure_that_names_no_address(url: SecretText) -> None:
    """Neither in the error nor in what it was raised from."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"cannot reach {request.url}")

    poster = Poster(httpx.MockTransport(refuse))
    with pytest.raises(NotSent) as caught:
        SlackChannel(url, HERALD, poster).send(MESSAGE)

    assert str(caught.value) == "no answer: ConnectError"
    assert caught.value.__cause__ is None
    assert "s3cr3t" not in repr(url)


def test_what_is_in_the_file_is_no_address(tmp_path: Path) -> None:
    """A slip in a file is a failure to notify and no more."""
    (tmp_path / "slack-url").write_text("s3cr3t without a scheme")
    channel = SlackChannel(SecretText(tmp_path / "slack-url"), HERALD, Poster())
    with pytest.raises(NotSent) as caught:
        channel.send(MESSAGE)

    assert "s3cr3t" not in str(caught.value)


def test_a_file_that_went_away(url: SecretText, tmp_path: Path) -> None:
    """The same, and the error says which file."""
    (tmp_path / "slack-url").unlink()
    with pytest.raises(NotSent, match="slack-url"):
        SlackChannel(url, HERALD, Service().poster).send(MESSAGE)


def test_pagerduty_gets_an_event_for_each_trouble(tmp_path: Path) -> None:
    """With the key from the file, trigger before resolve."""
    (tmp_path / "key").write_text("R0UT1NG")
    service = Service(202)
    channel = PagerDutyChannel(
        "https://events.test", SecretText(tmp_path / "key"), HERALD, service.poster
    )
    channel.send(Message(began=(VAULT,), recovered=(VAULT,)))

    events = [json.loads(request.content) for request in service.requests]
    assert [event["event_action"] for event in events] == ["trigger", "resolve"]
    assert {event["routing_key"] for event in events} == {"R0UT1NG"}
    assert len({event["dedup_key"] for event in events}) == 1


def test_a_webhook_is_signed_with_every_key(tmp_path: Path) -> None:
    """Whoever knows one of them can check it."""
    keys = [signing.new_key(), signing.new_key()]
    files = []
    for number, key in enumerate(keys):
        (tmp_path / f"key-{number}").write_text(key)
        files.append(SecretText(tmp_path / f"key-{number}"))
    service = Service(204)
    channel = SignedChannel(
        "https://hooks.test", files, HERALD, service.poster, now=lambda: 1e9
    )
    channel.send(MESSAGE)

    (request,) = service.requests
    for key in keys:
        signing.verify(
            [signing.parse_key(key)],
            request.headers,
            request.content,
            now=1e9,
            tolerance=1,
        )


def test_a_signing_key_that_is_none(tmp_path: Path) -> None:
    """Is a failure without its text."""
    (tmp_path / "key").write_text("s3cr3t")
    files = [SecretText(tmp_path / "key")]
    channel = SignedChannel(
        "https://hooks.test", files, HERALD, Service().poster, now=lambda: 1e9
    )
    with pytest.raises(NotSent) as caught:
        channel.send(MESSAGE)

    assert "s3cr3t" not in str(caught.value)
