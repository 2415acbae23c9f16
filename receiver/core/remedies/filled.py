"""The commands of a remedy, filled in for one secret, so that they can be pasted."""

from __future__ import annotations

import shlex

from receiver.core.remedies.remedy import Remedy
from receiver.core.state import SecretRef


def commands(remedy: Remedy, ref: SecretRef, rule: str | None) -> tuple[str, str]:
    """``command`` and ``then`` for a secret and the rule that replicates it."""
    place = f"{ref.mount}/{ref.path}"
    secret, there = shlex.quote(place), ""
    if ref.namespace:
        namespace = shlex.quote(ref.namespace)
        secret, there = f"{secret} --namespace {namespace}", f"-namespace={namespace} "
    words = {
        "secret": secret,
        "place": there + shlex.quote(place),
        "folder": there + shlex.quote(place.rpartition("/")[0] + "/"),
        "rule": shlex.quote(rule) if rule else "RULE",
    }
    return remedy.command.format(**words), remedy.then.format(**words)
