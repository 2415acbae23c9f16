"""The demo's table on a terminal and off it."""

from __future__ import annotations

import io

from rich.console import Console

from receiver.demo.board import Row, board, shortened

ARRIVED = Row("kv/app/db", "put", 1, "v1-abcdefghijk…", 0.0234)
MISSING = Row("kv/app/api", "delete", None, "", None, good=False)


def test_off_a_terminal_each_change_is_a_line_as_it_arrives() -> None:
    """No escape codes, no repainting: a log can hold it."""
    said = io.StringIO()

    with board(Console(file=said)) as shown:
        shown.under_way("kv/app/db", "put")
        assert said.getvalue() == ""
        shown.add(ARRIVED)
        first = said.getvalue()
        shown.add(MISSING)

    assert first.split() == ["✔", "kv/app/db", "put", "v1", "v1-abcdefghijk…", "23"]
    assert said.getvalue().removeprefix(first).split() == [
        "✗",
        "kv/app/api",
        "delete",
        "-",
        "-",
    ]


def test_on_a_terminal_the_change_under_way_is_shown() -> None:
    """One waits in front of the screen: it shows what is waited for."""
    screen = io.StringIO()
    terminal = Console(
        file=screen, force_terminal=True, force_interactive=True, width=120
    )

    with board(terminal) as shown:
        shown.under_way("kv/app/db", "put")
        assert "kv/app/db" in screen.getvalue()
        shown.add(ARRIVED)
        assert "v1-abcdefghijk…" in screen.getvalue()


def test_forced_colours_do_not_make_a_log_a_terminal() -> None:
    """Build servers set FORCE_COLOR; repainting would flood their logs."""
    said = io.StringIO()
    log = Console(file=said, force_terminal=True, force_interactive=False)

    with board(log) as shown:
        shown.add(ARRIVED)

    assert "\x1b" not in said.getvalue()


def test_a_long_version_id_is_cut_to_what_one_recognises() -> None:
    """The number of the version and some characters of the rest."""
    assert shortened("v1-" + "a" * 52) == "v1-aaaaaaaaaaa…"
    assert shortened("v1-short") == "v1-short"
