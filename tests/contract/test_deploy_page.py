"""``docs/deploy.md``: what it tells people to write is taken as it stands there, what
they are told to run exists, and a month costs what the page's own prices make."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from infra.configuration import configuration
from infra.context import from_context
from receiver.cli import app
from vault_audit_forwarder.settings import load_settings as load_forwarder

_ROOT = Path(__file__).parents[2]
PAGE = (_ROOT / "docs/deploy.md").read_text()
HOURS, DAYS = 730, 365 / 12


def blocks(kind: str) -> list[str]:
    """The fenced blocks of this kind."""
    found = re.findall(rf"^ *```{kind}\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
    return [str(block) for block in found]


def test_the_context_is_taken() -> None:
    """By the app itself, which has the receiver read what it makes of it."""
    [written] = [block for block in blocks("json") if '"account"' in block]
    context = json.loads(f"{{{written}}}")

    made = configuration(from_context(context, directory=_ROOT / "infra"))

    [rule] = made.settings.to_rules()
    assert (rule.mount, rule.target.name) == (
        "hybrid-aws-secrets",
        "hybrid-aws-secrets/{path}",
    )


def test_the_forwarders_configuration_is_taken(tmp_path: Path) -> None:
    """With the key where systemd puts it."""
    [written] = [block for block in blocks("yaml") if "audit.sock" in block]
    (file := tmp_path / "forwarder.yaml").write_text(written)

    settings = load_forwarder(file, {"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert settings.source == "vault-prod"


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every call of vault-replicator, with its options."""
    text = re.sub(r"\\\n *", " ", PAGE)
    for name, rest in re.findall(r"vault-replicator ([a-z-]+)((?: [^`\n|#]*)?)", text):
        yield name, re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest)


@pytest.mark.parametrize(("name", "options"), list(commands()))
def test_a_command_is_there(name: str, options: list[str]) -> None:
    """With each of its options."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    known = {one for each in group.commands[name].params for one in each.opts}

    assert known.issuperset(options)


def _row(begin: str) -> list[float]:
    [line] = [one for one in PAGE.splitlines() if one.startswith(f"| {begin}")]
    numbers = line.replace("*", "").replace(",", "").split("|")[-4:-1]
    return [float(number) for number in numbers]


COUNTS = (100, 1_000, 10_000)


@pytest.mark.parametrize(
    ("row", "prices"),
    [
        ("secrets,", [0.40 * n for n in COUNTS]),
        ("comparisons", [48 * DAYS * n / 100 * 0.05 / 10_000 for n in COUNTS]),
        ("changes", [DAYS * n * 0.05 / 10_000 for n in COUNTS]),
        ("KMS", [2 * DAYS * n * 0.03 / 10_000 for n in COUNTS]),
        ("Fargate", [HOURS * (0.5 * 0.04048 + 0.004445)] * 3),
        ("load balancer", [HOURS * 0.0225] * 3),
        ("NAT gateway", [HOURS * (0.045 + 0.005)] * 3),
        ("five secrets", [5 * 0.40 + 2 * 1.00] * 3),
    ],
)
def test_a_price_is_right(row: str, prices: list[float]) -> None:
    """To the cent, from the unit prices that stand below the table."""
    assert _row(row) == pytest.approx(prices, abs=0.006)


@pytest.mark.parametrize(
    ("sum_", "parts"),
    [
        ("**what grows", ["secrets,", "comparisons", "changes", "KMS"]),
        (
            "**what does not",
            ["Fargate", "load balancer", "NAT gateway", "five secrets"],
        ),
        ("**in all", ["**what grows", "**what does not"]),
    ],
)
def test_a_sum_is_right(sum_: str, parts: list[str]) -> None:
    """Of the rows above it."""
    columns = zip(*map(_row, parts), strict=True)

    assert _row(sum_) == pytest.approx([sum(column) for column in columns])
