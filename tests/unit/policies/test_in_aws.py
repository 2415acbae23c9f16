"""The IAM policy: every call that the adapter makes, and nothing that it does not."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import botocore.session
import pytest

from receiver.adapters.secrets_manager import OPERATIONS
from receiver.core.fingerprint import MANAGED_BY, PATH, SEAL, SOURCE
from receiver.core.rules import FORCE, RETAIN, Rule, TargetSpec
from receiver.core.state import Replica
from receiver.policies.in_aws import Besides, Unreadable, Where, aws_policy
from receiver.policies.statements import chosen, length
from tests.iam import Call, is_allowed

REGION = "eu-central-1"
HERE = Where(source="vault-prod", account="123456789012")
ROLE = "arn:aws:iam::222222222222:role/replicator"
KV = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:kv/*"


def rule(name: str = "r", mount: str = "kv", **target: Any) -> Rule:
    """A rule to one account and Region, unless ``target`` says otherwise."""
    spec = TargetSpec(**{"region": REGION} | target)
    return Rule(name=name, mount=mount, target=spec)


def statements(*rules: Rule, role_arn: str | None = None) -> dict[str, dict[str, Any]]:
    return {one["Sid"]: one for one in aws_policy(rules, HERE, role_arn=role_arn)}


def actions(policy: dict[str, dict[str, Any]], effect: str = "Allow") -> set[str]:
    return {
        action
        for one in policy.values()
        if one["Effect"] == effect
        for action in one["Action"]
    }


def test_every_call_is_allowed_and_nothing_else() -> None:
    """Of rules that use everything there is; never the reading of a value."""
    everything = rule(
        kms_key_id="1234", replicas=(Replica("eu-west-1"),), on_delete=FORCE
    )
    allowed = actions(statements(everything))
    calls = {f"secretsmanager:{operation}" for operation in OPERATIONS}

    assert {one for one in allowed if one.startswith("secretsmanager:")} == calls
    assert "secretsmanager:GetSecretValue" not in allowed


def test_writes_are_below_the_names_and_with_our_tags() -> None:
    """What makes a secret ours says so; every other write needs one that is."""
    policy = statements(rule())

    for sid in ("Describe", "Create", "Write"):
        assert policy[sid]["Resource"] == [KV]
    assert policy["NeverElsewhere"]["NotResource"] == [KV]
    assert policy["Create"]["Condition"] == {
        "StringEquals": {
            "aws:RequestTag/managed-by": "vault-secrets-replicator",
            "aws:RequestTag/vault-source": "vault-prod",
        }
    }
    assert policy["Write"]["Condition"] == {
        "StringEquals": {
            "aws:ResourceTag/managed-by": "vault-secrets-replicator",
            "aws:ResourceTag/vault-source": "vault-prod",
        }
    }
    # A name that is free and one that is somebody's must be told apart.
    assert "Condition" not in policy["Describe"]


def test_values_are_never_read_and_our_tags_never_taken() -> None:
    """A denial holds whatever else the role may do."""
    policy = statements(rule())

    assert policy["NeverRead"]["Effect"] == "Deny"
    assert policy["NeverRead"]["Resource"] == "*"
    assert set(policy["NeverRead"]["Action"]) == {
        "secretsmanager:GetSecretValue",
        "secretsmanager:BatchGetSecretValue",
    }
    keys = policy["NeverUntag"]["Condition"]["ForAnyValue:StringEquals"]["aws:TagKeys"]
    assert set(keys) == {MANAGED_BY, SOURCE, PATH, SEAL}


def test_elsewhere_all_is_denied_but_to_list() -> None:
    """Whatever Secrets Manager can do. A denial of ListSecrets would be one for our own
    names, and to read is denied on its own, since the connection is read."""
    denied = [
        pattern
        for sid in ("NeverElsewhere", "NeverRead")
        for pattern in statements(rule())[sid]["Action"]
    ]
    model = botocore.session.get_session().get_service_model("secretsmanager")
    left = {
        operation
        for operation in model.operation_names
        if not any(fnmatchcase(f"secretsmanager:{operation}", one) for one in denied)
    }

    assert left == {"ListSecrets"}


def test_how_secrets_end() -> None:
    """At once only where a rule says so; not at all where all are retained."""
    forced = rule("f", "kv/inside", on_delete=FORCE)
    both = statements(rule(), forced)

    assert both["NeverForce"]["NotResource"] == [KV.replace("*", "inside/*")]
    assert statements(rule())["NeverForce"]["Resource"] == "*"
    assert "secretsmanager:DeleteSecret" not in actions(
        statements(rule(on_delete=RETAIN))
    )


def test_copies_only_where_there_are_any() -> None:
    """To make them; taking them away belongs to a rule that has none any more."""
    copies = "secretsmanager:ReplicateSecretToRegions"

    assert copies not in actions(statements(rule()))
    assert copies in actions(statements(rule(replicas=(Replica("eu-west-1"),))))


@pytest.mark.parametrize(
    ("key", "resource", "by_alias"),
    [
        ("1234", "arn:aws:kms:eu-central-1:123456789012:key/1234", None),
        (
            "arn:aws:kms:eu-central-1:999999999999:key/1",
            "arn:aws:kms:eu-central-1:999999999999:key/1",
            None,
        ),
        ("alias/a", "arn:aws:kms:eu-central-1:123456789012:key/*", "alias/a"),
        (
            "arn:aws:kms:eu-central-1:999999999999:alias/a",
            "arn:aws:kms:eu-central-1:999999999999:key/*",
            "alias/a",
        ),
    ],
)
def test_keys(key: str, resource: str, by_alias: str | None) -> None:
    """By way of Secrets Manager of their Region only."""
    found = statements(rule(kms_key_id=key))["Kms"]
    condition = found["Condition"]

    assert found["Resource"] == resource
    assert condition["StringEquals"] == {
        "kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"
    }
    aliases = condition.get("ForAnyValue:StringEquals", {}).get("kms:ResourceAliases")
    assert aliases == by_alias


def test_an_alias_is_asked_of_the_key() -> None:
    """Which has others, too; any other key is of no use."""
    policy = aws_policy([rule(kms_key_id="alias/a")], HERE)
    key = "arn:aws:kms:eu-central-1:123456789012:key/1234"
    by = {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}

    for aliases, is_let in ((["alias/b", "alias/a"], True), (["alias/b"], False)):
        call = Call("kms:GenerateDataKey", key, {**by, "kms:ResourceAliases": aliases})
        assert is_allowed(policy, call) is is_let


def test_awss_own_key_needs_nothing() -> None:
    """Nor is anything granted."""
    assert "Kms" not in statements(rule())


def test_keys_of_copies_are_of_their_region() -> None:
    """Each with its own condition, and all are asked for by one name."""
    two = rule(kms_key_id="1", replicas=(Replica("eu-west-1", "2"),))
    found = chosen(aws_policy([two], HERE), ["kms"])

    assert [one["Sid"] for one in found] == ["Kms", "Kms2"]
    vias = {one["Condition"]["StringEquals"]["kms:ViaService"] for one in found}
    assert len(vias) == 2


def test_a_role_has_a_policy_of_its_own() -> None:
    """Who runs the receiver may assume it, and no more."""
    rules = (rule("s", "other", role_arn=ROLE),)
    ours, theirs = statements(*rules), statements(*rules, role_arn=ROLE)

    assert list(ours) == ["Assume"]
    assert ours["Assume"]["Resource"] == [ROLE]
    assert "Write" in theirs
    assert "Assume" not in theirs


def test_names() -> None:
    """By template and include; a whole name with AWS's suffix, and without, which is
    how it is asked for while it is free."""
    spec = TargetSpec(region=REGION, name="p/{rule}/{path}")
    named = Rule(name="r", mount="kv", include=("a/**", "b/x"), target=spec)

    assert statements(named)["Describe"]["Resource"] == [
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:p/r/a/*",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:p/r/b/x",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:p/r/b/x-??????",
    ]


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_partitions(region: str, partition: str) -> None:
    """By the Region's name."""
    (arn,) = statements(rule(region=region))["Describe"]["Resource"]

    assert arn.startswith(f"arn:{partition}:secretsmanager:{region}:")


def test_statements_are_chosen_by_name() -> None:
    """As people write it."""
    found = chosen(aws_policy([rule()], HERE), ["never-read", "LIST"])

    assert [one["Sid"] for one in found] == ["List", "NeverRead"]


def test_topics_and_the_connection_secret() -> None:
    """What is needed besides the rules is named alone, and nothing more is read."""
    topic = "arn:aws:sns:eu-central-1:123456789012:replicator"
    besides = Besides(topics=[topic], connection=("eu-central-1", "hybrid/vault"))

    notify, connection = aws_policy([], HERE, besides=besides)

    assert notify == {
        "Sid": "Notify",
        "Effect": "Allow",
        "Action": ["sns:Publish"],
        "Resource": [topic],
    }
    assert connection["Action"] == ["secretsmanager:GetSecretValue"]
    (arn,) = connection["Resource"]
    assert arn.endswith(":secret:hybrid/vault-??????")
    never = chosen(aws_policy([rule()], HERE, besides=besides), ["never-read"])
    assert [one["NotResource"] for one in never] == [[arn]]


def test_keys_of_topics_and_of_the_connection_secret() -> None:
    """Each by way of its own service, and to no more than it takes."""
    besides = Besides(
        topics=["arn:aws:sns:eu-west-1:123456789012:replicator"],
        topic_key=("eu-west-1", "2"),
        connection=(REGION, "hybrid/vault"),
        connection_key="1",
    )
    found = chosen(aws_policy([], HERE, besides=besides), ["kms"])

    assert [
        (
            one["Condition"]["StringEquals"]["kms:ViaService"],
            one["Resource"].rpartition("/")[2],
            one["Action"],
        )
        for one in found
    ] == [
        ("secretsmanager.eu-central-1.amazonaws.com", "1", ["kms:Decrypt"]),
        (
            "sns.eu-west-1.amazonaws.com",
            "2",
            ["kms:Decrypt", "kms:GenerateDataKey"],
        ),
    ]


@pytest.mark.parametrize(
    "name", ["kv/vault", "arn:aws:secretsmanager:eu-central-1:1:secret:kv/vault-AbCdEf"]
)
def test_the_token_of_vault_is_kept_apart(name: str) -> None:
    """Below a rule's names nothing is read, so it could not be, either."""
    where = Where(source="vault-prod")
    besides = Besides(connection=(REGION, name))

    with pytest.raises(Unreadable, match="a name that no rule gives"):
        aws_policy([rule()], where, besides=besides)


def test_length() -> None:
    """As IAM counts: no white space. That of one rule is far from any limit."""
    policy = aws_policy([rule()], HERE)

    assert length(policy[:1]) == len(
        '{"Version":"2012-10-17","Statement":[{"Sid":"List","Effect":"Allow",'
        '"Action":["secretsmanager:ListSecrets"],"Resource":"*"}]}'
    )
    assert length(policy) < 3_000
