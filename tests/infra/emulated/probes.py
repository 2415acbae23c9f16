"""Calls that a receiver's role makes, or must not be able to make.

Each is made twice: to the emulator, with the role's credentials, on a secret that root
made for it; and to the evaluator of ``tests/iam.py``, which knows a few keys that the
emulator does not. Both must say what the row says.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from receiver.core.fingerprint import MANAGED_BY, PATH, SEAL, SOURCE, US
from tests.iam import Answer, Call, answer
from tests.infra.emulated.emulator import ACCOUNT, REGION, Credentials, Emulator

ALLOWED, NOT_GRANTED, DENIED = Answer.ALLOWED, Answer.NOT_GRANTED, Answer.DENIED
VAULT = "vault-prod"


OUR_TAGS = {MANAGED_BY: US, SOURCE: VAULT, PATH: "kv/app"}
TAGS_OF_ANOTHER = OUR_TAGS | {SOURCE: "vault-test"}


@dataclass(frozen=True)
class Subject:
    """A secret that a call is about. ``tags`` None: there is none of that name yet.
    ``prefix`` None: that of the rules. ``scheduled``: its deletion is. ``connection``:
    the one with Vault's token, which is there already."""

    tags: Mapping[str, str] | None
    prefix: str | None = None
    scheduled: bool = False
    connection: bool = False


FREE = Subject(None)
OURS = Subject(OUR_TAGS)
SCHEDULED = Subject(OUR_TAGS, scheduled=True)
ANOTHER_VAULTS = Subject(TAGS_OF_ANOTHER)
UNTAGGED = Subject({})
THEIRS = Subject({MANAGED_BY: "terraform"})
FREE_ELSEWHERE = Subject(None, "elsewhere/")
ELSEWHERE = Subject(OUR_TAGS, "elsewhere/")
UNTAGGED_ELSEWHERE = Subject({}, "elsewhere/")
CONNECTION = Subject({}, connection=True)


@dataclass(frozen=True)
class Probe:
    """One call to Secrets Manager. ``parameters`` come besides the secret's name.
    ``unseen``: the emulator does not know the key that this one is about, and lets it
    through."""

    name: str
    answer: Answer
    operation: str
    subject: Subject | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    unseen: bool = False


def _tagging(given: Mapping[str, str]) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value} for key, value in given.items()]}


def _creating(given: Mapping[str, str]) -> dict[str, Any]:
    return {"SecretString": "a", **_tagging(given)}


_UPDATE = {"Description": "new"}
_PUT = {"SecretString": "b"}
_POLICY = {"ResourcePolicy": '{"Version":"2012-10-17","Statement":[]}'}
_AT_ONCE = {"ForceDeleteWithoutRecovery": True}

PROBES = (
    Probe("list", ALLOWED, "ListSecrets"),
    Probe("create ours", ALLOWED, "CreateSecret", FREE, _creating(OUR_TAGS)),
    Probe("create without tags", NOT_GRANTED, "CreateSecret", FREE, _creating({})),
    Probe("create another Vault's", NOT_GRANTED, "CreateSecret", FREE,
          _creating(TAGS_OF_ANOTHER)),
    Probe("create elsewhere", DENIED, "CreateSecret", FREE_ELSEWHERE,
          _creating(OUR_TAGS)),
    Probe("describe what is not there", ALLOWED, "DescribeSecret", FREE),
    Probe("describe ours", ALLOWED, "DescribeSecret", OURS),
    Probe("describe theirs", ALLOWED, "DescribeSecret", THEIRS),
    Probe("describe elsewhere", DENIED, "DescribeSecret", ELSEWHERE),
    Probe("put ours", ALLOWED, "PutSecretValue", OURS, _PUT),
    Probe("put untagged", NOT_GRANTED, "PutSecretValue", UNTAGGED, _PUT),
    Probe("put theirs", NOT_GRANTED, "PutSecretValue", THEIRS, _PUT),
    Probe("put another Vault's", NOT_GRANTED, "PutSecretValue", ANOTHER_VAULTS, _PUT),
    Probe("put elsewhere", DENIED, "PutSecretValue", ELSEWHERE, _PUT),
    Probe("update ours", ALLOWED, "UpdateSecret", OURS, _UPDATE),
    Probe("update theirs", NOT_GRANTED, "UpdateSecret", THEIRS, _UPDATE),
    Probe("restore ours", ALLOWED, "RestoreSecret", SCHEDULED),
    Probe("delete ours", ALLOWED, "DeleteSecret", OURS, {"RecoveryWindowInDays": 30}),
    Probe("delete theirs", NOT_GRANTED, "DeleteSecret", THEIRS),
    Probe("delete elsewhere", DENIED, "DeleteSecret", ELSEWHERE),
    Probe("delete at once", DENIED, "DeleteSecret", OURS, _AT_ONCE, unseen=True),
    Probe("tag ours", ALLOWED, "TagResource", OURS, _tagging(OUR_TAGS)),
    Probe("tag ours as nobody's", NOT_GRANTED, "TagResource", OURS,
          _tagging({"team": "a"})),
    Probe("adopt untagged", ALLOWED, "TagResource", UNTAGGED, _tagging(OUR_TAGS)),
    Probe("adopt another Vault's", ALLOWED, "TagResource", ANOTHER_VAULTS,
          _tagging(OUR_TAGS)),
    Probe("take over theirs", DENIED, "TagResource", THEIRS, _tagging(OUR_TAGS)),
    Probe("take over elsewhere", DENIED, "TagResource", UNTAGGED_ELSEWHERE,
          _tagging(OUR_TAGS)),
    Probe("untag a rule's", ALLOWED, "UntagResource", OURS, {"TagKeys": ["team"]}),
    *(
        Probe(f"untag {key}", DENIED, "UntagResource", OURS, {"TagKeys": ["team", key]})
        for key in (MANAGED_BY, SOURCE, PATH, SEAL)
    ),
    Probe("untag theirs", NOT_GRANTED, "UntagResource", THEIRS, {"TagKeys": ["team"]}),
    Probe("read ours", DENIED, "GetSecretValue", OURS),
    Probe("read theirs", DENIED, "GetSecretValue", THEIRS),
    Probe("read elsewhere", DENIED, "GetSecretValue", ELSEWHERE),
    Probe("read several", DENIED, "BatchGetSecretValue", None, {"SecretIdList": ["a"]}),
    Probe("list versions", NOT_GRANTED, "ListSecretVersionIds", OURS),
    Probe("list versions elsewhere", DENIED, "ListSecretVersionIds", ELSEWHERE),
    Probe("let others in", NOT_GRANTED, "PutResourcePolicy", OURS, _POLICY),
    Probe("let others in elsewhere", DENIED, "PutResourcePolicy", ELSEWHERE, _POLICY),
    Probe("rotate ours", NOT_GRANTED, "RotateSecret", OURS),
    Probe("rotate elsewhere", DENIED, "RotateSecret", ELSEWHERE),
    Probe("make a password", DENIED, "GetRandomPassword"),
)  # fmt: skip

#: What becomes of the secret with Vault's token, where the policy knows of it.
OF_THE_CONNECTION = (
    Probe("read the connection", ALLOWED, "GetSecretValue", CONNECTION),
    Probe("write the connection", DENIED, "PutSecretValue", CONNECTION, _PUT),
    Probe("describe the connection", DENIED, "DescribeSecret", CONNECTION),
    Probe("delete the connection", DENIED, "DeleteSecret", CONNECTION),
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
        root.create_secret(Name=name, **_creating(subject.tags))
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


@dataclass(frozen=True)
class Elsewhere:
    """A call to another service. ``about`` and parameters name what is in the account
    by ``{key}``, ``{topic}`` and ``{other_topic}``."""

    name: str
    answer: Answer
    operation: str
    about: str = "*"
    parameters: Mapping[str, str] = field(default_factory=dict)


OTHER_SERVICES = (
    Elsewhere("tell our topic", ALLOWED, "sns:Publish", "{topic}",
              {"TopicArn": "{topic}", "Message": "a"}),
    Elsewhere("tell another topic", NOT_GRANTED, "sns:Publish", "{other_topic}",
              {"TopicArn": "{other_topic}", "Message": "a"}),
    Elsewhere("subscribe", NOT_GRANTED, "sns:Subscribe", "{topic}",
              {"TopicArn": "{topic}", "Protocol": "email", "Endpoint": "a@b.example"}),
    Elsewhere("encrypt by itself", NOT_GRANTED, "kms:Encrypt", "{key}",
              {"KeyId": "{key}", "Plaintext": "a"}),
    Elsewhere("make a data key", NOT_GRANTED, "kms:GenerateDataKey", "{key}",
              {"KeyId": "{key}", "KeySpec": "AES_256"}),
    Elsewhere("disable the key", NOT_GRANTED, "kms:DisableKey", "{key}",
              {"KeyId": "{key}"}),
    Elsewhere("list users", NOT_GRANTED, "iam:ListUsers"),
    Elsewhere("list buckets", NOT_GRANTED, "s3:ListBuckets"),
    Elsewhere("list parameters", NOT_GRANTED, "ssm:DescribeParameters"),
    Elsewhere("list tasks", NOT_GRANTED, "ecs:ListTasks"),
)  # fmt: skip


def holds_elsewhere(role: Role, probe: Elsewhere, **there: str) -> None:
    """The same of another service; ``there`` are the ARNs that it is about."""
    service, operation = probe.operation.split(":")
    given = {name: value.format(**there) for name, value in probe.parameters.items()}
    method = getattr(role.emulator.client(service, role.who), xform_name(operation))

    call = Call(probe.operation, probe.about.format(**there))
    assert answer(role.policy, call) is probe.answer, probe
    assert said(lambda: method(**given)) is probe.answer, probe
