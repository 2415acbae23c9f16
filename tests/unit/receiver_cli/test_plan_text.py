"""The plan as people read it, and what exit code it deserves."""

from __future__ import annotations

import pytest

from receiver.commands.comparing import plan_code
from receiver.terminal.plan_markdown import plan_markdown
from receiver.terminal.plan_text import plan_text
from tests.unit.receiver_cli.documents import MOUNT, change, plan

EVERYTHING = plan(
    change("create", "team-a/billing/api", to="v1", reason="written 3 min ago"),
    change(
        "update", "team-a/db", to="v7", reason="AWS is 41 s behind", **{"from": "v6"}
    ),
    change("repair", "team-b/smtp", to="v3", reason="edited in AWS 2 h ago"),
    change("restore", "team-c/old", to="v4"),
    change("delete", "team-d/gone", reason="deleted in Vault 12 min ago"),
    change(
        "conflict",
        "team-e/shared",
        to="v1",
        reason="a secret of this name exists in AWS and is not ours",
        cause="CONFLICT_FOREIGN",
    ),
    change(
        "parked",
        "team-f/cert",
        to="v2",
        reason="value is 71,204 bytes",
        cause="VALUE_TOO_LARGE",
    ),
    change("held", "team-g/app", reason="11 deletes of 100", cause="BRAKE"),
    change("orphaned", "tmp/x", reason="no rule speaks for it any more"),
    brake=[
        {
            "rule": "hybrid",
            "deletes": 2,
            "held": 1,
            "made": 10,
            "population": 100,
            "limit": "limit 50, or 10 % and 10",
        }
    ],
)


def test_everything_at_once() -> None:
    """Symbols used, each rule's changes, the count, the brake, then who must act."""
    assert plan_text(EVERYTHING, for_person=True) == (
        """\
vault-prod: compared 414 secrets with 7 Vault and 5 AWS calls in 1.9 s; nothing was changed.

  + create: AWS does not have it yet
  ~ update: AWS has an older version
  * repair: AWS was changed by hand, or is not as the rule says
  ^ restore: its deletion in AWS is cancelled
  - delete: Vault does not have it any more
  ! waits for somebody: nothing is done
  . orphaned: no rule speaks for it; left alone without --prune

rule hybrid   hybrid-aws-secrets → "{mount}/{path}"   on_delete: schedule
  + create     hybrid-aws-secrets/team-a/billing/api   v1        written 3 min ago
  ~ update     hybrid-aws-secrets/team-a/db            v6 → v7   AWS is 41 s behind
  * repair     hybrid-aws-secrets/team-b/smtp          v3        edited in AWS 2 h ago
  ^ restore    hybrid-aws-secrets/team-c/old           v4
  - delete     hybrid-aws-secrets/team-d/gone                    deleted in Vault 12 min ago
  ! conflict   hybrid-aws-secrets/team-e/shared        v1        a secret of this name exists in AWS and is not ours
  ! parked     hybrid-aws-secrets/team-f/cert          v2        value is 71,204 bytes
  ! held       hybrid-aws-secrets/team-g/app                     11 deletes of 100
  . orphaned   hybrid-aws-secrets/tmp/x                          no rule speaks for it any more

Plan 7f3a9c41d2e0: 1 create, 1 update, 1 repair, 1 restore, 1 delete; 405 unchanged; 1 orphaned; 3 need you.
Brake  hybrid: 2 deletes wanted, 1 of them held; 10 made within the hour, of 100 secrets (limit 50, or 10 % and 10).

Needs you
  hybrid-aws-secrets/team-e/shared   vault-replicator adopt hybrid-aws-secrets/team-e/shared
  hybrid-aws-secrets/team-f/cert     secret's owner: split it, or add it to the rule's exclude
  1 held delete                      vault-replicator reconcile --if-plan 7f3a9c41d2e0 --force   (if meant)

Next: vault-replicator reconcile --if-plan 7f3a9c41d2e0"""  # noqa: E501 what a terminal shows is as long as it is
    )


def test_no_changes() -> None:
    """One sentence that says what was compared, never silence."""
    assert plan_text(plan(unchanged=412), for_person=True) == (
        "No changes. 412 secrets in AWS match Vault (1 rule, checked "
        "2026-11-23 10:04:11Z, 12 calls)."
    )


def test_what_could_not_be_compared_is_said_even_then() -> None:
    """So that nobody takes half a comparison for a whole one."""
    text = plan_text(plan(faults=["kv is sealed"], warnings=["kv/a-abcdef: ends odd"]))

    assert text.endswith(
        "\n\nFaults\n  kv is sealed\n\nWarnings\n  kv/a-abcdef: ends odd"
    )


def test_the_next_command_is_for_people() -> None:
    """A pipeline is told nothing to type; a file is named again."""
    one = plan(change("create", "a", to="v1"))

    assert "Next:" not in plan_text(one)
    assert plan_text(one, config="my plan.yaml", for_person=True).endswith(
        "Next: vault-replicator reconcile --if-plan 7f3a9c41d2e0 "
        "--config 'my plan.yaml'"
    )


def test_nobody_is_led_to_let_a_mass_change_go() -> None:
    """Asking for the plan would; so it is offered only where that is said."""
    many = [
        change("held", f"app/{number}", to="v1", cause="MANY_REWRITES")
        for number in range(3)
    ]
    text = plan_text(plan(change("create", "a", to="v1"), *many), for_person=True)

    assert text.endswith(
        "Needs you\n  3 held changes   vault-replicator reconcile --if-plan "
        "7f3a9c41d2e0   (if meant)"
    )


def test_many_conflicts_are_one_line() -> None:
    """400 of them are not 400 commands."""
    those = [
        change("conflict", f"app/{number}", cause="CONFLICT_FOREIGN")
        for number in range(400)
    ]
    text = plan_text(plan(*those))

    assert text.endswith(
        "Needs you\n  400 conflicts under hybrid   "
        "vault-replicator adopt --rule hybrid --dry-run"
    )


def test_another_name_and_another_namespace_are_shown() -> None:
    """The command takes the namespace apart; what a shell would read is quoted."""
    text = plan_text(
        plan(
            change(
                "conflict",
                "my app/db",
                namespace="team1",
                name="prod/db",
                reason="not ours",
                cause="CONFLICT_FOREIGN",
            )
        )
    )

    assert f"team1/{MOUNT}/my app/db   as prod/db; not ours" in text
    assert f"adopt '{MOUNT}/my app/db' --namespace team1" in text


def test_nothing_that_a_terminal_obeys_gets_through() -> None:
    """Paths and reasons come from elsewhere."""
    text = plan_text(
        plan(change("parked", "a\x1b[2Jb", reason="c\nd\x07", cause="OF_TOMORROW"))
    )

    assert "a\\x1b[2Jb" in text
    assert "c\\nd\\x07" in text


def test_a_rule_that_is_gone_is_said_to_be() -> None:
    """Its orphans stand under its name."""
    text = plan_text(plan(change("orphaned", "a", rule="old")))

    assert "rule old   is not in the configuration any more\n  . orphaned" in text


def test_what_only_its_tags_tell_of_stands_under_no_rule() -> None:
    """The state was lost, then the rule removed."""
    text = plan_text(plan(change("orphaned", "a", rule="", mount="")))

    assert "no rule   only their tags say that these are ours\n  . orphaned" in text


def test_markdown() -> None:
    """A table for each rule; what Markdown would read is escaped."""
    text = plan_markdown(
        plan(
            change("create", "a_b|c`d", to="v1", reason="written *now*"),
            change("conflict", "team-e/shared", cause="CONFLICT_FOREIGN"),
        )
    )

    assert text == (
        """\
### Secrets of vault-prod: 1 create; 405 unchanged; 1 needs you

**rule hybrid   hybrid-aws-secrets → "\\{mount\\}/\\{path\\}"   on\\_delete: schedule**

| | | versions | |
|---|---|---|---|
| `+` create | `hybrid-aws-secrets/a_b\\|c'd` | v1 | written \\*now\\* |
| `!` conflict | `hybrid-aws-secrets/team-e/shared` |  |  |

| needs you | do |
|---|---|
| hybrid-aws-secrets/team-e/shared | \
`vault-replicator adopt hybrid-aws-secrets/team-e/shared` |

Plan `7f3a9c41d2e0`, kept for a day: \
`vault-replicator reconcile --if-plan 7f3a9c41d2e0`"""
    )


def test_a_long_plan_is_cut_in_markdown() -> None:
    """Where it is shown, more than 65,000 characters would be dropped silently."""
    those = [change("create", f"app/{number}", to="v1") for number in range(2000)]
    text = plan_markdown(plan(*those))

    assert 40_000 < len(text) < 55_000
    shown = text.count("| `+` create |")
    assert f"… and {2000 - shown:,} more changes." in text


@pytest.mark.parametrize(
    ("actions", "prune", "code"),
    [
        ([], False, 0),
        (["orphaned"], False, 0),
        (["orphaned"], True, 2),
        (["create"], False, 2),
        (["update", "conflict"], False, 2),
        (["repair"], False, 2),
        (["restore"], False, 2),
        (["delete", "held"], False, 2),
        (["held"], False, 3),
        (["conflict"], False, 3),
        (["parked", "orphaned"], False, 3),
    ],
)
def test_exit_codes(actions: list[str], prune: bool, code: int) -> None:
    """0 nothing to do, 2 changes, 3 only what needs somebody."""
    those = [change(action, f"app/{action}") for action in actions]

    assert plan_code(plan(*those), prune=prune) == code


@pytest.mark.parametrize(
    "more", [{"cause": "RETAINED"}, {"cause": "RELEASED"}, {"rule": ""}]
)
def test_what_no_prune_deletes_is_no_change(more: dict[str, str]) -> None:
    """Its rule or its owner said so, or nobody knows what its rule wanted."""
    kept = plan(change("orphaned", "a", **more))

    assert plan_code(kept, prune=True) == 0


def test_half_a_comparison_is_no_success() -> None:
    """Nothing was found because nothing could be seen: 1, unless there is something."""
    assert plan_code(plan(faults=["kv is sealed"]), prune=False) == 1
    assert plan_code(plan(change("parked", "a"), faults=["x"]), prune=False) == 3
    assert plan_code(plan(change("create", "a"), faults=["x"]), prune=False) == 2
