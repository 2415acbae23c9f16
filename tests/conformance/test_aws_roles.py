"""The adapter's accounts, over the strict layer: which role, when, and what if not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from receiver.adapters.aws_clients import (
    SESSION_NAME,
    AssumedRole,
    SecretsManagerTargets,
)
from receiver.core.causes import Cause, Permanent, Temporary
from receiver.core.rules import TargetSpec
from receiver.demo import loopback
from tests.conformance.worlds import (
    ELSEWHERE,
    REGION,
    Hook,
    Requests,
    at,
    create,
    own_client,
)

pytest_plugins = ["tests.strict_aws.fixtures", "tests.conformance.world_fixtures"]

ROLE = "arn:aws:iam::222222222222:role/replicator"
OTHER_ROLE = "arn:aws:iam::333333333333:role/kms/replicator"


def assumed(layer: str) -> list[dict[str, Any]]:
    """The roles that were assumed, as the layer remembers them."""
    data = loopback.request("GET", f"{layer}/moto-api/data.json").json()
    roles: list[dict[str, Any]] = data.get("sts", {}).get("AssumedRole", [])
    return roles


def test_a_rule_goes_to_the_account_of_its_role(
    targets: SecretsManagerTargets, layer: str
) -> None:
    """Under a name that its owner recognises, and with what they agreed on; without a
    role to our own account."""
    theirs = create(at(targets, REGION, role_arn=ROLE, external_id="agreed"), "a")
    other = create(at(targets, ELSEWHERE, role_arn=OTHER_ROLE), "a")
    ours = create(at(targets, REGION), "a")

    assert theirs.split(":")[3:5] == [REGION, "222222222222"]
    assert other.split(":")[3:5] == [ELSEWHERE, "333333333333"]
    assert ours.split(":")[3:5] == [REGION, "123456789012"]
    by_role = {role["role_arn"]: role for role in assumed(layer)}
    assert by_role[ROLE]["session_name"] == SESSION_NAME
    assert by_role[ROLE]["external_id"] == "agreed"
    assert by_role[OTHER_ROLE]["external_id"] is None
    # STS of the rule's own Region was asked.
    regions = {role: made["region_name"] for role, made in by_role.items()}
    assert regions == {ROLE: REGION, OTHER_ROLE: ELSEWHERE}


def test_one_target_for_each_account(targets: SecretsManagerTargets) -> None:
    """However many rules write there."""
    assert at(targets, REGION) is at(targets, REGION)
    assert at(targets, REGION, role_arn=ROLE) is at(targets, REGION, role_arn=ROLE)
    distinct = [
        at(targets, REGION),
        at(targets, ELSEWHERE),
        at(targets, REGION, role_arn=ROLE),
        at(targets, REGION, role_arn=OTHER_ROLE),
    ]
    assert len(set(map(id, distinct))) == 4


def test_a_role_is_assumed_once(
    targets: SecretsManagerTargets, layer: str, requests: Requests
) -> None:
    """Not before it is needed, and not again for each call."""
    target = at(targets, REGION, role_arn=ROLE)
    assert requests == []
    for _ in range(3):
        target.describe("a")

    assert requests[0] == ("AssumeRole", "OK")
    assert requests[1:] == [("DescribeSecret", "ResourceNotFoundException")] * 3
    assert len(assumed(layer)) == 1


def test_a_role_out_of_reach(
    targets: SecretsManagerTargets, hook: Hook, requests: Requests
) -> None:
    """Somebody must let us; who needs no role goes on, and so does this one later."""
    hook("_strict/deny", operation="AssumeRole")
    target = at(targets, REGION, role_arn=OTHER_ROLE)
    with pytest.raises(Permanent) as caught:
        create(target, "a")

    assert caught.value.cause is Cause.AWS_DENIED
    assert caught.value.detail == "AssumeRole: AccessDenied (request strict)"
    assert requests == [("AssumeRole", "AccessDenied")]
    assert create(at(targets, REGION), "a")

    hook("_strict/reset")
    assert create(target, "a")


def test_sts_out_of_reach(requests: Requests, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tried again later, and AssumeRole is named, not the call that needed it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    nowhere = SecretsManagerTargets(
        endpoint_url="http://127.0.0.1:1",  # nobody listens on this port
        connections=1,
        on_request=lambda *request: requests.append(request),
    )
    with pytest.raises(Temporary, match=r"^AssumeRole: EndpointConnectionError"):
        at(nowhere, REGION, role_arn=ROLE).describe("a")
    nowhere.close()
    assert requests == [("AssumeRole", "EndpointConnectionError")]


def test_without_credentials(
    targets: SecretsManagerTargets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may come; until then every call is tried again."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for target in (at(targets, REGION), at(targets, REGION, role_arn=ROLE)):
        with pytest.raises(Temporary, match="NoCredentialsError"):
            target.describe("a")


def test_credentials_are_renewed_before_they_end(layer: str, hook: Hook) -> None:
    """With a quarter of an hour left; and while that fails the old ones are used."""
    hook("moto-api/reset")
    now = [datetime.now(UTC)]
    sts = own_client(layer, "sts", REGION)
    role = AssumedRole(sts, ROLE, None, lambda *_: None, now=lambda: now[0])
    credentials = role.load()
    first = credentials.get_frozen_credentials()

    now[0] += timedelta(minutes=44)
    assert credentials.get_frozen_credentials() == first
    now[0] += timedelta(minutes=2)
    hook("_strict/deny", operation="AssumeRole")
    assert credentials.get_frozen_credentials() == first
    hook("_strict/reset")
    assert credentials.get_frozen_credentials() != first
    sts.close()


def test_who_answers_is_told_by_account(targets: SecretsManagerTargets) -> None:
    """Ours, and that of a role."""
    assert targets.account_of(TargetSpec(region=REGION)) == "123456789012"
    spec = TargetSpec(region=REGION, role_arn=ROLE)
    assert targets.account_of(spec) == "222222222222"
