"""Carries steps out, one after the other. What Vault hands out goes to its place and
nowhere else: when that fails it is revoked, so nothing is left that nobody has.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from receiver.core.causes import ReplicationError
from receiver.setup.answers import part_of, refusal
from receiver.setup.ports import Answered, AsksVault, KeepsSecrets
from receiver.setup.steps import Call, Keep, Kind, Random, SecretPlace, Step
from vault_audit_forwarder.program.errors import CommandError

#: A new KV v2 mount of Vault's takes a moment, in which it answers 400.
_PATIENCE, _PAUSE = 50, 0.2
_NOT_YET = "Upgrading from non-versioned"
#: OpenBao's words for an audit device, unless it was told to take them.
_BY_CONFIGURATION = "audit device via API"


class Doing:
    """One run over the steps."""

    def __init__(
        self,
        vault: AsksVault,
        keeps: KeepsSecrets,
        *,
        address: str,
        wait: Callable[[float], object],
    ) -> None:
        """``address`` is Vault's, for the connection secret; ``wait`` gets seconds."""
        self._vault = vault
        self._keeps = keeps
        self._address = address
        self._wait = wait

    def carry_out(self, steps: Sequence[Step]) -> list[Step]:
        """The steps as they have ended. Raises CommandError; what was done before it
        is there, and found by the next run."""
        done: list[Step] = []
        for step in steps:
            try:
                done.append(self._one(step) if step.is_work else step)
            except (CommandError, ReplicationError) as error:
                made = sum(one.is_work for one in done)
                raise CommandError(
                    f"{step.what} {step.name}: {error}\n"
                    f"{made} of {sum(one.is_work for one in steps)} steps were done; "
                    "run it again when that is mended"
                ) from error
        return done

    def _one(self, step: Step) -> Step:
        for call in step.calls:
            answer = self._send(call)
            if answer.status >= 400:
                if step.otherwise and _BY_CONFIGURATION in refusal(answer):
                    told = f"OpenBao takes none by a request; {step.otherwise}"
                    return replace(step, kind=Kind.NEEDS_YOU, detail=told)
                raise CommandError(f"{call}: {refusal(answer)}")
            if call.keep:
                self._keep(call, call.keep, answer)
        if step.file:
            _write(step.file.path, step.file.text)
        return step

    def _send(self, call: Call) -> Answered:
        for _ in range(_PATIENCE):
            answer = self._ask(call)
            if answer.status != 400 or _NOT_YET not in refusal(answer):
                break
            self._wait(_PAUSE)
        return answer

    def _ask(self, call: Call) -> Answered:
        body = filled(call.body) or None
        return self._vault.ask(call.method, call.namespace, call.path, body)

    def _keep(self, call: Call, keep: Keep, answer: Answered) -> None:
        part = part_of(answer, keep.part[0])
        secret = part.get(keep.part[1])
        if not isinstance(secret, str) or not secret:
            raise CommandError(f"{call}: Vault's answer has no {keep.part[1]}")
        try:
            match keep.place:
                case SecretPlace(secret_id=secret_id, kms_key_id=key):
                    whole = {"vaultAddress": self._address, "vaultToken": secret}
                    text = json.dumps(whole)
                    self._keeps.in_aws(secret_id, text, kms_key_id=key)
                case Path():
                    self._keeps.in_file(keep.place, secret + "\n")
        except (CommandError, ReplicationError):
            self._revoke(call, part)
            raise

    def _revoke(self, call: Call, part: Mapping[str, Any]) -> None:
        if accessor := part.get("accessor"):
            path, name = "auth/token/revoke-accessor", "accessor"
        elif accessor := part.get("secret_id_accessor"):
            path, name = f"{call.path}-accessor/destroy", "secret_id_accessor"
        else:
            return
        self._vault.ask("POST", call.namespace, path, {name: accessor})


def filled(body: Any) -> Any:
    """``body`` with a fresh value wherever one is to be made."""
    match body:
        case Random():
            return secrets.token_urlsafe(24)
        case Mapping():
            return {key: filled(value) for key, value in body.items()}
        case _:
            return body


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise CommandError(f"{path} cannot be written ({error.strerror})") from error
