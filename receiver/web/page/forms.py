"""What a form of the page sends, read within bounds."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import msgspec
from starlette.requests import Request

from receiver.core.state import SecretRef
from receiver.web.auth import PAGES
from receiver.web.bodies import read_body
from receiver.web.references import bare, named
from receiver.web.refusals import Refused

#: A page of secrets, each with as long a name as there can be.
_MAX_FORM = 1024 * 1024
_MOST_FIELDS = 500
_FORM = "application/x-www-form-urlencoded"


class Form:
    """The fields of a form, of which some may stand in it several times."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = fields

    def one(self, name: str) -> str:
        """The field's value; empty when there is none."""
        return next((value for key, value in self._fields if key == name), "")

    def secrets(self) -> list[SecretRef]:
        """The secrets that were ticked. Raises Refused."""
        return [_ref(value) for key, value in self._fields if key == "secret"]


async def read_form(request: Request, *, seconds: float) -> Form:
    """Raises Refused."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != _FORM:
        raise Refused(415, "this is not what a form sends")
    body = await read_body(request, limit=_MAX_FORM, seconds=seconds)
    try:
        text = body.decode("ascii")
        fields = parse_qsl(text, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise Refused(422, "this is not what a form sends") from None
    return Form(fields)


def way_back(text: str) -> str:
    """Where to go after the login: one of our pages, else the first one."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    is_ours = not parts.scheme and not parts.netloc and parts.path in PAGES
    return parts._replace(fragment="").geturl() if is_ours else "/"


def _ref(value: str) -> SecretRef:
    try:
        namespace, mount, path = msgspec.json.decode(value, type=tuple[str, str, str])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Refused(422, "is no secret", field="secret") from None
    return SecretRef(
        bare("namespace", namespace), named("mount", mount), named("path", path)
    )
