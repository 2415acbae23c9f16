"""What each service is sent, byte by byte, in files that a person has read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from receiver.adapters.notify_pagerduty import pagerduty_events
from receiver.adapters.notify_slack import slack_body
from receiver.adapters.notify_sns import publication
from receiver.adapters.notify_webhook import webhook_body
from receiver.core.notify.trouble import Message, Severity, Trouble
from receiver.core.notify.wording import Herald

GOLDEN = Path(__file__).with_name("golden")
HERALD = Herald(source="vault-prod", public_url="https://replicator.internal:8443")
PARKED = Trouble(
    key="parked:VALUE_TOO_LARGE",
    severity=Severity.TICKET,
    summary="3 secrets are not replicated: VALUE_TOO_LARGE",
    count=3,
    names=("kv/team-f/cert", "kv/team-f/key"),
    do="secret's owner: split it, or add it to the rule's exclude",
    place="/secrets?state=parked",
)
VAULT = Trouble(
    key="vault",
    severity=Severity.PAGE,
    summary="Vault does not take our token: lookup-self: ConnectError",
    do="Vault admin: is Vault up and unsealed, and the token valid?",
)
HOSTILE = Trouble(
    key="parked:NAME_IMPOSSIBLE",
    severity=Severity.TICKET,
    summary="1 secret is not replicated: NAME_IMPOSSIBLE",
    names=("kv/<!channel> `*x*` & <https://evil|click>\r\nSubject: é\u202e",),
)
MESSAGE = Message(began=(VAULT,), lasting=(PARKED,), recovered=(HOSTILE,))

BODIES: dict[str, Callable[[Message, Herald], Any]] = {
    "sns": publication,
    "slack": slack_body,
    "pagerduty": lambda message, herald: list(pagerduty_events(message, herald)),
    "webhook": lambda message, herald: webhook_body(message, herald, 1_800_000_000),
}


@pytest.mark.parametrize("kind", BODIES)
def test_what_is_sent(kind: str) -> None:
    """Something new, something that lasts, something that is over."""
    golden = json.loads((GOLDEN / f"{kind}.json").read_text())

    assert BODIES[kind](MESSAGE, HERALD) == golden


@pytest.mark.parametrize("kind", BODIES)
def test_names_from_outside_are_only_text(kind: str) -> None:
    """A path can hold what a chat takes for a link or a mention, and what ends a line
    of a mail: it is shown as the text that it is."""
    sent = BODIES[kind](Message(began=(HOSTILE,)), HERALD)
    text = sent["Subject"] if kind == "sns" else json.dumps(sent)

    assert "\\u202e" not in text
    assert "\n" not in text
    if kind == "slack":
        assert "<!channel>" not in text
        assert "<https://evil" not in text


@pytest.mark.parametrize("kind", BODIES)
def test_a_thousand_troubles_fit(kind: str) -> None:
    """No service refuses a message because it is too long."""
    many = tuple(
        Trouble(
            key=f"refusing:{number}",
            severity=Severity.PAGE,
            summary=f"{number} " + "ü" * 5000,
            names=("n" * 5000,) * 5,
            do="d" * 5000,
        )
        for number in range(60)
    )
    sent = BODIES[kind](Message(began=many, recovered=many), HERALD)

    if kind == "slack":
        assert len(sent["blocks"]) <= 50
        assert all(len(block["text"]["text"]) <= 3000 for block in sent["blocks"])
    if kind == "sns":
        assert len(sent["Subject"]) < 100
        assert len(sent["Message"].encode()) <= 256 * 1024
        assert sent["Subject"].isascii()
    if kind == "pagerduty":
        assert all(len(event["dedup_key"]) <= 255 for event in sent)
        triggers = [event["payload"] for event in sent if "payload" in event]
        assert all(len(payload["summary"]) <= 1024 for payload in triggers)


def test_without_a_public_address_there_are_no_links() -> None:
    """Nobody is sent to an address that nobody has confirmed."""
    nowhere = Herald(source="vault-prod")
    for body in BODIES.values():
        assert "http" not in json.dumps(body(Message(began=(PARKED,)), nowhere))


def test_a_title_says_what_kind_of_news_it_is() -> None:
    """In a list of mails the subject is all there is."""
    titles = [
        HERALD.title(Message(began=(VAULT, PARKED))),
        HERALD.title(Message(lasting=(PARKED,))),
        HERALD.title(Message(recovered=(PARKED,))),
    ]

    assert titles == [
        "vault-prod: Vault does not take our token: lookup-self: ConnectError "
        "(and 1 more)",
        "vault-prod: still: 3 secrets are not replicated: VALUE_TOO_LARGE",
        "vault-prod: recovered: 3 secrets are not replicated: VALUE_TOO_LARGE",
    ]
