"""One test for each row of the table in ``receiver/core/plan.py``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.core.actions import (
    Adopt,
    Create,
    Delete,
    InSync,
    Leave,
    MakeCurrent,
    Nothing,
    Put,
    Refuse,
    Release,
)
from receiver.core.causes import Cause
from receiver.core.fingerprint import MAX_NONCE, RELEASED, SEAL, Fingerprint
from receiver.core.plan import Place, plan_one
from receiver.core.rules import Rule, TargetSpec
from receiver.core.state import Decision, Gone, Observed, SecretRef, State, Value

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


def plan(
    truth: Value | Gone,
    observed: Observed | None,
    decision: Decision | None = None,
    **spec: object,
) -> object:
    """Plan under the rule, with parts of its target replaced."""
    rule = replace(RULE, target=TargetSpec(**spec))  # type: ignore[arg-type]  # as above
    place = replace(PLACE, rule=rule)
    return plan_one(place, truth, observed, PRINTS, decision)


RELEASED_LEAVE = Leave(State.ORPHANED, Cause.RELEASED)


def test_a_value_that_aws_does_not_have_is_created() -> None:
    """Value, nothing: create under our version id."""
    assert plan(VALUE, None) == Create(OURS)


def test_a_secret_of_somebody_else_is_refused() -> None:
    """Value, not ours: a conflict, whatever the value."""
    action = plan(VALUE, held(tags={}))

    assert isinstance(action, Refuse)
    assert action.cause is Cause.CONFLICT_FOREIGN


@pytest.mark.parametrize(
    ("tag", "cause"),
    [
        ("managed-by", Cause.CONFLICT_FOREIGN),
        ("vault-source", Cause.CONFLICT_SOURCE),
        ("vault-path", Cause.NAME_TAKEN),
    ],
)
def test_each_ownership_tag_is_needed(tag: str, cause: Cause) -> None:
    """One tag of another value tells whose it is: somebody's, another replicator's,
    or another secret's of ours."""
    action = plan(VALUE, held(tags={**PLACE.owner_tags(), tag: "other"}))

    assert isinstance(action, Refuse)
    assert action.cause is cause


def test_a_released_secret_is_left_alone() -> None:
    """Value, ours but released: neither written nor deleted."""
    released = held(tags={**PLACE.owner_tags(), "vault-released": "2026"})

    assert plan(VALUE, released) == RELEASED_LEAVE
    assert plan(Gone(7, "t"), released) == RELEASED_LEAVE
    assert plan(VALUE, released, Decision.PRUNE) == RELEASED_LEAVE


def test_a_foreign_secret_is_taken_over_when_somebody_says_so() -> None:
    """Value, not ours, to be adopted: our tags, then our value and its seal."""
    action = plan(VALUE, held(tags={}, sealed=False), Decision.ADOPT)

    assert action == Adopt(Put(OURS, seal=True))


@pytest.mark.parametrize("key", ["managed-by", "Managed-By"])
def test_who_manages_a_foreign_secret_is_told(key: str) -> None:
    """As far as its tags tell. Whoever adopts it has been told, and decides."""
    theirs = held(tags={key: "terraform"}, sealed=False)

    action = plan(VALUE, theirs)
    assert isinstance(action, Refuse)
    assert action.cause is Cause.CONFLICT_FOREIGN
    assert "not ours: its tag managed-by says terraform" in action.detail
    assert plan(VALUE, theirs, Decision.ADOPT) == Adopt(Put(OURS, seal=True))


def test_nothing_is_adopted_that_vault_does_not_hold() -> None:
    """Else it would be deleted at once."""
    assert plan(Gone(), held(tags={}), Decision.ADOPT) == Nothing()


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ({"rotated": True}, Cause.ROTATION_ON),
        ({"owning_service": "rds"}, Cause.ROTATION_ON),
        ({"deleting": True}, Cause.CONFLICT_FOREIGN),
    ],
)
def test_not_everything_can_be_adopted(how: dict[str, object], cause: Cause) -> None:
    """Not what AWS itself changes, and not what somebody is deleting."""
    action = plan(VALUE, held(tags={}, **how), Decision.ADOPT)

    assert isinstance(action, Refuse)
    assert action.cause is cause


def test_a_released_secret_comes_back_by_adoption() -> None:
    """As if it had never been released: its version is still there."""
    released = held(tags={**PLACE.owner_tags(), RELEASED: "true"})

    assert plan(VALUE, released, Decision.ADOPT) == Adopt(InSync(OURS))


@pytest.mark.parametrize("truth", [VALUE, Gone(7, "t")])
def test_what_is_ours_is_released_whatever_vault_says(truth: Value | Gone) -> None:
    """Any, ours, to be released."""
    assert plan(truth, held(), Decision.RELEASE) == Release()


def test_what_is_not_ours_cannot_be_released() -> None:
    """There is nothing to let go."""
    assert isinstance(plan(VALUE, held(tags={}), Decision.RELEASE), Refuse)
    assert plan(Gone(), held(tags={}), Decision.RELEASE) == Nothing()


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
    assert action == Put(following, seal=True)


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


def test_a_version_by_a_former_key_is_written_anew() -> None:
    """All keys verify, the first signs: so the former key can be thrown away."""
    rotated = Fingerprint(["n" * 32, "k" * 32])

    action = plan_one(PLACE, VALUE, held(), rotated)

    assert action == Put(rotated.version_id(PLACE.subject(VALUE)))


def test_our_version_that_lost_its_label_gets_it_back() -> None:
    """Value, ours, our id there but not current: move the label, no new version."""
    action = plan(VALUE, held(current=OLDER, previous=OURS))

    assert action == MakeCurrent(OURS, instead_of=OLDER)


def test_a_version_by_a_former_key_does_not_get_its_label_back() -> None:
    """It would have to be written anew all the same."""
    rotated = Fingerprint(["n" * 32, "k" * 32])
    observed = held(current=OLDER, previous=OURS)

    assert isinstance(plan_one(PLACE, VALUE, observed, rotated), Put)


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
    assert plan(out, held(current=OLDER)) == Leave(State.ORPHANED, Cause.OPTED_OUT)
    assert plan(out, held(deleting=True)) == Nothing(State.DELETING)


def test_what_was_opted_out_is_deleted_when_it_is_pruned() -> None:
    """Opted out, ours, to be pruned: by ``on_delete``, so retain leaves it."""
    out = replace(VALUE, custom_metadata={"replicate": "false"})

    assert plan(out, held(), Decision.PRUNE) == Delete(30)
    assert plan(out, held(), Decision.PRUNE, on_delete="retain") == Leave(
        State.ORPHANED, Cause.RETAINED
    )


def test_with_opt_in_only_those_who_said_so_are_replicated() -> None:
    """And everybody else is opted out."""
    place = replace(PLACE, rule=replace(RULE, opt_in=True))
    asked = replace(VALUE, custom_metadata={"replicate": "true"})

    assert isinstance(plan_one(place, asked, None, PRINTS), Create)
    assert plan_one(place, VALUE, None, PRINTS) == Nothing()


def test_what_is_not_ours_is_never_deleted() -> None:
    """Gone, not ours, or a service's: left."""
    assert plan(Gone(), held(tags={})) == Nothing()
    assert isinstance(plan(Gone(), held(owning_service="rds")), Leave)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("schedule", Delete(12)),
        ("force", Delete(None)),
        ("retain", Leave(State.ORPHANED, Cause.RETAINED)),
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
