"""The JSON Schema that editors complete and check with."""

from __future__ import annotations

import re
from typing import Any, Literal

from vault_audit_forwarder.program.config_file import (
    ConfigModel,
    Duration,
    FileMode,
    Listen,
    json_schema,
)
from vault_audit_forwarder.program.config_schema import ENVIRONMENT_PATTERN


class Inner(ConfigModel):
    kind: Literal["json"] = "json"


class Outer(ConfigModel):
    text: str
    title: str = ""
    count: int = 1
    on: bool = True
    every: Duration = 1.0
    listen: Listen | None = None
    mode: FileMode = 0o660
    inner: Inner = Inner()


def admits_reference(schema: dict[str, Any]) -> bool:
    """Whether some branch is text that may hold a reference."""
    if schema.get("type") == "string" and "pattern" not in schema:
        return True
    if schema.get("pattern") == ENVIRONMENT_PATTERN:
        return True
    return any(admits_reference(one) for one in schema.get("anyOf", []))


def test_every_scalar_admits_a_reference() -> None:
    """An editor must not underline ``${NAME}`` where the program takes it."""
    schema = json_schema(Outer)
    scalars = dict(schema["properties"])
    del scalars["inner"]
    scalars |= schema["$defs"]["Inner"]["properties"]

    assert [name for name, one in scalars.items() if not admits_reference(one)] == []


def test_the_pattern_is_that_of_the_loader() -> None:
    """What the schema takes for a reference is what is expanded."""
    for text in ("${A}", "x${A_1:-b c}y", "${A:-}"):
        assert re.search(ENVIRONMENT_PATTERN, text)
    for text in ("$A", "${1}", "{a}", "${}"):
        assert not re.search(ENVIRONMENT_PATTERN, text)


def test_unknown_keys_are_errors_in_the_editor_too() -> None:
    """Every mapping is closed."""
    schema = json_schema(Outer)

    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Inner"]["additionalProperties"] is False
    assert schema["required"] == ["text"]


def test_a_key_called_title_stays() -> None:
    """Only pydantic's own titles are left out."""
    assert "title" in json_schema(Outer)["properties"]
