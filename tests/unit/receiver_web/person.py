"""Somebody with a browser, as far as HTTP shows it: cookies, and where a form is."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx

from tests.unit.receiver_web.conftest import World

#: What a browser says when a page of ours posts a form.
OURS = {"sec-fetch-site": "same-origin", "origin": "http://receiver"}
FORM = "application/x-www-form-urlencoded"


class Person:
    """Keeps the cookie that the login gives."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.cookie = ""

    def logs_in(self, token: str = "admin-token", **more: Any) -> httpx.Response:
        answer = self.posts("/login", {"token": token}, **more)
        self.cookie = answer.headers.get("set-cookie", "").partition(";")[0]
        return answer

    def sees(self, path: str) -> httpx.Response:
        return self._world.request("GET", path, headers=self._headers({}))

    def posts(
        self,
        path: str,
        fields: dict[str, Any] | None = None,
        *,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """A form. ``headers`` replace what a browser would say of where it is."""
        sent = {"content-type": FORM} | (OURS if headers is None else headers)
        body = urlencode(fields or {}, doseq=True).encode()
        return self._world.request(
            "POST", path, content=body, headers=self._headers(sent)
        )

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return ({"cookie": self.cookie} if self.cookie else {}) | more
