"""Somebody with a policy, and what the probes find out about it.

Each is asked twice: of the emulator, with the role's credentials, about a secret that
root made for it; and of the evaluator of ``tests/iam.py``, which knows a few keys that
the emulator does not. Both must say what the row says.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from tests.iam import Answer, Call, answer
from tests.infra.emulated.emulator import ACCOUNT, REGION, Credentials, Emulator
from tests.infra.emulated.probes import (
    ALLOWED,
    DENIED,
    NOT_GRANTED,
    Elsewhere,
    Probe,
    Subject,
    creating,
)


@dataclass(frozen=True)
class Role:
    """Somebody with a policy, the prefix that the rules give names below, and the name
    of the secret with Vault's token."""

    emulator: Emulator
    policy: Sequence[Mapping[str, Any]]
    below: str
    who: Credentials
    connection: str = "hybrid/vault-connection"


_numbers = itertools.count()


def holds(role: Role, probe: Probe, wanted: Answer | None = None) -> None:
    """The emulator and the evaluator both say what the row says, or ``wanted``."""
    wanted = wanted or probe.answer
    assert answer(role.policy, _call(role, probe)) is wanted, probe
    assert emulated(role, probe) is (ALLOWED if probe.unseen else wanted), probe


def emulated(role: Role, probe: Probe) -> Answer:
    """What the emulator says to it, of a secret that root makes for it first."""
    name = "" if probe.subject is None else _prepared(role, probe.subject)
    client = role.emulator.client("secretsmanager", role.who)
    key = "Name" if probe.operation == "CreateSecret" else "SecretId"
    secret = {key: name} if name else {}
    method = getattr(client, xform_name(probe.operation))
    return said(lambda: method(**secret, **probe.parameters))


def _prepared(role: Role, subject: Subject) -> str:
    """Its name; it is there, if it is to be."""
    if subject.connection:
        return role.connection
    name = f"{subject.prefix or role.below}probe-{next(_numbers)}"
    if subject.tags is not None:
        root = role.emulator.client("secretsmanager")
        root.create_secret(Name=name, **creating(subject.tags))
        if subject.scheduled:
            root.delete_secret(SecretId=name)
    return name


def _call(role: Role, probe: Probe) -> Call:
    """As IAM sees it."""
    given = {one["Key"]: one["Value"] for one in probe.parameters.get("Tags", ())}
    held = (probe.subject.tags if probe.subject else None) or {}
    context = (
        {f"aws:RequestTag/{key}": value for key, value in given.items()}
        | {f"aws:ResourceTag/{key}": value for key, value in held.items()}
        | {"aws:TagKeys": [*given, *probe.parameters.get("TagKeys", ())]}
    )
    if "ForceDeleteWithoutRecovery" in probe.parameters:
        context["secretsmanager:ForceDeleteWithoutRecovery"] = "true"
    resource = "*"
    if (subject := probe.subject) is not None:
        name = subject.prefix or role.below
        name = role.connection if subject.connection else name
        resource = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"
    return Call(f"secretsmanager:{probe.operation}", resource, context)


def said(call: Callable[[], Any]) -> Answer:
    """What the emulator answers. It is allowed to ask for what is not there."""
    try:
        call()
    except ClientError as error:
        code, text = (error.response["Error"][part] for part in ("Code", "Message"))
        if "is not authorized to perform" in text:
            return DENIED if "explicit deny" in text else NOT_GRANTED
        if code == "ResourceNotFoundException":
            return ALLOWED
        raise
    return ALLOWED


def holds_elsewhere(role: Role, probe: Elsewhere, **there: str) -> None:
    """The same of another service; ``there`` are the ARNs that it is about."""
    service, operation = probe.operation.split(":")
    given = {name: value.format(**there) for name, value in probe.parameters.items()}
    method = getattr(role.emulator.client(service, role.who), xform_name(operation))

    call = Call(probe.operation, probe.about.format(**there))
    assert answer(role.policy, call) is probe.answer, probe
    assert said(lambda: method(**given)) is probe.answer, probe
