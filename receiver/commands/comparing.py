"""``plan`` and ``reconcile``: compare both sides, and bring about what differs."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.commands import person
from receiver.commands.options import Glob, OwnConfig, RuleName
from vault_audit_forwarder.program.command_line import AsJson, show
from vault_audit_forwarder.program.errors import CommandError

if TYPE_CHECKING:
    from receiver.remote import Remote

CONVERGED, ERROR, CHANGES, NEED_YOU, STOPPED = 0, 1, 2, 3, 4

_GOES_ON = "not waited for any longer; the receiver goes on"
_ENDS_HERE = "the run ends here; what is queued waits in the state file"


class Format(StrEnum):
    """How a plan is written."""

    TEXT = "text"
    MARKDOWN = "markdown"


Prune = Annotated[
    bool,
    typer.Option(
        "--prune",
        help="Orphans too: as their last on_delete says, under the brake.",
    ),
]


def plan(
    config: OwnConfig = None,
    rule: RuleName = None,
    path: Glob = None,
    prune: Prune = False,
    format: Annotated[
        Format, typer.Option("--format", help="For a person, or for a pull request.")
    ] = Format.TEXT,
    as_json: AsJson = False,
) -> int:
    """Show what a reconcile would do. Changes nothing.

    Example: vault-replicator plan --rule hybrid

    Exit codes: 0 nothing to do, 2 changes, 3 only parked, conflicting or held
    ones, 1 error, or something not compared. Orphans count with --prune.
    """
    from receiver.commands.reach import receiver
    from receiver.terminal.plan_markdown import plan_markdown
    from receiver.terminal.plan_text import plan_text

    with receiver(config) as remote, person.busy("comparing both sides"):
        document = remote.plan({"rule": rule, "path": path})
    file = str(config) if config else None
    if as_json:
        show(document)
    elif format is Format.MARKDOWN:
        show(plan_markdown(document, config=file))
    else:
        for_person = person.reads_stdout()
        person.show_text(plan_text(document, config=file, for_person=for_person))
    return plan_code(document, prune=prune)


def reconcile(  # noqa: PLR0913 each one is an option of the command
    config: OwnConfig = None,
    rule: RuleName = None,
    path: Glob = None,
    if_plan: Annotated[
        str | None,
        typer.Option("--if-plan", metavar="ID", help="Only what this plan shows."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Make the deletes that the plan holds.")
    ] = False,
    prune: Prune = False,
    as_json: AsJson = False,
) -> int:
    """Compare both sides and bring AWS to what Vault says.

    Example: vault-replicator reconcile --if-plan 7f3a9c41d2e0

    With --force and no --if-plan it shows the plan and asks first.

    Exit codes: 0 converged, 1 error, 3 some parked, 4 the brake held some, or they
    wait for the end of a pause.
    """
    from receiver.commands.reach import receiver
    from receiver.terminal.run_text import run_text

    wish = {"rule": rule, "path": path, "if_plan": if_plan, "prune": prune}
    if force and not if_plan and not person.can_be_asked():
        raise CommandError(
            "--force needs --if-plan where nobody can be asked: make a plan, read it, "
            "and give its id"
        )
    with receiver(config, working=True) as remote:
        if force and not if_plan:
            wish["if_plan"] = _agreed_plan(remote, {"rule": rule, "path": path})
            if not wish["if_plan"]:
                return ERROR
        try:
            run = _carry_out(remote, {**wish, "force": force})
        except KeyboardInterrupt:
            person.tell(_ENDS_HERE if config else _GOES_ON)
            raise
    if as_json:
        show({"format_version": 1, **run})
    else:
        person.show_text(run_text(run))
    return run_code(run)


def plan_code(plan: dict[str, Any], *, prune: bool) -> int:
    """The exit code that a plan deserves."""
    from receiver.terminal.plan_text import prunable, waiting, work

    if work(plan) or (prune and prunable(plan)):
        return CHANGES
    if waiting(plan):
        return NEED_YOU
    # What could not be compared may hold anything.
    return ERROR if plan["faults"] else CONVERGED


def run_code(run: dict[str, Any]) -> int:
    """The exit code that a run which ended deserves."""
    if run["state"] == "failed":
        return ERROR
    if run["held"] or run.get("paused"):
        return STOPPED
    if run["faults"]:
        return ERROR
    return NEED_YOU if run["parked"] else CONVERGED


def _agreed_plan(remote: Remote, scope: dict[str, Any]) -> str | None:
    """The id of a plan that somebody has read and agreed to; None: they did not."""
    from receiver.terminal.plan_text import plan_text

    with person.busy("comparing both sides"):
        plan = remote.plan(scope)
    person.tell(plan_text(plan))
    held = plan["summary"].get("held", 0)
    if person.agrees(f"\nDo this, and the {held:,} held too?"):
        return str(plan["id"])
    person.tell("nothing was changed")
    return None


def _carry_out(remote: Remote, wish: dict[str, Any]) -> dict[str, Any]:
    from receiver.commands.following import follow
    from receiver.commands.progress import shown

    run_id = remote.reconcile(wish)
    with shown() as progress:
        return follow(lambda: remote.run(run_id), progress)
