"""What the demo does to Vault, and what must then be seen in AWS.

Twelve changes that have to arrive, and one secret outside the rule that must not. A
step names the Vault version whose arrival proves it, or that the secret has to be
scheduled for deletion; its name in AWS is written out, not computed by the product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from receiver.demo.vault import Vault, Written

MOUNT = "hybrid-aws-secrets"

RULE = {
    "name": "hybrid",
    "mount": MOUNT,
    "include": ["**"],
    "exclude": ["tmp/**"],
    "target": {"name": "{mount}/{path}", "on_delete": "schedule"},
}


@dataclass(frozen=True)
class Step:
    """One change. ``version`` is the one to arrive; None: a deletion has to."""

    operation: str
    path: str
    change: Callable[[Vault, str], Written]
    version: int | None = None
    aws_path: str | None = None

    @property
    def name(self) -> str:
        """The name of the secret in AWS."""
        return f"{MOUNT}/{self.aws_path or self.path}"


def _put(**data: str | int) -> Callable[[Vault, str], Written]:
    return lambda vault, path: vault.put(MOUNT, path, data)


def _patch(**data: str | int) -> Callable[[Vault, str], Written]:
    return lambda vault, path: vault.patch(MOUNT, path, data)


def _rollback(version: int) -> Callable[[Vault, str], Written]:
    return lambda vault, path: vault.rollback(MOUNT, path, version=version)


def _undelete(version: int) -> Callable[[Vault, str], Written]:
    return lambda vault, path: vault.undelete(MOUNT, path, versions=[version])


def _delete(vault: Vault, path: str) -> Written:
    return vault.delete(MOUNT, path)


def _delete_metadata(vault: Vault, path: str) -> Written:
    return vault.delete_metadata(MOUNT, path)


OUTSIDE = Step("put", "tmp/scratch", _put(note="nobody else should see this"), 1)

STEPS = (
    Step("put", "app/db", _put(user="app", password="s3cret", port=5432), 1),
    Step("put", "app/api/stripe", _put(key="sk_demo_1"), 1),
    Step("put", "team-a/billing/eu/smtp", _put(host="mx1", password="über"), 1),
    Step("put", "app/mail box", _put(token="a b"), 1, aws_path="app/mail+20box"),
    Step("update", "app/db", _put(user="app", password="n3w", port=5432), 2),
    Step("patch", "app/db", _patch(port=6432), 3),
    Step("rollback to v1", "app/db", _rollback(1), 4),
    Step("delete", "app/api/stripe", _delete),
    Step("undelete", "app/api/stripe", _undelete(1), 1),
    Step("update", "app/api/stripe", _put(key="sk_demo_2"), 2),
    Step("metadata delete", "team-a/billing/eu/smtp", _delete_metadata),
    Step("put again", "team-a/billing/eu/smtp", _put(host="mx2"), 1),
)
