"""The table of causes as a page of Markdown, which is ``docs/causes.md``."""

from __future__ import annotations

import textwrap

from receiver.core.causes import Cause
from receiver.core.remedies import REMEDIES, Remedy

_INTRODUCTION = """\
# Causes

Why a secret is, or is not, in AWS: the codes that `explain`, `status`, `plan`, the
page, metrics and notifications use. They are stable; new ones may be added. This page
is made from the table that all of these speak from.

`{secret}` stands for the secret as `MOUNT/PATH`, with `--namespace N` where it has one;
`vault-replicator explain` prints every command filled in.

| code | what has happened | who must act |
|---|---|---|
"""


def causes_page() -> str:
    """The whole page, a line for each cause and then a section for each."""
    known = sorted(REMEDIES.items())
    rows = [
        f"| [{cause}](#{cause.lower()}) | {remedy.says} | {remedy.who} |\n"
        for cause, remedy in known
    ]
    sections = [_section(cause, remedy) for cause, remedy in known]
    return _INTRODUCTION + "".join(rows) + "".join(sections)


def _section(cause: Cause, remedy: Remedy) -> str:
    commands = "".join(f"{line}\n" for line in (remedy.command, remedy.then) if line)
    shown = f"\n```\n{commands}```\n" if commands else ""
    says = remedy.says[0].upper() + remedy.says[1:]
    text = textwrap.fill(f"{says}. {remedy.why}", 88, break_on_hyphens=False)
    return f"\n## {cause}\n\n{text}\n\n**{remedy.who}:** {remedy.do}.\n{shown}"
