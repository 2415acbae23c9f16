"""Sessions: who gets one, what it opens, how it ends, and what other sites can do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from receiver.core.state import State
from receiver.keyring import Token
from receiver.web.app import create_app
from receiver.web.auth import LOGIN, PAGES, foreign
from receiver.web.page.forms import way_back
from receiver.web.session import COOKIE, LASTS, seal, unseal
from tests.unit.receiver_web.conftest import TOKENS, World
from tests.unit.receiver_web.person import OURS, Person

ADMIN = TOKENS[-1]
READS = sorted(PAGES - {"/adopt", "/logout", "/retry", "/sync"})


def paths_of(router: Any) -> Iterator[str]:
    """Of all its routes, and of those that it includes."""
    for route in router.routes:
        included = getattr(route, "original_router", None)
        yield from [route.path] if included is None else paths_of(included)


class TestTheCookie:
    def test_it_is_for_the_server_alone(self, world: World) -> None:
        """No script reads it, no other site's form brings it, it ends with a shift."""
        answer = Person(world).logs_in()
        cookie = answer.headers["set-cookie"]

        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert cookie.startswith(f"{COOKIE}=")
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert f"Max-Age={LASTS}" in cookie
        assert "Secure" not in cookie  # over http it would be refused
        assert ADMIN.secret not in cookie

    def test_it_is_secure_where_the_browser_speaks_https(self, world: World) -> None:
        """Also behind a proxy that speaks https in our place."""
        answer = Person(world).logs_in(headers=OURS | {"origin": "https://receiver"})

        assert "Secure" in answer.headers["set-cookie"]

    def test_a_wrong_token_gets_none(self, world: World) -> None:
        """And is not repeated."""
        answer = Person(world).logs_in("no-such-token")

        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert "no-such-token" not in answer.text

    def test_it_names_the_token_it_was_made_with(self) -> None:
        """For twelve hours; then somebody has to log in anew."""
        for token in TOKENS:
            cookie = seal(token, 1000.0)

            assert unseal(cookie, TOKENS, 1000.0 + LASTS - 1) == token
            assert unseal(cookie, TOKENS, 1000.0 + LASTS) is None
            assert unseal(cookie, TOKENS, 0.0) is None

    def test_another_secret_ends_it(self) -> None:
        """A token that is rotated, removed, or goes to somebody else logs out."""
        cookie = seal(ADMIN, 0.0)

        assert unseal(cookie, TOKENS[:-1], 1.0) is None
        assert unseal(cookie, [replace(ADMIN, secret="new")], 1.0) is None
        assert unseal(cookie, [replace(ADMIN, name="other")], 1.0) is None

    def test_its_scope_is_that_of_the_token_now(self) -> None:
        """Who may do less since then may do less at once."""
        now = replace(ADMIN, scope="read")

        assert unseal(seal(ADMIN, 0.0), [now], 1.0) == now

    @pytest.mark.parametrize(
        "cookie",
        [
            "",
            ".",
            "a.b",
            "\xff",
            "WyJvbmNhbGwiLDBd.",
            seal(ADMIN, 0.0)[:-2],
            "x" * 9999,
        ],
    )
    def test_what_was_not_signed_here(self, cookie: str) -> None:
        """Opens nothing."""
        assert unseal(cookie, TOKENS, 1.0) is None

    def test_logging_out(self, world: World) -> None:
        """The cookie is taken back."""
        person = Person(world)
        person.logs_in()
        answer = person.posts("/logout")

        assert (answer.status_code, answer.headers["location"]) == (303, LOGIN)
        assert f'{COOKIE}=""; ' in answer.headers["set-cookie"]
        assert "Max-Age=0" in answer.headers["set-cookie"]


class TestTheDoor:
    @pytest.mark.parametrize("path", sorted(PAGES))
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_nothing_is_shown_without_a_session(
        self, world: World, method: str, path: str
    ) -> None:
        """Every page sends strangers to the login; so does a session that is over."""
        for cookie in ("", f"{COOKIE}={seal(ADMIN, world.clock.now() - LASTS)}"):
            headers = {**OURS, "cookie": cookie}
            answer = world.request(method, path, headers=headers)

            assert answer.status_code == 303
            assert answer.headers["location"].startswith(LOGIN)
            assert answer.content == b""

    def test_no_page_was_forgotten(self, world: World) -> None:
        """Whatever the application shows is open to all, or behind one of the doors."""
        paths = set(paths_of(create_app(world.parts).router))
        rest = {path for path in paths if not path.startswith("/v1/")} - PAGES

        assert paths > PAGES
        assert rest <= {"/healthz", "/readyz", "/metrics", LOGIN, "/static/{name}"}

    def test_a_link_survives_the_login(self, world: World) -> None:
        """Where somebody wanted to go is where they are after it."""
        wanted = "/secret?mount=kv&path=a%2Fb+c"
        to_login = Person(world).sees(wanted).headers["location"]
        form = Person(world).sees(to_login).text
        person = Person(world)
        after = person.posts("/login", {"token": "admin-token", "next": wanted})

        assert to_login == f"/login?next={quote(wanted, safe='')}"
        assert 'value="/secret?mount=kv&amp;path=a%2Fb+c"' in form
        assert after.headers["location"] == wanted

    @pytest.mark.parametrize(
        "text",
        [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "/v1/status",
            "/login",
            "javascript:alert(1)",
            "http://[",
            "",
            "/secrets\r\nset-cookie: a=b",
        ],
    )
    def test_it_leads_to_our_own_pages_alone(self, text: str) -> None:
        """A link to the login can not send anybody elsewhere."""
        assert way_back(text) in ("/", "/secrets")

    def test_a_session_opens_no_api(self, world: World) -> None:
        """Programs show a token; a cookie is none. Nor does a token open the page."""
        person = Person(world)
        person.logs_in()

        assert person.sees("/v1/status").status_code == 401
        assert world.request("GET", "/", token="admin-token").status_code == 303


class TestOtherSites:
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
            {"sec-fetch-site": "same-site", "origin": "http://other.receiver"},
            {"sec-fetch-site": "none"},
            {"sec-fetch-site": "cross-site", "origin": "http://receiver"},
            {"sec-fetch-site": "same-origin", "origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": "http://receiver:8080"},
            {"origin": "http://receiver.evil.example"},
        ],
    )
    @pytest.mark.parametrize("path", ["/login", "/logout", "/retry", "/adopt", "/sync"])
    def test_their_forms_do_nothing(
        self, world: World, path: str, headers: dict[str, str]
    ) -> None:
        """Whatever session the browser adds to them."""
        person = Person(world)
        person.logs_in()
        answer = person.posts(path, {"cause": "KMS_DENIED"}, headers=headers)

        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
        assert world.journal.deeds(before=None, limit=9) == []

    @pytest.mark.parametrize(
        "headers",
        [
            {"sec-fetch-site": "same-origin"},
            {"origin": "http://receiver"},
            {"origin": "https://receiver"},
        ],
    )
    def test_either_sign_is_enough(self, headers: dict[str, str]) -> None:
        """Browsers tell no site over plain http, and a proxy may speak https for us."""
        assert foreign({"host": "receiver"} | headers) is None


class TestScopes:
    @pytest.mark.parametrize("path", READS)
    def test_read_sees_everything(self, world: World, path: str) -> None:
        """And finds nothing there that could be pressed."""
        world.enter("a", State.PARKED, cause="KMS_DENIED")
        person = Person(world)
        person.logs_in("read-token")
        names = "?mount=kv&path=a" if path in ("/secret", "/explain") else ""
        answer = person.sees(path + names)

        assert answer.status_code == 200
        for action in ("/retry", "/adopt", "/sync"):
            assert f'action="{action}"' not in answer.text

    @pytest.mark.parametrize(
        ("token", "path", "status"),
        [
            ("read-token", "/sync", 403),
            ("read-token", "/retry", 403),
            ("sync-token", "/retry", 403),
            ("sync-token", "/adopt", 403),
            ("sync-token", "/sync", 303),
            ("admin-token", "/retry", 303),
        ],
    )
    def test_what_a_scope_allows(
        self, world: World, token: str, path: str, status: int
    ) -> None:
        """The same as over the API."""
        world.enter("a")
        person = Person(world)
        person.logs_in(token)
        answer = person.posts(path, {"secret": '["", "kv", "a"]'})

        assert answer.status_code == status
        assert bool(world.queue.hints) == (status == 303)


def test_no_tokens_at_all(world: World) -> None:
    """Without configured tokens nobody gets in, and nothing breaks."""
    assert unseal(seal(Token("x", "admin", "y"), 0.0), [], 0.0) is None
