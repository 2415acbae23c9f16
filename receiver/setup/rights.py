"""Which rights the admin token needs, and which of them it lacks. Pure.

Asked before anything else, so that all that is missing is said at once and not one
refusal after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from receiver.core.rules import is_glob
from receiver.setup.intent import Intent
from receiver.setup.methods import method_of
from receiver.setup.sample import sample_paths, sample_rule
from receiver.setup.steps import Call

READ, LIST, WRITE, SUDO = "read", "list", "write", "sudo"
_BY_METHOD = {"GET": READ, "LIST": LIST, "POST": WRITE}
#: Vault wants more than a policy's ordinary word here.
_SUDO = ("sys/audit", "sys/auth/", "auth/token/create-orphan")
#: A write of what may not exist yet is either.
_MEANS = {WRITE: ("create", "update")}


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """What is needed at ``path``, which is as seen from the root namespace."""

    path: str
    what: tuple[str, ...]

    def __str__(self) -> str:
        words = [word for one in self.what for word in _MEANS.get(one, (one,))]
        return f"{self.path} ({', '.join(words)})"

    def is_in(self, held: Collection[str]) -> bool:
        """Whether these capabilities are enough."""
        return "root" in held or all(
            any(word in held for word in _MEANS.get(one, (one,))) for one in self.what
        )


def rights_of(calls: Iterable[Call]) -> list[Right]:
    """Each once, in the order of the calls."""
    return list(dict.fromkeys(map(_right, calls)))


def _right(call: Call) -> Right:
    sudo = [SUDO] if call.path.startswith(_SUDO) else []
    where = "/".join(filter(None, (call.namespace, call.path)))
    return Right(where, (_BY_METHOD[call.method], *sudo))


class Rights:
    """What a token may do, asked once for each path."""

    def __init__(
        self, ask: Callable[[Sequence[str]], Mapping[str, Sequence[str]]]
    ) -> None:
        """``ask`` gives the capabilities at paths; what it does not tell is taken for
        had, and a refusal will say so."""
        self._ask = ask
        self._held: dict[str, Sequence[str]] = {}

    def lacking(self, rights: Sequence[Right]) -> list[Right]:
        """Those of the rights that the token does not have."""
        if unknown := [r.path for r in rights if r.path not in self._held]:
            self._held |= self._ask(unknown)
        return [
            right
            for right in rights
            if right.path in self._held and not right.is_in(self._held[right.path])
        ]


def looks(intent: Intent) -> list[Call]:
    """The requests that reading takes, whatever is found."""
    home, method = intent.home, method_of(intent)
    calls = [
        Call(method="GET", namespace=namespace, path="sys/mounts")
        for namespace in namespaces_named(intent)
    ]
    if any(is_glob(rule.namespace) for rule in intent.rules):
        calls.append(Call(method="LIST", path="sys/namespaces"))
    policy = f"sys/policies/acl/{intent.options.policy}"
    calls.append(Call(method="GET", namespace=home, path=policy))
    if method is None:
        calls.append(Call(method="POST", namespace=home, path="auth/token/lookup"))
    else:
        calls.append(Call(method="GET", namespace=home, path="sys/auth"))
        for path in filter(None, (method.role_path, method.config_path)):
            calls.append(Call(method="GET", namespace=home, path=path))
        if method.type == "approle":
            lookup = f"{method.role_path}/secret-id/lookup"
            calls.append(Call(method="POST", namespace=home, path=lookup))
    if intent.listeners:
        calls.append(Call(method="GET", path="sys/audit"))
    return [*calls, *_looks_for_sample(intent)]


def _looks_for_sample(intent: Intent) -> Iterator[Call]:
    rule = sample_rule(intent) if intent.options.sample else None
    if rule is not None:
        for path in sample_paths(rule).values():
            where = f"{rule.mount}/metadata/{path}"
            yield Call(method="GET", namespace=rule.namespace, path=where)


def namespaces_named(intent: Intent) -> list[str]:
    """The namespaces whose mounts are looked at first; globs find further ones."""
    named = {rule.namespace for rule in intent.rules if not is_glob(rule.namespace)}
    return sorted({intent.home, *named})
