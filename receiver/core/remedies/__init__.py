"""The one table of what each cause means and what ends it.

The command line, JSON, the page, notifications and the runbook all speak from it.
Every cause has exactly one entry.
"""

from __future__ import annotations

from receiver.core.causes import Cause
from receiver.core.remedies.filled import commands
from receiver.core.remedies.in_aws import IN_AWS
from receiver.core.remedies.in_vault import IN_VAULT
from receiver.core.remedies.of_deletes import OF_DELETES
from receiver.core.remedies.of_itself import OF_ITSELF
from receiver.core.remedies.of_rules import OF_RULES
from receiver.core.remedies.remedy import Remedy, Verdict

__all__ = ["REMEDIES", "Remedy", "Verdict", "commands"]

REMEDIES: dict[Cause, Remedy] = {
    **IN_VAULT,
    **IN_AWS,
    **OF_RULES,
    **OF_DELETES,
    **OF_ITSELF,
}
