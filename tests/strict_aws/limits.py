"""What AWS refuses for the request alone, whatever it holds. Pure.

Lengths, ranges and patterns come out of the service model that botocore ships: AWS
publishes them there and the client does not enforce the upper ones. The rules that
the model leaves out (bytes instead of characters, letters of names and tags) are
written here. Which error code AWS chooses for each is documented only for names.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from tests.strict_aws.refusal import Refusal

_NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]+")
_TAG_TEXT = re.compile(r"[\w\s.:/=+@-]*")


def fault(
    model: ServiceModel, operation: str, request: Mapping[str, Any]
) -> Refusal | None:
    """Why AWS would refuse this request unseen, None when it would not."""
    shape = model.operation_model(operation).input_shape
    found = [*_out_of_bounds(shape, request, operation)] if shape else []
    if operation == "CreateSecret" and not _NAME.fullmatch(request.get("Name", "")):
        found.append(
            "Invalid name. Must be a valid name containing alphanumeric characters, "
            "or any of the following: -/_+=.@!"
        )
    for tag in request.get("Tags", ()):
        found.extend(_tag_faults(tag["Key"], tag.get("Value", "")))
    return Refusal("ValidationException", found[0]) if found else None


def _out_of_bounds(shape: Shape, value: Any, where: str) -> Iterator[str]:
    """Every place where a value is shorter, longer or other than the model allows."""
    size = _size(shape, value)
    if size is not None:
        low, high = shape.metadata.get("min", 0), shape.metadata.get("max", size)
        if not low <= size <= high:
            yield f"Value at '{where}' must be between {low} and {high}"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.search(pattern, value):
        yield f"Value at '{where}' must match {pattern}"
    known = shape.metadata.get("enum")
    if known and value not in known:
        yield f"Value at '{where}' must satisfy enum value set: {known}"
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if name in value:
                yield from _out_of_bounds(member, value[name], name)
    elif isinstance(shape, ListShape):
        for item in value:
            yield from _out_of_bounds(shape.member, item, where)


def _size(shape: Shape, value: Any) -> int | None:
    match shape.type_name:
        case "string" if shape.name == "SecretStringType":
            return len(value.encode())  # the quota counts bytes, the model characters
        case "blob":
            return len(base64.b64decode(value))
        case "integer" | "long":
            return int(value)
        case "string" | "list":
            return len(value)
    return None


def _tag_faults(key: str, value: str) -> Iterator[str]:
    if key.lower().startswith("aws:"):
        yield "Tag keys that start with aws: are reserved"
    if not _TAG_TEXT.fullmatch(key) or not _TAG_TEXT.fullmatch(value):
        yield "A tag has characters that are not allowed"
