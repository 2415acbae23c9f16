"""The sample goes where the rule takes it, and what stays is marked first."""

from __future__ import annotations

import pytest

from receiver.core.rules import Rule
from receiver.core.state import SecretRef
from receiver.setup.found import Engine
from receiver.setup.mounts import mount_steps
from receiver.setup.sample import sample_paths, sample_steps, within
from receiver.setup.steps import Kind
from tests.unit.setup.intents import TOKEN, found, intent


@pytest.mark.parametrize("glob", ["**", "app/**", "*/db", "a?c/x-*", "**/x", "one"])
def test_a_path_that_a_glob_stands_for(glob: str) -> None:
    """Whatever it leaves open."""
    rule = Rule(name="r", mount="kv", include=(glob,))

    assert rule.matches(SecretRef("", "kv", within(glob, "name")))


def test_three_paths_are_needed() -> None:
    """A rule for one secret has no room for a sample, and says so."""
    rule = Rule(name="one", mount="kv", include=("one",))
    assert sample_paths(Rule(name="r", mount="kv", include=("app/**",))) == {
        "database": "app/demo-database",
        "api": "app/demo-api",
        "private": "app/demo-private",
    }

    *_, step = sample_steps(intent(TOKEN, rule, sample=True), found())
    assert step.kind is Kind.NEEDS_YOU


def test_what_stays_is_marked_before_it_has_a_value() -> None:
    """And what an opt-in rule takes is marked too."""
    rule = Rule(name="r", mount="kv", opt_in=True)
    _, *steps = sample_steps(intent(TOKEN, rule, sample=True), found())

    marks = [
        (step.calls[0].path, step.calls[0].body["custom_metadata"]["replicate"])
        for step in steps
    ]
    assert marks == [
        ("kv/metadata/demo-database", "true"),
        ("kv/metadata/demo-api", "true"),
        ("kv/metadata/demo-private", "false"),
    ]
    assert {step.calls[1].path.split("/")[1] for step in steps} == {"data"}


@pytest.mark.parametrize(
    ("rule", "engine"),
    [
        (Rule(name="r", mount="*"), Engine("kv", 2)),
        (Rule(name="r", mount="kv"), Engine("kv", 1)),
    ],
)
def test_where_there_is_no_place_for_it(rule: Rule, engine: Engine) -> None:
    """No mount is named, or it knows no metadata."""
    there = found(engines={("", "kv"): engine})
    (step,) = sample_steps(intent(TOKEN, rule, sample=True), there)

    assert step.kind is Kind.NEEDS_YOU


def test_a_rule_over_all_mounts_leaves_no_other_engine() -> None:
    """So none is made that would be replicated."""
    rules = (Rule(name="r", mount="kv"), Rule(name="all", mount="**"))
    steps = list(sample_steps(intent(TOKEN, *rules, sample=True), found()))

    assert [step.name for step in steps] == [
        f"kv/demo-{name}" for name in ("database", "api", "private")
    ]


def test_a_mount_that_several_rules_name_is_told_once() -> None:
    """It is made once, too."""
    rules = [Rule(name=name, mount="new") for name in "ab"]
    steps = list(mount_steps(intent(TOKEN, *rules, enable_mounts=True), found()))

    assert [(step.kind, step.name) for step in steps] == [(Kind.CREATE, "new")]
