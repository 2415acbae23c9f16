"""A browser, and two receivers for it to look at: one that is well, one that is not."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from receiver.demo.emulator import Emulator
from receiver.demo.installation import Installation, Layout, Mount
from tests.acceptance.scene import rule, wait_until
from tests.browser.unhealthy import unhealthy_receiver

_ROOT = Path(__file__).parents[2]
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Site:
    """A receiver as a person gets to know it: an address, and tokens."""

    address: str
    token: str
    reader: str = ""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Not for the whole session: while it runs, no other test could run a loop."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip("there is no chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A whole installation in which a dozen secrets were just replicated."""
    with ExitStack() as undo:
        emulator = Emulator(
            tmp_path_factory.mktemp("emulator"),
            module="tests.strict_aws",
            env={"PYTHONPATH": str(_ROOT)},
        )
        undo.callback(emulator.stop)
        emulator.start()
        mount = f"kv-{secrets.token_hex(4)}"
        installation = Installation(
            tmp_path_factory.mktemp("healthy"),
            Layout(
                mounts=[Mount(name=mount)], rules=[rule(mount)], source="vault-prod"
            ),
            aws_endpoint=emulator.endpoint,
        )
        undo.callback(installation.stop)
        installation.start()
        for number in range(12):
            installation.vault().put(mount, f"app/{number}", {"password": "x"})
        token = installation.keys.admin_token
        program = installation.receiver
        wait_until(
            lambda: 'state="in_sync"} 12.0' in program.metrics(), "all are in AWS"
        )
        yield Site(program.address, token)


@pytest.fixture(scope="session")
def unhealthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A receiver without Vault, and thousands of secrets that need somebody."""
    program, keys = unhealthy_receiver(tmp_path_factory.mktemp("unhealthy"))
    with ExitStack() as undo:
        undo.callback(program.stop)
        program.start()
        yield Site(program.address, keys.admin_token, f"read-{keys.admin_token}")


#: Opens a page in a browser of its own; the keywords are those of a context.
Open = Callable[..., Page]


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Open]:
    """Log in and go to a page. Whatever the browser complains of fails the test."""
    complaints: list[str] = []
    with ExitStack() as undo:

        def opened(site: Site, path: str = "/", *, token: str = "", **how: Any) -> Page:
            context = chromium.new_context(base_url=site.address, **how)
            undo.callback(context.close)
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console",
                lambda said: (
                    complaints.append(said.text) if said.type == "error" else None
                ),
            )
            page.goto(path)
            page.get_by_label("Token").fill(token or site.token)
            page.get_by_role("button", name="Log in").click()
            page.wait_for_url(f"{site.address}{path}")
            return page

        yield opened
    assert complaints == []
