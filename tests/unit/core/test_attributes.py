"""Tags, description, key and replicas follow the rule; all else stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.attributes import Changes, as_text, changes, from_text, same_key
from receiver.core.rules import TargetSpec
from receiver.core.state import Observed, Replica

OWN = {"managed-by": "us"}
ARN_OF_KEY = "arn:aws:kms:eu-central-1:123456789012:key/8d2c"
WEST, NORTH = Replica("eu-west-1"), Replica("eu-north-1", "alias/north")


def shown(**more: object) -> Observed:
    """A secret as AWS shows it, with our tags."""
    tags = {**OWN, **more.pop("tags", {})}  # type: ignore[dict-item]  # a dict by name
    return Observed("arn", tags, {}, **more)  # type: ignore[arg-type]  # as above


def difference(
    spec: TargetSpec, observed: Observed, last: TargetSpec | None = None
) -> Changes:
    return changes(spec, observed, as_text(last) if last else None, OWN)


def test_what_is_as_the_rule_says_is_left() -> None:
    """No change is false."""
    spec = TargetSpec(description="d", kms_key_id="8d2c", tags={"a": "b"})
    observed = shown(description="d", kms_key_id=ARN_OF_KEY, tags={"a": "b"})

    assert not difference(spec, observed)


def test_what_others_put_there_stays() -> None:
    """Foreign tags, description, key and replicas, where the rule names none."""
    observed = shown(
        description="theirs", kms_key_id=ARN_OF_KEY, tags={"x": "y"}, replicas=(WEST,)
    )

    assert not difference(TargetSpec(), observed)


def test_what_the_rule_names_is_made_so() -> None:
    """Each of them."""
    spec = TargetSpec(
        description="new", kms_key_id="alias/new", tags={"a": "c"}, replicas=(WEST,)
    )

    assert difference(spec, shown(tags={"a": "b"})) == Changes(
        description="new",
        kms_key_id="alias/new",
        tag={"a": "c"},
        replicate=(WEST,),
    )


def test_what_the_rule_names_no_more_is_taken_back() -> None:
    """What it had set, and only that."""
    last = TargetSpec(
        description="d", kms_key_id="8d2c", tags={"a": "b"}, replicas=(WEST,)
    )
    observed = shown(
        description="d",
        kms_key_id=ARN_OF_KEY,
        tags={"a": "b", "x": "y"},
        replicas=(WEST, NORTH),
    )

    assert difference(TargetSpec(), observed, last) == Changes(
        description="", kms_key_id="", untag=("a",), detach=("eu-west-1",)
    )


def test_our_own_tags_are_never_taken_back() -> None:
    """Also when a rule of long ago named one of them."""
    last = TargetSpec(tags={"managed-by": "us"})

    assert not difference(TargetSpec(), shown(), last)


def test_a_replica_with_another_key_is_made_anew() -> None:
    """AWS cannot change the key of one."""
    spec = TargetSpec(replicas=(NORTH,))
    observed = shown(replicas=(Replica("eu-north-1", "alias/old"),))

    assert difference(spec, observed) == Changes(
        replicate=(NORTH,), detach=("eu-north-1",)
    )


def test_an_alias_that_aws_shows_as_its_key_is_believed_once_applied() -> None:
    """Else it would be set again at every look."""
    spec = TargetSpec(kms_key_id="alias/app")
    observed = shown(kms_key_id=ARN_OF_KEY)

    assert difference(spec, observed).kms_key_id == "alias/app"
    assert not difference(spec, observed, spec)


def test_a_listing_says_nothing_of_replicas() -> None:
    """So nothing is done about them."""
    spec = TargetSpec(replicas=(WEST,))

    assert not difference(spec, shown(replicas=None))


@pytest.mark.parametrize(
    ("configured", "aws", "same"),
    [
        ("8d2c", ARN_OF_KEY, True),
        (ARN_OF_KEY, ARN_OF_KEY, True),
        ("alias/a", "arn:aws:kms:eu-central-1:123456789012:alias/a", True),
        ("2c", ARN_OF_KEY, False),
        ("8d2c", None, False),
    ],
)
def test_a_key_has_several_names(configured: str, aws: str | None, same: bool) -> None:
    """Id, ARN and alias; never the end of another id."""
    assert same_key(configured, aws) is same


@given(
    st.builds(
        TargetSpec,
        description=st.none() | st.text(),
        kms_key_id=st.none() | st.text(min_size=1),
        tags=st.dictionaries(st.text(), st.text()),
        on_delete=st.sampled_from(["retain", "schedule", "force"]),
        recovery_window_days=st.integers(7, 30),
        replicas=st.lists(
            st.builds(Replica, st.text(), st.none() | st.text()),
            unique_by=lambda one: one.region,
        ).map(lambda ones: tuple(sorted(ones, key=lambda one: one.region))),
        role_arn=st.none() | st.text(min_size=1),
    )
)
def test_the_journal_remembers_all_of_it(spec: TargetSpec) -> None:
    """Text and back is the same rule; equal rules are equal text."""
    text = as_text(spec)
    back = from_text(text, region="eu-central-1")

    assert back is not None
    assert as_text(back) == text
    assert back.tags == spec.tags
    assert back.replicas == spec.replicas
    assert back.on_delete == spec.on_delete
