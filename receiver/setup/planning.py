"""All steps of a set-up, in the order in which they are done. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from receiver.setup.audit import audit_steps
from receiver.setup.found import Found
from receiver.setup.intent import Intent
from receiver.setup.logins import login_steps
from receiver.setup.mounts import mount_steps, policy_step
from receiver.setup.sample import sample_steps
from receiver.setup.steps import Kind, Step

_LOSING = re.compile(r"1\.1[567]\.")


def steps(intent: Intent, found: Found) -> list[Step]:
    """What there is, and what it takes. Raises OutOfReach."""
    return [
        *_version(found),
        *mount_steps(intent, found),
        policy_step(intent, found),
        *login_steps(intent, found),
        *audit_steps(intent, found),
        *sample_steps(intent, found),
    ]


def steps_from_nothing(intent: Intent, begun: Found) -> list[Step]:
    """The steps if nothing were there: more than these are never needed."""
    unfit = dict.fromkeys(("token", "role_id", "secret_id"), "is not there yet")
    return steps(intent, replace(begun, devices=(), unfit=unfit))


def _version(found: Found) -> Iterator[Step]:
    if not found.is_openbao and _LOSING.match(found.version):
        told = (
            "Vault 1.15 to 1.17 lose audit entries of cancelled requests; the "
            "comparison finds what they told, and 1.18 does not lose them"
        )
        yield Step(kind=Kind.NOTE, what="version", name=found.version, detail=told)
