"""Configuration files: a model, or problems with a place, and never a value told."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver.settings import load_settings as load_replicator
from tests.unit.fuzz.mutations import JSONS, damaged, places, replaced
from vault_audit_forwarder.program.config_file import ConfigError
from vault_audit_forwarder.settings import load_settings as load_forwarder
from vault_audit_forwarder.signing import new_key

CANARY = "c4n4ry-Vq7pLm2Xz"
FORWARDER = """\
source: vault-prod
name: vault-1
listen:
  - unix: run/audit.sock
    mode: "0660"
  - tcp: 127.0.0.1:9090
mounts: ["**"]
receiver:
  url: https://replicator.internal:8443/v1/events
  signing_key_file: signing.key
spool: {path: spool.db, max_events: 1000}
metrics: 127.0.0.1:9102
"""
REPLICATOR = f"""\
listen: 0.0.0.0:8080
vault:
  address: https://vault.internal:8200
  source: vault-prod
  auth: {{method: token, token_file: token}}
  timeout: 2s
aws: {{region: eu-central-1, endpoint_url: null}}
webhook: {{signing_keys: ["{new_key()}"], tolerance: 5m}}
admin: {{tokens: [{{name: oncall, scope: admin, token_file: token}}]}}
fingerprint: {{key_files: [key]}}
rules:
  - name: hybrid
    mount: kv
    include: ["**"]
    target:
      name: "{{mount}}/{{path}}"
      format: {{key: password}}
      tags: {{team: platform}}
      replica_regions: [eu-west-1, {{region: eu-west-2}}]
queue: {{kind: sqlite, path: state.db}}
reconcile: {{interval: 30m, at_start: true}}
limits: {{writes_per_second: 20}}
"""
#: The same text as from Python's own, in a fraction of the time.
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
BOTH = [(load_forwarder, FORWARDER), (load_replicator, REPLICATOR)]
Load = Callable[[Path, dict[str, str]], Any]
ENV = {"PLANTED": CANARY}


@pytest.fixture(scope="module")
def file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "file.yaml"


def told(load: Load, file: Path, content: bytes) -> str | None:
    """All that the refusal says; None when it is taken."""
    file.write_bytes(content)
    try:
        load(file, ENV)
    except ConfigError as refused:
        text = f"{refused!r} {refused} {refused.__cause__!r} {refused.problems}"
    else:
        return None
    assert str(file) in text
    return text


@pytest.mark.parametrize(("load", "text"), BOTH)
def test_the_files_that_are_damaged_here_are_good(
    file: Path, load: Load, text: str
) -> None:
    """Else these tests would show little."""
    assert told(load, file, text.encode()) is None


_ANY = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@_ANY
@given(
    st.sampled_from(BOTH),
    st.data(),
)
def test_any_bytes_are_taken_or_refused(
    file: Path, both: tuple[Load, str], data: Any
) -> None:
    """Nothing but a ConfigError comes out of any file."""
    load, text = both
    good = st.just(text.encode())
    told(load, file, data.draw(damaged(good) | st.binary(max_size=60)))


@_ANY
@given(st.sampled_from(BOTH), st.data())
def test_any_value_in_any_place(file: Path, both: tuple[Load, str], data: Any) -> None:
    """A list where text should be, a date, a number without end."""
    load, text = both
    document = yaml.safe_load(text)
    place = data.draw(st.sampled_from(places(document)))
    value = data.draw(JSONS | st.dates() | st.datetimes() | st.binary(max_size=5))
    changed = replaced(document, place, value)
    text = yaml.dump(changed, Dumper=DUMPER, allow_unicode=True)
    told(load, file, text.encode())


def some(all_places: list[Any], seed: str) -> list[Any]:
    """All of them; in `make check` a fifth, another one for each seed."""
    if settings.get_current_profile_name() != "quick":
        return all_places
    return all_places[sum(seed.encode()) % 5 :: 5]


@pytest.mark.parametrize(("load", "text"), BOTH)
@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        [CANARY],
        {"key": CANARY},
        f"{CANARY} # {{}}",
        f"http://{CANARY}@x y/",
        f"arn:aws:{CANARY}",
        f"{{{CANARY}}}",
        f"${{{CANARY}",
        "${PLANTED}",
        "x${PLANTED}y",
        f"!!python/object:{CANARY}",
        f"7{CANARY}h",
    ],
)
def test_a_value_is_never_told(
    file: Path, load: Load, text: str, value: object
) -> None:
    """In the place of each value in turn, right or wrong there, from the file or from
    the environment."""
    document = yaml.safe_load(text)
    for place in some(places(document), str(value)):
        changed = yaml.dump(replaced(document, place, value), Dumper=DUMPER)
        assert CANARY not in (told(load, file, changed.encode()) or ""), place


@pytest.mark.parametrize(("load", "text"), BOTH)
@pytest.mark.parametrize(
    "broken",
    [
        "x: [{canary}",
        "x: {canary}: y",
        '"{canary}',
        "\t{canary}",
        "- {canary}",
        "*{canary}",
        "%{canary}",
        "x: !{canary} y",
        "x: &{canary} y\nz: *{canary}x",
        "? {{{canary}: y}}\n: z",
        "{canary}\x00",
        "@{canary}",
        "x: |{canary}",
        "<<: {canary}",
        "? [{canary}]\n: y",
    ],
)
def test_what_is_no_yaml_is_not_told_either(
    file: Path, load: Load, text: str, broken: str
) -> None:
    """PyYAML's own words would quote it; before and after the good part."""
    planted = broken.replace("{{", "{").replace("{canary}", CANARY)
    for whole in (f"{text}{planted}\n", f"{planted}\n{text}", planted):
        assert CANARY not in (told(load, file, whole.encode()) or "")


@pytest.mark.parametrize(("load", "text"), BOTH)
@pytest.mark.parametrize(
    "bomb",
    [
        "x: " + "[" * 700,
        "x: " + "{a: " * 700,
        "x: &x [*x, *x]",
        "a: &a [1]\n"
        + "".join(
            f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"
            for old, new in zip("abcdefghijk", "bcdefghijkl", strict=True)
        ),
        "x: " + "9" * 10_000,
        "x: 1" + ":59" * 3_000,
        "- " * 3_000,
    ],
    ids=["brackets", "braces", "itself", "laughs", "digits", "sixties", "dashes"],
)
def test_a_bomb_is_refused(file: Path, load: Load, text: str, bomb: str) -> None:
    """Depth and aliases that multiply end neither the memory nor the stack."""
    assert told(load, file, f"{text}{bomb}\n".encode()) is not None
