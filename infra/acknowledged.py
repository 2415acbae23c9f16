"""Findings of cdk-nag that are as they should be, each with its reason beside the
resource it is about. The tests run cdk-nag, and let nothing else pass."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(resource: IConstruct, finding: str, reason: str) -> None:
    """``finding``: the rule, and in brackets which of its findings."""
    Validations.of(resource).acknowledge(Acknowledgment(id=finding, reason=reason))
