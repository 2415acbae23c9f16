"""The pictures in the README, drawn anew: ``python -m tests.browser.pictures``.

The page is the real one; what it shows is made up, and an hour of it passes in a
moment.
"""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, sync_playwright

from receiver.core.state import Hint, SecretRef, State
from receiver.demo.child import free_port
from receiver.web.items import moment
from receiver.web.page.links import Links
from receiver.web.sightings import Forwarder
from tests.browser.conftest import FLAGS
from tests.unit.receiver_web.conftest import World

_IMAGES = Path(__file__).parents[2] / "docs" / "images"
_TEAMS = ("billing", "checkout", "identity", "search", "shipping")
_DENIED = "PutSecretValue: AccessDenied: kms:GenerateDataKey on …:key/8d2c"


def a_day(chance: random.Random) -> World:
    """Two hundred changes within the hour, and 412 secrets."""
    world = World()
    world.change(
        began=world.clock.now() - 3 * 86_400, links=Links("https://vault.internal")
    )
    world.clock.advance(-3600)
    for _ in range(240):
        world.clock.advance(15)
        if chance.random() < 0.9:
            world.metrics.applied(
                "hybrid", "update", "ok", chance.lognormvariate(-1.5, 0.4)
            )
    now = world.clock.now()
    for number in range(412):
        team = _TEAMS[number % len(_TEAMS)]
        world.enter(f"{team}/service-{number:03}", version=3, lag=0.21, applied_at=now)
    for name, ago in (("vault-1", 4.0), ("vault-2", 11.0)):
        beat = Forwarder(
            source="vault-prod",
            name=name,
            last_seen=now - ago,
            last_entry_time=moment(now - ago),
            gaps=0,
            spool=0,
            version="0.1.0",
        )
        world.parts.forwarders.note(beat)
    runs = [
        {
            "last": now - 600 - 1800 * number,
            "seconds": 1.9,
            "compared": 412,
            "differing": {"repair": int(number == 1)},
            "failures": [],
            "warnings": [],
        }
        for number in range(3)
    ]
    world.change(reconciles=lambda: runs)
    return world


def a_bad_day(chance: random.Random) -> World:
    """The same, and somebody took the key away."""
    world = a_day(chance)
    for number in range(37):
        path = f"{_TEAMS[number % len(_TEAMS)]}/database-{number:02}"
        _park(world, path, State.PARKED, "KMS_DENIED", _DENIED)
    for path in ("identity/shared", "shipping/legacy"):
        detail = "a secret of this name exists in AWS and is not ours"
        _park(world, path, State.CONFLICT, "CONFLICT_FOREIGN", detail)
    world.queue.add([Hint(ref=SecretRef("", "kv", "search/index"))])
    return world


def _park(world: World, path: str, state: State, cause: str, detail: str) -> None:
    entry = world.enter(
        path, state, cause=cause, detail=detail, checked_at=world.clock.now() - 840
    )
    world.park(Hint(ref=entry.ref), cause, detail)


@contextmanager
def served(world: World) -> Iterator[str]:
    """Yields its address."""
    port = free_port()
    config = uvicorn.Config(world.app, port=port, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def draw(
    browser: Browser, world: World, name: str, scheme: str, size: tuple[int, int]
) -> None:
    """One picture of the first page, as much as fits its size."""
    with served(world) as address:
        context = browser.new_context(
            base_url=address,
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": size[0], "height": size[1]},
        )
        page = context.new_page()
        page.goto("/")
        page.get_by_label("Token").fill("admin-token")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{address}/")
        page.screenshot(path=_IMAGES / f"{name}.png")
        context.close()


def main() -> None:
    """Draw them all."""
    _IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*FLAGS]
        )
        chance = random.Random(7)
        draw(browser, a_day(chance), "status-well", "light", (1200, 840))
        draw(browser, a_bad_day(chance), "status-attention", "dark", (1200, 780))
        draw(browser, a_bad_day(chance), "status-phone", "light", (390, 844))
        browser.close()


if __name__ == "__main__":
    main()
