"""One test for each row of the table in ``receiver/core/plan.py``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.core.causes import Cause
from receiver.core.fingerprint import MAX_NONCE, SEAL, Fingerprint
from receiver.core.plan import (
    Create,
    Delete,
    InSync,
    Leave,
    MakeCurrent,
    Nothing,
    Place,
    Put,
    Refuse,
    plan_one,
)
from receiver.core.rules import Rule, TargetSpec
from receiver.core.state import Gone, Observed, SecretRef, State, Value

PRINTS = Fingerprint(["k" * 32])
REF = SecretRef("", "kv", "team/db")
RULE = Rule(name="all", mount="kv")
PLACE = Place("vault-prod", REF, RULE, "eu-central-1", "kv/team/db")
VALUE = Value('{"a":"b"}', 7, "2026-11-23T10:00:00.123Z")
OURS = PRINTS.version_id(PLACE.subject(VALUE))
OLDER = "v6-" + "a" * 52
ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:kv/team/db-AbCdEf"


def held(
    *,
    current: str | None = OURS,
    previous: str | None = None,
    tags: dict[str, str] | None = None,
    sealed: bool = True,
    **more: object,
) -> Observed:
    """A secret of ours in AWS, unless told otherwise."""
    own = PLACE.owner_tags() if tags is None else tags
    seal = {SEAL: PRINTS.seal(ARN, "vault-prod", REF)} if sealed else {}
    stages = {} if current is None else {current: ("AWSCURRENT",)}
    if previous:
        stages[previous] = ("AWSPREVIOUS",)
    return replace(Observed(ARN, {**own, **seal}, stages), **more)  # type: ignore[arg-type]  # keywords of the dataclass


def plan(truth: Value | Gone, observed: Observed | None, **spec: object) -> object:
    """Plan under the rule, with parts of its target replaced."""
    rule = replace(RULE, target=TargetSpec(**spec))  # type: ignore[arg-type]  # as above
    return plan_one(replace(PLACE, rule=rule), truth, observed, PRINTS)


def test_a_value_that_aws_does_not_have_is_created() -> None:
    """Value, nothing: create under our version id."""
    assert plan(VALUE, None) == Create(OURS)


def test_a_secret_of_somebody_else_is_refused() -> None:
    """Value, not ours: a conflict, whatever the value."""
    action = plan(VALUE, held(tags={}))

    assert isinstance(action, Refuse)
    assert action.cause is Cause.CONFLICT_FOREIGN


@pytest.mark.parametrize("tag", ["managed-by", "vault-source", "vault-path"])
def test_each_ownership_tag_is_needed(tag: str) -> None:
    """A secret with one tag of another value is not ours."""
    action = plan(VALUE, held(tags={**PLACE.owner_tags(), tag: "other"}))

    assert isinstance(action, Refuse)


def test_a_released_secret_is_left_alone() -> None:
    """Value, ours but released: neither written nor deleted."""
    released = held(tags={**PLACE.owner_tags(), "vault-released": "2026"})

    assert plan(VALUE, released) == Leave(State.ORPHANED)
    assert plan(Gone(7, "t"), released) == Leave(State.ORPHANED)


@pytest.mark.parametrize("how", [{"rotated": True}, {"owning_service": "rds"}])
def test_a_secret_that_aws_itself_changes_is_refused(how: dict[str, object]) -> None:
    """Value, ours, rotation on or owned by a service: refused."""
    action = plan(VALUE, held(current=OLDER, **how))

    assert isinstance(action, Refuse)
    assert action.cause is Cause.ROTATION_ON


def test_without_a_seal_our_visible_version_id_proves_nothing() -> None:
    """Value, ours, our id current, no seal: put under the next nonce, then seal."""
    action = plan(VALUE, held(sealed=False))

    following = PRINTS.version_id(PLACE.subject(VALUE), 1)
    assert action == Put(following, nonce=1, seal=True)


def test_a_seal_of_another_arn_is_no_seal() -> None:
    """A secret made anew carries another suffix, so a copied seal does not hold."""
    moved = replace(held(), arn=ARN.replace("AbCdEf", "GhIjKl"))

    assert isinstance(plan(VALUE, moved), Put)


def test_when_no_nonce_is_left_somebody_must_look() -> None:
    """Value, ours, no seal, the last nonce current: refused rather than trusted."""
    last = PRINTS.version_id(PLACE.subject(VALUE), MAX_NONCE)
    action = plan(VALUE, held(current=last, sealed=False))

    assert isinstance(action, Refuse)
    assert action.cause is Cause.VERSION_ID_TAKEN


def test_our_current_version_id_means_in_sync() -> None:
    """Value, ours, our id current: nothing to write."""
    assert plan(VALUE, held()) == InSync(OURS)


def test_a_repaired_version_is_in_sync_too() -> None:
    """An id made with a later nonce is as good."""
    repaired = PRINTS.version_id(PLACE.subject(VALUE), 3)

    assert plan(VALUE, held(current=repaired)) == InSync(repaired)


def test_a_version_by_a_former_key_is_in_sync() -> None:
    """The first key signs, all keys verify: rotating a key rewrites nothing."""
    rotated = Fingerprint(["n" * 32, "k" * 32])

    assert plan_one(PLACE, VALUE, held(), rotated) == InSync(OURS)


def test_our_version_that_lost_its_label_gets_it_back() -> None:
    """Value, ours, our id there but not current: move the label, no new version."""
    action = plan(VALUE, held(current=OLDER, previous=OURS))

    assert action == MakeCurrent(OURS, instead_of=OLDER)


def test_another_version_is_replaced() -> None:
    """Value, ours, another id current: put."""
    assert plan(VALUE, held(current=OLDER)) == Put(OURS)


def test_a_secret_without_any_version_gets_one() -> None:
    """Value, ours, created without a value: put."""
    assert plan(VALUE, held(current=None)) == Put(OURS)


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        (held(deleting=True), InSync(OURS, restore=True)),
        (held(deleting=True, current=OLDER), Put(OURS, restore=True)),
        (
            held(deleting=True, current=OLDER, previous=OURS),
            MakeCurrent(OURS, OLDER, restore=True),
        ),
    ],
)
def test_a_scheduled_deletion_is_undone_first(
    observed: Observed, expected: object
) -> None:
    """Value, ours, deletion scheduled: the same after a restore."""
    assert plan(VALUE, observed) == expected


def test_gone_on_both_sides_is_nothing() -> None:
    """Gone, nothing; and gone, deletion scheduled already."""
    assert plan(Gone(), None) == Nothing()
    assert plan(Gone(), held(deleting=True)) == Nothing(State.DELETING)


@pytest.mark.parametrize("flag", ["false", "False"])
def test_a_secret_whose_owner_opted_out_is_let_alone(flag: str) -> None:
    """Not created, not written, and listed when AWS still holds it."""
    out = replace(VALUE, custom_metadata={"replicate": flag})

    assert plan(out, None) == Nothing()
    assert plan(out, held(tags={})) == Nothing()
    assert plan(out, held(current=OLDER)) == Leave(State.ORPHANED)
    assert plan(out, held(deleting=True)) == Nothing(State.DELETING)


def test_with_opt_in_only_those_who_said_so_are_replicated() -> None:
    """And everybody else is opted out."""
    place = replace(PLACE, rule=replace(RULE, opt_in=True))
    asked = replace(VALUE, custom_metadata={"replicate": "true"})

    assert isinstance(plan_one(place, asked, None, PRINTS), Create)
    assert plan_one(place, VALUE, None, PRINTS) == Nothing()


def test_what_is_not_ours_is_never_deleted() -> None:
    """Gone, not ours, or a service's: left."""
    assert plan(Gone(), held(tags={})) == Nothing()
    assert plan(Gone(), held(owning_service="rds")) == Leave(State.ORPHANED)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("schedule", Delete(12)),
        ("force", Delete(None)),
        ("retain", Leave(State.ORPHANED)),
    ],
)
def test_what_is_ours_is_deleted_as_the_rule_says(
    policy: str, expected: object
) -> None:
    """Gone, ours: by ``on_delete``."""
    action = plan(Gone(7, "t"), held(), on_delete=policy, recovery_window_days=12)

    assert action == expected


def test_the_format_is_part_of_the_version_id() -> None:
    """Another mapping of the same version is another value, and so another id."""
    action = plan(VALUE, held(), format_key="a")

    assert isinstance(action, Put)
    assert action.version_id != OURS
