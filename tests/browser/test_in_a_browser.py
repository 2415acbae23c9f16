"""The page in a real browser: that it can be read and used by whoever comes, on what
they have, on good days and on bad ones.

Each test fails on anything that the browser itself complains of: an error of a script,
a file that is not there, and whatever the page's policy forbids.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import Open, Site
from tests.browser.unhealthy import (
    CONFLICTS,
    HELD,
    HOSTILE,
    IN_SYNC,
    MOUNT,
    PARKED,
)

pytestmark = pytest.mark.integration

SIZES: dict[str, ViewportSize] = {
    "phone": {"width": 375, "height": 812},
    "tablet": {"width": 820, "height": 1180},
    "desktop": {"width": 1440, "height": 900},
}
PATHS = [
    "/",
    "/secrets",
    "/secrets?state=parked",
    "/orders",
    "/configuration",
    f"/secret?mount={MOUNT}&path=app-000%2Fdb",
    f"/secret?mount={MOUNT}&path=shared%2F0001",
    f"/explain?mount={MOUNT}&path=shared%2F0001",
]
_RULES = {"resultTypes": ["violations"]}


@pytest.fixture(params=["healthy", "unhealthy"])
def site(request: pytest.FixtureRequest) -> Site:
    found: Site = request.getfixturevalue(request.param)
    return found


def assert_accessible(page: Page) -> None:
    """What axe-core checks: names, roles, contrast, order of headings and more."""
    found = Axe().run(page, options=_RULES)

    assert found.violations_count == 0, found.generate_report()


def assert_fits(page: Page) -> None:
    """Nobody has to scroll sideways."""
    wide, there = page.evaluate(
        "() => [document.scrollingElement.scrollWidth, innerWidth]"
    )

    assert wide <= there, page.url


@pytest.mark.parametrize("path", PATHS)
def test_everybody_can_read_it(visit: Open, site: Site, path: str) -> None:
    """Every page, on three sizes, by day and by night, whatever names secrets have."""
    page = visit(site, path)
    for size in SIZES.values():
        page.set_viewport_size(size)
        assert_fits(page)
    page.emulate_media(color_scheme="dark")
    assert_accessible(page)
    page.set_viewport_size(SIZES["phone"])
    page.emulate_media(color_scheme="light")
    assert_accessible(page)


def test_nothing_comes_from_elsewhere(visit: Open, site: Site) -> None:
    """Every request of every page goes to the receiver itself."""
    page = visit(site)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in PATHS:
        page.goto(path)

    assert {urlsplit(url).netloc for url in asked} == {urlsplit(site.address).netloc}


class TestAGoodDay:
    def test_it_is_seen_at_a_glance(self, visit: Open, healthy: Site) -> None:
        """Verdict, title and icon say so, on one screen of a desktop."""
        page = visit(healthy, viewport=SIZES["desktop"])

        expect(page.get_by_role("heading", level=1)).to_have_text(
            "All is well: 12 secrets are in sync."
        )
        expect(page).to_have_title("well · vault-prod")
        assert "icon-well.svg" in (page.locator("#icon").get_attribute("href") or "")
        tall = page.evaluate("() => document.scrollingElement.scrollHeight")
        assert tall <= SIZES["desktop"]["height"]
        expect(page.get_by_text("of 12 changes within 1 s")).to_be_visible()
        expect(page.get_by_text(re.compile("secrets? compared")).first).to_be_visible()
        expect(page.get_by_text("forwarder-1")).to_be_visible()

    def test_it_renews_itself(self, visit: Open, healthy: Site) -> None:
        """Without being loaded again, and not while somebody has ticked something."""
        page = visit(healthy)
        page.evaluate("() => { window.same = true }")
        written = page.locator("[data-live=rest]")
        with page.expect_response(lambda response: response.url.endswith("/")):
            written.evaluate("(part) => { part.dataset.seen = part.innerHTML }")
        page.wait_for_function(
            "() => { const part = document.querySelector('[data-live=rest]');"
            " return part.innerHTML !== part.dataset.seen }"
        )

        assert page.evaluate("() => window.same")

    def test_it_stops_while_hidden(self, visit: Open, healthy: Site) -> None:
        """Nobody looks, so nothing is asked; whoever comes back sees it fresh."""
        page = visit(healthy)
        page.clock.install()
        page.goto("/")
        asked: list[str] = []  # what kinds of things: an icon may still be coming
        page.on("request", lambda request: asked.append(request.resource_type))
        hide(page, True)
        page.clock.run_for(60_000)
        assert "fetch" not in asked

        with page.expect_response(f"{healthy.address}/"):
            hide(page, False)

    def test_a_change_in_vault_is_seen(self, visit: Open, healthy: Site) -> None:
        """Its page shows both sides, and syncing it leads back to it."""
        page = visit(healthy, "/secrets")
        page.get_by_role("link", name=re.compile("3$")).click()
        expect(page.get_by_text("in sync", exact=True)).to_be_visible()
        page.get_by_role("button", name="Sync now").click()

        expect(page.get_by_text("Queued: a worker compares both")).to_be_visible()
        expect(
            page.get_by_text(re.compile(r"wrote v1 to AWS, .* after Vault"))
        ).to_be_visible()


def hide(page: Page, hidden: bool) -> None:
    """As if the tab went to the background, or came back."""
    page.evaluate(
        "(hidden) => { Object.defineProperty(document, 'hidden',"
        " { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')) }",
        hidden,
    )


class TestABadDay:
    def test_it_is_seen_at_a_glance(self, visit: Open, unhealthy: Site) -> None:
        """How many need somebody, and what stands for most of them."""
        page = visit(unhealthy)
        total = PARKED + len(HOSTILE) + CONFLICTS + HELD

        expect(page.get_by_role("heading", level=1)).to_contain_text(
            f"{total:,} secrets need you"
        )
        expect(page.get_by_role("button", name=f"Retry all {PARKED:,}")).to_be_visible()
        expect(page.get_by_text(f"The brake holds {HELD}")).to_be_visible()
        assert "icon-attention.svg" in (
            page.locator("#icon").get_attribute("href") or ""
        )

    def test_counts_lead_to_lists(self, visit: Open, unhealthy: Site) -> None:
        """Which hide what is well, say how much they hide, and go on."""
        page = visit(unhealthy)
        page.get_by_role("link", name=re.compile("parked$")).click()

        expect(page).to_have_url(re.compile(r"state=parked"))
        expect(page.locator("tbody tr")).to_have_count(200)
        expect(page.get_by_text("more are not shown")).to_be_visible()
        assert page.get_by_text("in sync", exact=True).count() <= 1  # the filter's own
        page.get_by_role("link", name="Next page").click()
        expect(
            page.get_by_text(f"201 to 400 of {PARKED + len(HOSTILE):,}")
        ).to_be_visible()

    @pytest.mark.parametrize("name", HOSTILE)
    def test_names_are_only_names(
        self, visit: Open, unhealthy: Site, name: str
    ) -> None:
        """None of them runs, or asks for anything; each is found, and has its page."""
        page = visit(unhealthy)
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        page.get_by_label("Search secrets").fill(name)
        page.get_by_role("button", name="Search").click()
        page.locator("tbody a").first.click()
        expect(page.get_by_text("VALUE_TOO_LARGE").first).to_be_visible()
        assert_fits(page)

        assert dialogs == []
        assert page.locator("img, main script").count() == 0

    def test_who_may_only_read(self, visit: Open, unhealthy: Site) -> None:
        """Sees the same, and nothing to press but to search and to leave."""
        page = visit(unhealthy, token=unhealthy.reader)
        buttons = page.get_by_role("button").all_inner_texts()

        assert buttons == ["Search", "Log out"]
        expect(page.get_by_role("heading", level=1)).to_contain_text("need you")


class TestWithoutScript:
    """The same, with JavaScript switched off."""

    @pytest.fixture
    def page(self, visit: Open, unhealthy: Site) -> Page:
        return visit(unhealthy, java_script_enabled=False, viewport=SIZES["phone"])

    def test_it_renews_itself(self, page: Page) -> None:
        """By the browser's own means."""
        assert '<meta http-equiv="refresh" content="30">' in page.content()

    def test_retry_all_of_a_cause(self, page: Page) -> None:
        """The number is shown, and it is done on a second click."""
        page.get_by_role("button", name=re.compile(f"Retry all {CONFLICTS}")).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(
            f"Retry {CONFLICTS} secrets?"
        )
        page.get_by_role("link", name="No, go back").click()

        expect(page.get_by_role("heading", level=1)).to_contain_text("need you")

    def test_retry_what_is_ticked(self, page: Page) -> None:
        """And no other; how many it was is said."""
        page.goto("/secrets?state=drifted")
        page.locator("tbody input").first.check()
        page.get_by_role("button", name="Retry ticked").click()

        expect(page.get_by_role("status")).to_have_text(
            "1 secret queued to be tried again."
        )

    def test_adopting_is_asked_twice(self, page: Page) -> None:
        """What it means is said before it is done."""
        page.goto("/secrets?state=conflict")
        page.locator("tbody input").nth(3).check()
        page.get_by_role("button", name="Adopt ticked").click()

        expect(page.get_by_text("Adopting takes it over")).to_be_visible()

    def test_filter(self, page: Page) -> None:
        """Is an ordinary form."""
        page.goto("/secrets")
        page.get_by_label("State").select_option("in_sync")
        page.get_by_label("Text in path").fill("app-01")
        page.get_by_role("button", name="Show").click()

        assert page.locator("tbody tr").count() == min(10, IN_SYNC)


def test_the_session(visit: Open, healthy: Site) -> None:
    """No script reads the cookie; leaving ends it; a link survives the login."""
    page = visit(healthy, "/secrets?state=in_sync")
    (cookie,) = page.context.cookies()
    seen: Any = cookie

    assert (seen["httpOnly"], seen["sameSite"], seen["secure"]) == (True, "Lax", False)
    assert page.evaluate("() => document.cookie") == ""
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    page.goto("/orders")
    assert urlsplit(page.url).path == "/login"
    assert_accessible(page)


def test_a_receiver_that_does_not_answer(visit: Open, healthy: Site) -> None:
    """The page says that it is old instead of looking well for ever."""
    page = visit(healthy)
    page.clock.install()
    page.goto("/")
    page.evaluate("() => { window.fetch = async () => { throw new Error('gone') } }")
    page.clock.run_for(5_000)

    expect(page.get_by_role("alert")).to_have_text(
        "The receiver does not answer. This is how it was."
    )
