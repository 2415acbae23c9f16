"""What pydantic found wrong, said for the person who edits the file.

Only error types, the schema's own limits and messages of our validators are used:
pydantic's texts hold the rejected input. As a second net, a message that contains a
value from the environment or a long scalar of the file is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, core_schema
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from vault_audit_forwarder.program.config_keys import explain_unknown_key
from vault_audit_forwarder.program.yaml_document import (
    Document,
    Found,
    Problem,
    child,
    problem_at,
)

_TEXT = "must be text"
_MAPPING = "must hold keys and values"
_WORDS = {
    "string_type": _TEXT,
    "path_type": _TEXT,
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "missing": "is required",
}
_LIMITS = {
    "greater_than": ("must be greater than", "gt"),
    "greater_than_equal": ("must be at least", "ge"),
    "less_than": ("must be less than", "lt"),
    "less_than_equal": ("must be at most", "le"),
    "too_short": ("must have entries, at least", "min_length"),
    "too_long": ("must have entries, at most", "max_length"),
    "string_too_short": ("must have characters, at least", "min_length"),
    "string_too_long": ("must have characters, at most", "max_length"),
    "string_pattern_mismatch": ("must have the form", "pattern"),
}
_PYDANTICS = frozenset(get_args(core_schema.ErrorType))
_LONG = 16


def explain(
    error: ValidationError, document: Document, model: type[BaseModel]
) -> list[Problem]:
    """Every error as a problem at its place; errors of one place are joined."""
    joined: dict[tuple[int, int, str], list[str]] = {}
    for details in error.errors(include_url=False, include_input=False):
        if _is_echo(details, document):
            continue
        problem = _problem(details, document, model)
        whats = joined.setdefault((problem.line, problem.column, problem.where), [])
        if problem.what not in whats:
            whats.append(problem.what)
    return sorted(
        Problem(line, column, where, ", or ".join(whats))
        for (line, column, where), whats in joined.items()
    )


def _is_echo(details: ErrorDetails, document: Document) -> bool:
    """Pydantic does not count refused entries, and then calls their list too short."""
    node = document.find(details["loc"]).node
    return (
        details["type"] == "too_short"
        and isinstance(node, SequenceNode)
        and len(node.value) >= details["ctx"]["min_length"]
    )


def _problem(
    details: ErrorDetails, document: Document, model: type[BaseModel]
) -> Problem:
    location, kind = details["loc"], details["type"]
    if kind == "missing":
        found = document.find(location[:-1])
        where = child(found.where, location[-1])
        return problem_at(found.key or found.node, where, _WORDS["missing"])
    if kind.startswith("union_tag_"):
        return _tag_problem(details, document.find(location))
    found = document.find(location)
    if kind == "extra_forbidden":
        what = explain_unknown_key(model, location)
        return problem_at(found.key or found.node, found.where, what)
    return problem_at(found.node, found.where, _say(details, found.node, document))


def _say(details: ErrorDetails, node: Node, document: Document) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind in ("string_type", "path_type"):
        return _TEXT + _why_not_text(node)
    if kind in _WORDS:
        return _WORDS[kind]
    if kind in ("literal_error", "enum"):
        return f"must be {_unquoted(context['expected'])}"
    if kind in _LIMITS:
        phrase, limit = _LIMITS[kind]
        return f"{phrase} {context[limit]}"
    if kind == "value_error":
        return _safe(str(context["error"]), node, document)
    if kind not in _PYDANTICS:
        return _safe(details["msg"], node, document)
    return f"is not valid ({kind.replace('_', ' ')})"


def _why_not_text(node: Node) -> str:
    if isinstance(node, MappingNode) and node.flow_style:
        return ': quote a value that starts with {, as in "{mount}/{path}"'
    if isinstance(node, ScalarNode) and not node.style:
        empty = node.tag == "tag:yaml.org,2002:null"
        return ", and nothing stands here" if empty else ": quote it"
    return ""


def _tag_problem(details: ErrorDetails, found: Found) -> Problem:
    """The key that chooses between kinds of a mapping is missing or unknown."""
    context = details.get("ctx", {})
    name = str(context["discriminator"]).strip("'")
    where = child(found.where, name)
    if details["type"] == "union_tag_not_found":
        if not isinstance(found.node, MappingNode):
            return problem_at(found.node, found.where, _MAPPING)
        return problem_at(found.key or found.node, where, "is required")
    chosen = next((v for k, v in found.node.value if k.value == name), found.node)
    return problem_at(
        chosen, where, f"must be {_unquoted(str(context['expected_tags']))}"
    )


def _unquoted(expected: str) -> str:
    """Pydantic's list of allowed values without its quotes."""
    return (
        re.sub(r"'([^']*)'", r"\1", expected)
        .replace(", ", " | ")
        .replace(" or ", " | ")
    )


def _safe(what: str, node: Node, document: Document) -> str:
    if document.came_from_environment(what):
        return "is not valid"
    leaks = any(len(text) >= _LONG and text in what for text in _texts(node))
    return "is not valid" if leaks else what


def _texts(node: Node) -> Iterator[str]:
    if isinstance(node, ScalarNode):
        yield node.value
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from _texts(item)
    elif isinstance(node, MappingNode):
        for _, value in node.value:
            yield from _texts(value)
