"""Why a receiver could not answer, or would not, in four lines for a person.

Only what our own system says of a failed connection is repeated, and the ``error``
that a receiver writes; never a header, a request or the body of somebody else.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from receiver.terminal.words import note


@dataclass(frozen=True, slots=True)
class Failure:
    """``what`` happened, ``where``, ``why``, and what to ``do``; as text, a line each,
    those that are empty left out. ``cause`` and ``field`` are in ``why`` too."""

    what: str
    where: str = ""
    why: str = ""
    do: str = ""
    cause: str = ""
    field: str = ""

    @property
    def details(self) -> dict[str, str]:
        """What is not empty, besides ``what``."""
        told = asdict(self)
        return {name: text for name, text in told.items() if text and name != "what"}

    def __str__(self) -> str:
        lines = {"where": self.where, "why": self.why, "do": self.do}
        rest = [f"  {name:<5}  {text}" for name, text in lines.items() if text]
        return "\n".join([self.what, *rest])


def no_answer(error: Exception, address: str, *, ca_variable: str) -> Failure:
    """For a call that got no answer. ``ca_variable`` names the file of certificates."""
    for cause in _chain(error):
        match cause:
            case ssl.SSLCertVerificationError():
                why = f"its certificate is not trusted: {cause.verify_message}"
                do = f"set {ca_variable} to the file of the CA that signed it"
            case ssl.SSLError():
                why = "what answers there does not speak TLS as we do"
                do = "check whether the address should begin with http:// or https://"
            case ConnectionRefusedError():
                why = "connection refused: nothing listens there"
                do = "start the receiver, or correct the address and its port"
            case socket.gaierror():
                why = f"the host name is not known: {cause.strerror}"
                do = "correct the address, or the name service of this host"
            case ConnectionResetError() | BrokenPipeError():
                why = "the connection was cut"
                do = "ask again; if it stays so, look at the receiver's log"
            case TimeoutError():
                why = "no answer in time"
                do = "check the address, firewalls in between, and the receiver's log"
            case _:
                continue
        return Failure("the receiver cannot be reached", address, why, do)
    return Failure(
        "the receiver cannot be reached",
        address,
        f"{type(error).__name__}: what answers there is not a receiver, or is ending",
        "check the address; https:// where the receiver has tls",
    )


def refusal(
    status: int, body: Mapping[str, Any] | None, *, where: str | None
) -> Failure:
    """For an answer that is an error, or no answer of ours at all (``body`` None).
    ``where`` is None when nobody was asked but ourselves."""
    says, do = _words(status, body)
    named = {key: note((body or {}).get(key)) for key in ("cause", "field")}
    if where is None:
        return Failure(says, do=do, **named)
    return Failure(f"the receiver answers {status}", where, says, do, **named)


def _words(status: int, body: Mapping[str, Any] | None) -> tuple[str, str]:
    """Why, and what to do."""
    if 300 <= status < 400:
        says = "it redirects elsewhere, and a token is not sent after it"
        return says, "give the address it redirects to"
    if body is None or not isinstance(body.get("error", ""), str):
        says = "the answer is none of a receiver's"
        return says, "check the address and what stands there"
    says, do = note(body.get("error", "")), _TO_DO.get(status, "")
    if field := body.get("field"):
        says = f"{note(field)}: {says}"
    if cause := body.get("cause"):
        says = f"{says} [{note(cause)}]"
    if body.get("who") and body.get("do"):
        do = f"{note(body['who'])}: {note(body['do'])}"
    return says, do


_TO_DO = {
    401: "set VAULT_REPLICATOR_TOKEN to a token that admin.tokens names there",
    403: "use a token whose scope includes it: read, sync, admin",
    404: "check what was asked for, and that the receiver is as new as this command",
    409: "ask anew; for a plan: vault-replicator plan",
    422: "correct it; --help says what is possible",
    429: "ask again in a few seconds",
    500: "look at the receiver's log, and please report it",
    503: "ask again in a few seconds; if it stays so, look at the receiver's log",
}


def _chain(error: BaseException | None) -> list[BaseException]:
    """The error, and what it came from, innermost first."""
    chain: list[BaseException] = []
    while error is not None and len(chain) < 10:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain[::-1]
