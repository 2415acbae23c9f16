"""Templates and static files become answers, each with the headers that keep a browser
from anything we did not write.

Templates escape whatever they are given; a name that is not given is an error. Nothing
is loaded from elsewhere, no code or style stands in a page, and no other site may frame
it.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",  # the page asks for itself again
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_GUARDED = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    # With no-referrer, browsers would post our forms with an Origin of null.
    "Referrer-Policy": "same-origin",
}
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_PACKAGE = "receiver.web.page"


class Renderer:
    """Reads templates and static files once, when it is built."""

    def __init__(self) -> None:
        self._static = {
            file.name: file.read_bytes()
            for file in (resources.files(_PACKAGE) / "static").iterdir()
            if file.name.endswith(tuple(_TYPES))
        }
        self._env = Environment(
            loader=PackageLoader(_PACKAGE),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.globals["asset"] = self._address

    def page(self, template: str, status: int = 200, **given: Any) -> HTMLResponse:
        """A page; nobody may keep it."""
        html = self._env.get_template(template).render(given)
        headers = _GUARDED | {"Cache-Control": "no-store"}
        return HTMLResponse(html, status, headers)

    def static(self, name: str) -> Response | None:
        """A static file; None: there is none of that name. Its address changes with
        its content, so that it may be kept for ever."""
        body = self._static.get(name)
        if body is None:
            return None
        kept = {"Cache-Control": "public, max-age=31536000, immutable"}
        kind = _TYPES["." + name.rpartition(".")[2]]
        return Response(body, media_type=kind, headers=_GUARDED | kept)

    def _address(self, name: str) -> str:
        digest = hashlib.sha256(self._static[name]).hexdigest()[:12]
        return f"/static/{name}?{digest}"
