"""A message as text: the same words for a mail, a chat and a pager.

What comes from outside (paths of secrets, lines of faults) is made printable and cut,
because it ends up in other people's programs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from receiver.core.notify.trouble import Message, Trouble

_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Herald:
    """Who speaks: ``source`` is the name of our Vault, ``public_url`` where people
    reach the status page, None when nobody has said."""

    source: str
    public_url: str | None = None

    def link(self, trouble: Trouble) -> str | None:
        """Where the trouble can be seen."""
        return self.public_url and self.public_url + trouble.place

    def title(self, message: Message) -> str:
        """One line for all of it."""
        first = message.began or message.lasting or message.recovered
        others = len(message.began + message.lasting + message.recovered) - 1
        word = "recovered: " if first is message.recovered else ""
        word = "still: " if first is message.lasting else word
        more = f" (and {others} more)" if others else ""
        return printable(f"{self.source}: {word}{first[0].summary}{more}")

    def text(self, message: Message) -> str:
        """All of it, for people."""
        lines = [self.title(message)]
        for heading, troubles in sections(message):
            lines += ["", heading]
            for trouble in troubles:
                lines += self._lines(trouble, is_over=troubles is message.recovered)
        return "\n".join(lines) + "\n"

    def _lines(self, trouble: Trouble, *, is_over: bool) -> Iterator[str]:
        yield f"- {printable(trouble.summary)}"
        if is_over:
            return
        if trouble.names:
            yield f"    {few(trouble)}"
        if trouble.do:
            yield f"    do: {printable(trouble.do)}"
        if link := self.link(trouble):
            yield f"    {link}"


def sections(message: Message) -> Iterator[tuple[str, Sequence[Trouble]]]:
    """Headings, and what stands under each; empty ones are left out."""
    for heading, troubles in (
        ("NEW", message.began),
        ("STILL", message.lasting),
        ("RECOVERED", message.recovered),
    ):
        if troubles:
            yield heading, troubles


def few(trouble: Trouble) -> str:
    """The names that are known, and how many more there are."""
    named = ", ".join(map(printable, trouble.names))
    left = trouble.count - len(trouble.names)
    return f"{named} and {left:,} more" if left > 0 else named


def printable(text: str) -> str:
    """One line without control characters, of bounded length."""
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
