"""From a reference to a name in Secrets Manager, reversibly.

A byte that is neither ASCII letter nor digit nor one of ``/_.@-`` becomes ``+`` and
two upper-case hex digits; ``+`` itself too. So two references never meet in one
name by escaping alone.
"""

from __future__ import annotations

import re
import string

from receiver.core.causes import Cause, Permanent
from receiver.core.rules import Rule
from receiver.core.state import SecretRef

MAX_NAME = 512
MAX_TAG_VALUE = 256

_PLAIN = frozenset((string.ascii_letters + string.digits + "/_.@-").encode())
_PLAIN_TEXT = re.compile(r"[A-Za-z0-9/_.@-]*", re.ASCII)
_LEGAL_NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]+", re.ASCII)
_LIKE_A_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}\Z")
#: Only the namespace can be empty; it takes the slash beside it along.
_EMPTY_NAMESPACE = re.compile(r"\{namespace\}/|/\{namespace\}$|\{namespace\}")


def escape(text: str) -> str:
    """``text`` with every byte that a secret's name should not hold as ``+XX``."""
    if _PLAIN_TEXT.fullmatch(text):
        return text
    return "".join(
        chr(byte) if byte in _PLAIN else f"+{byte:02X}" for byte in text.encode()
    )


def name_of(rule: Rule, ref: SecretRef) -> str:
    """The secret's name under ``rule``. Raises Permanent(NAME_IMPOSSIBLE)."""
    template = rule.target.name
    if not ref.namespace:
        template = _EMPTY_NAMESPACE.sub("", template)
    name = template.format(
        namespace=escape(ref.namespace),
        mount=escape(ref.mount),
        path=escape(ref.path),
        rule=escape(rule.name),
    )
    if len(name) > MAX_NAME:
        raise Permanent(
            Cause.NAME_IMPOSSIBLE,
            f"the name would have {len(name)} characters, AWS holds {MAX_NAME}",
        )
    if not _LEGAL_NAME.fullmatch(name):
        raise Permanent(
            Cause.NAME_IMPOSSIBLE, "the name would hold a character that AWS refuses"
        )
    return name


def warning_of(name: str) -> str | None:
    """What is unwise about ``name``, though AWS takes it."""
    if _LIKE_A_SUFFIX.search(name):
        return (
            "the name ends in a hyphen and six characters, as ARNs do: AWS finds it "
            "by its whole ARN or name only"
        )
    return None


def path_tag(ref: SecretRef) -> str:
    """The value of the tag ``vault-path``."""
    return escape(str(ref))[:MAX_TAG_VALUE]
