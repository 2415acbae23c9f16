"""What Vault's answers mean: pure readings of JSON, for the adapter beside it."""

from __future__ import annotations

from receiver.adapters.vault_http import Answer
from receiver.core.causes import Cause, Permanent, Temporary
from receiver.core.render import Json, canonical
from receiver.core.state import Gone, Mount, Truth, Value
from receiver.core.times import nanoseconds

_KV_TYPES = ("kv", "generic")


def as_object(tree: Json) -> dict[str, Json]:
    """The object, or an empty one."""
    return tree if isinstance(tree, dict) else {}


def as_text(tree: Json) -> str | None:
    """The text of a string or number that is not empty."""
    return str(tree) if isinstance(tree, str) and tree else None


def mount_from(namespace: str, data: dict[str, Json]) -> Mount | None:
    """None when it is no KV mount."""
    path, accessor = data.get("path"), data.get("accessor")
    if data.get("type") not in _KV_TYPES or not isinstance(path, str):
        return None
    version = 2 if as_object(data.get("options")).get("version") == "2" else 1
    return Mount(namespace, path.strip("/"), version, as_text(accessor) or "")


def is_absent(answer: Answer) -> bool:
    """Whether Vault says, and says only, that there is nothing here."""
    return answer.status == 404 and answer.json() == {"errors": []}


def truth_from_read(answer: Answer, mount: Mount) -> Truth | None:
    """What a read says; None when it says neither a value nor that there is none."""
    if is_absent(answer):
        return Gone()
    data = as_object(answer.json()).get("data")
    if mount.version == 1:
        is_value = answer.status == 200 and isinstance(data, dict)
        return Value(canonical(data)) if is_value else None
    metadata = as_object(as_object(data).get("metadata"))
    if not metadata or answer.status not in (200, 404):
        return None
    version, created = int(str(metadata["version"])), as_text(metadata["created_time"])
    deletion = as_text(metadata.get("deletion_time"))
    if answer.status == 404:
        return Gone(version, created, deletion)
    return Value(
        canonical(as_object(data).get("data")),
        version,
        created,
        deletion,
        _custom(metadata),
    )


def truth_from_metadata(data: Json, now: float) -> Truth:
    """The current version as metadata describe it, without its value."""
    metadata = as_object(data)
    if "current_version" not in metadata:
        raise Temporary(Cause.VAULT_UNREACHABLE, "metadata: the answer is not readable")
    number = str(metadata["current_version"])
    current = as_object(as_object(metadata.get("versions")).get(number))
    if not current:  # metadata without data
        return Gone()
    version, created = int(number), as_text(current.get("created_time"))
    deletion = as_text(current.get("deletion_time"))
    is_due = deletion is not None and nanoseconds(deletion) <= now * 1e9
    if current.get("destroyed") is True or is_due:
        return Gone(version, created, deletion)
    return Value("", version, created, deletion, _custom(metadata))


def _custom(metadata: dict[str, Json]) -> dict[str, str]:
    custom = as_object(metadata.get("custom_metadata"))
    return {key: str(value) for key, value in custom.items()}


def listed(answer: Answer) -> tuple[list[str], dict[str, Json]]:
    """Keys and details of a listing; anything else than a listing is raised."""
    data = as_object(as_object(answer.json()).get("data"))
    keys = data.get("keys")
    if answer.status != 200 or not isinstance(keys, list):
        raise Permanent(
            Cause.MOUNT_UNKNOWN, f"list: Vault answered {answer.status} without keys"
        )
    return [str(key) for key in keys], as_object(data.get("key_info"))
