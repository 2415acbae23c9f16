"""A Vault that answers what a test has put there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from receiver.core.render import Json, parse


@dataclass
class Answer:
    status: int
    body: Any = None

    def json(self) -> Json:
        return None if self.body is None else parse(json.dumps(self.body))


@dataclass
class Vault:
    """Answers one after the other, and then always 204."""

    answers: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, str, object]] = field(default_factory=list)

    def ask(
        self, method: str, namespace: str, path: str, body: object = None
    ) -> Answer:
        self.asked.append((method, "/".join(filter(None, (namespace, path))), body))
        return self.answers.pop(0) if self.answers else Answer(204)
