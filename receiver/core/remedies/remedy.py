"""What is known of one cause: what has happened, who must act, and how.

Texts are for people and hold no value. Commands are templates: ``{secret}`` is the
secret as a command takes it, ``{rule}`` the rule's name, both already quoted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

VAULT_ADMIN, AWS_ADMIN = "Vault admin", "AWS admin"
OWNER, OPERATOR, NOBODY = "secret's owner", "operator", "nobody"

RETRY = "vault-replicator retry {secret}"
SYNC = "vault-replicator sync {secret} --wait 60s"
CHECK = "vault-replicator check --config replicator.yaml"
PLAN = "vault-replicator plan --rule {rule}"


class Verdict(StrEnum):
    """The first word of an explanation."""

    IN_SYNC = "IN SYNC"
    WAITING = "WAITING"
    STOPPED = "STOPPED"
    LEFT_OUT = "NOT REPLICATED"
    GONE = "GONE"


@dataclass(frozen=True, slots=True)
class Remedy:
    """``who`` must act, and what they ``do``, in one line each.

    ``says`` is what has happened, as a clause. ``command`` shows or does it, ``then``
    makes it take effect; both may be empty. ``why`` is the runbook's paragraph.
    """

    who: str
    do: str
    says: str
    verdict: Verdict = Verdict.STOPPED
    command: str = ""
    then: str = ""
    why: str = ""
