"""The JSON Schema of a configuration, for completion and checks in an editor.

A reference to the environment may stand wherever a scalar may, so every scalar also
admits text that holds one; without that an editor would underline each of them.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

ENVIRONMENT_PATTERN = r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}"

_DIALECT = GenerateJsonSchema.schema_dialect
_REFERENCE = {"type": "string", "pattern": ENVIRONMENT_PATTERN}
_SCALARS = {"string", "integer", "number", "boolean"}
_LIMITS = {"pattern", "format", "enum", "const", "minLength", "maxLength"}
_NOISE = {"discriminator", "title"}  # titles only repeat the names of the keys
_INPUT: JsonSchemaMode = "validation"


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of what may stand in the file, as JSON-ready data."""
    schema = model.model_json_schema(mode=_INPUT, by_alias=True)
    return {"$schema": _DIALECT, **_admit_references(schema)}


def _admit_references(schema: dict[str, Any]) -> dict[str, Any]:
    below = {
        # A reference in the key that tells members apart fits more than one of them.
        "anyOf" if key == "oneOf" else key: _descend(key, value)
        for key, value in schema.items()
        if key not in _NOISE
    }
    if not _is_narrow_scalar(schema):
        return below
    about = ("description", "default")
    kept = {key: below.pop(key) for key in about if key in below}
    return {"anyOf": [below, dict(_REFERENCE)], **kept}


def _descend(key: str, value: Any) -> Any:
    if key in ("properties", "$defs"):
        return {name: _admit_references(inner) for name, inner in value.items()}
    if key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        return [_admit_references(inner) for inner in value]
    if key in ("items", "additionalProperties") and isinstance(value, dict):
        return _admit_references(value)
    return value


def _is_narrow_scalar(schema: dict[str, Any]) -> bool:
    """Whether the schema is of a scalar and would refuse the text of a reference."""
    if schema.get("type") == "string":
        return not _LIMITS.isdisjoint(schema)
    return schema.get("type") in _SCALARS or "const" in schema or "enum" in schema
