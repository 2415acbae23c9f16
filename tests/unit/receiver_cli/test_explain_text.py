"""An explanation as people read it: one screen, the verdict first."""

from __future__ import annotations

from typing import Any

from receiver.terminal.explain_text import explain_text

NOW = 1795428251.0  # 2026-11-23 10:04:11Z
SECRET = "hybrid-aws-secrets/team-a/db"


def document(**more: Any) -> dict[str, Any]:
    """A key that AWS refuses, tried again."""
    told = [
        ("rule", "ok", 'hybrid matches, include "**"; it excludes nothing'),
        ("name", "ok", f"{SECRET} in eu-central-1"),
        ("vault", "ok", "v7, written 2026-11-23T10:03:29Z"),
        ("event", "ok", "heard of 2026-11-23T10:03:29Z"),
        ("queue", "waits", "attempt 5 due 2026-11-23T10:04:49Z"),
        ("aws", "wrong", "holds v6; PutSecretValue: AccessDeniedException"),
    ]
    return {
        "format_version": 1,
        "reading": "",
        "verdict": "WAITING",
        "cause": "KMS_DENIED",
        "says": "AWS refused the key",
        "who": "AWS admin",
        "do": "allow this role to use the key in its key policy",
        "command": "vault-replicator policy aws --statement kms",
        "then": f"vault-replicator retry {SECRET}",
        "runbook": "docs/causes.md#kms_denied",
        "attempts": 4,
        "due": "2026-11-23T10:04:49Z",
        "stages": [{"stage": a, "is": b, "says": c} for a, b, c in told],
        "others": [],
        "history": [{"at": "2026-11-23T09:12:02Z", "what": "v6 applied"}],
        "not_asked": [],
        **more,
    }


def test_the_screen() -> None:
    """All of it."""
    assert explain_text(document(), NOW) == (
        f"""\
WAITING: AWS refused the key (KMS_DENIED). Tried 4 times, next in 38 s. \
AWS admin: see below.
 1 rule    ✔   hybrid matches, include "**"; it excludes nothing
 2 name    ✔   {SECRET} in eu-central-1
 3 vault   ✔   v7, written 2026-11-23 10:03:29Z (42 s ago)
 4 event   ✔   heard of 2026-11-23 10:03:29Z (42 s ago)
 5 queue   …   attempt 5 due 2026-11-23 10:04:49Z (in 38 s)
 6 aws     ✗   holds v6; PutSecretValue: AccessDeniedException
 do       AWS admin: allow this role to use the key in its key policy
 run      vault-replicator policy aws --statement kms
 then     vault-replicator retry {SECRET}
 history  52 min ago v6 applied
 more     docs/causes.md#kms_denied"""
    )


def test_what_is_well_asks_nobody() -> None:
    """No code, no remedy."""
    text = explain_text(
        document(
            verdict="IN SYNC", cause="IN_SYNC", says="AWS holds what Vault says",
            who="nobody", do="nothing", command="", then="", attempts=0, due=None,
        ),
        NOW,
    )  # fmt: skip

    assert text.startswith("IN SYNC: AWS holds what Vault says. Nobody has to act.\n")
    assert " do " not in text


def test_corrections_other_places_and_what_is_not_known() -> None:
    """Are said."""
    other = {"rule": "west", "name": "x", "region": "eu-west-1", "cause": "IN_SYNC"}
    text = explain_text(
        document(reading="read as kv/a", others=[other], not_asked=["aws: no answer"]),
        NOW,
    )

    assert " (read as kv/a)\n" in text
    assert " also     rule west: x in eu-west-1: IN_SYNC\n" in text
    assert " unsure   aws: no answer\n" in text


def test_nothing_moves_the_cursor() -> None:
    """Paths come from elsewhere."""
    text = explain_text(document(says="\x1b[2J", command="retry '\x1b'"), NOW)

    assert "\x1b" not in text
