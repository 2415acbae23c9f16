"""The task as ECS would run it: the init container, then the receiver on its files,
then the small task that asks it. Programs, arguments, variables and paths are those of
the synthesized template; only ports, and where the volumes lie, are this machine's."""

from __future__ import annotations

import secrets
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from receiver.demo.child import Child, free_port
from tests.infra.cdk.deployments import INFRA
from tests.infra.cdk.synthesis import Synthesized, synthesized
from vault_audit_forwarder.signing import parse_key, sign

pytestmark = pytest.mark.integration

# Nobody's credentials: what is asked of AWS ends before it leaves this machine.
ALONE = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null"}
_DEADLINE = 60.0


def generated() -> str:
    """As CloudFormation makes a secret."""
    letters = string.ascii_letters + string.digits
    return "".join(secrets.choice(letters) for _ in range(44))


@dataclass(frozen=True)
class Task:
    """The containers of the template, with this machine's ports and directories."""

    stack: Synthesized
    home: Path
    port: int
    values: dict[str, str]

    def here(self, text: str) -> str:
        """What stands in the template, as it is here."""
        for there, here in (
            ("/run/vault-replicator", str(self.home / "files")),
            ("/var/lib/vault-replicator", str(self.home / "state")),
            ("/usr/local/bin", str(INFRA / "docker")),
            ("0.0.0.0:8080", f"127.0.0.1:{self.port}"),
            ("127.0.0.1:8080", f"127.0.0.1:{self.port}"),
            ("https://replicator.internal", f"http://127.0.0.1:{self.port}"),
            ("https://vault.internal:8200", "http://127.0.0.1:9"),
        ):
            text = text.replace(there, here)
        return text

    def environment(self, container: dict[str, Any]) -> dict[str, str]:
        """Its variables, and its secrets as the execution role would fetch them."""
        plain = {one["Name"]: one["Value"] for one in container.get("Environment", ())}
        fetched = [one["Name"] for one in container.get("Secrets", ())]
        return {
            **ALONE,
            **{name: self.here(value) for name, value in plain.items()},
            **{name: self.values[name] for name in fetched},
        }

    def run(
        self, *command: str, env: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

    def place_files(self) -> None:
        container = self.stack.container("files")
        python, *rest = container["EntryPoint"]
        assert python == "python"
        done = self.run(*rest, env=self.environment(container))
        assert done.returncode == 0, done.stderr

    def is_healthy(self) -> bool:
        kind, python, *rest = self.stack.container("receiver")["HealthCheck"]["Command"]
        assert (kind, python) == ("CMD", "python")
        return self.run(*map(self.here, rest), env={}).returncode == 0


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Task]:
    """A running receiver; its Vault is away."""
    home = tmp_path_factory.mktemp("task")
    for volume in ("files", "state"):
        (home / volume).mkdir()
    stack = synthesized()
    oncall, schedule = generated(), generated()
    values = {
        "SIGNING": generated(),
        "FINGERPRINT": generated(),
        "TOKEN_ONCALL": oncall,
        "TOKEN_SCHEDULE": schedule,
        "VAULT_REPLICATOR_TOKEN": schedule,
    }
    made = Task(stack, home, free_port(), values)
    made.place_files()
    container = stack.container("receiver")
    command = [sys.executable, "-m", "receiver", *map(made.here, container["Command"])]
    env = made.environment(container)
    child = Child("receiver", command, log=home / "receiver.log", env=env)
    child.start()
    child.wait_ready(made.is_healthy, seconds=_DEADLINE)
    yield made
    assert child.stop(patience=_DEADLINE) == 0


def test_the_containers_own_health_check_says_that_it_is_well(task: Task) -> None:
    assert task.is_healthy()


def test_a_forwarder_with_the_secrets_value_is_believed(task: Task) -> None:
    """``whsec_`` and what is in Secrets Manager."""
    key = parse_key(f"whsec_{task.values['SIGNING']}")
    now, body = int(time.time()), b"[]"
    headers = sign([key], message_id="1", timestamp=now, body=body)
    headers["content-type"] = "application/cloudevents-batch+json"

    answer = httpx.post(
        f"http://127.0.0.1:{task.port}/v1/events", content=body, headers=headers
    )

    assert answer.status_code == 202


def test_a_person_is_let_in_by_the_token(task: Task) -> None:
    url = f"http://127.0.0.1:{task.port}/v1/status"
    token = {"authorization": f"Bearer {task.values['TOKEN_ONCALL']}"}

    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers=token).status_code == 200


def test_the_small_task_may_ask_for_a_comparison(task: Task) -> None:
    """Vault is away, so it comes to nothing; but who asked is known."""
    container = task.stack.container("reconcile")

    done = task.run(
        "-m", "receiver", *container["Command"], env=task.environment(container)
    )

    token = {"authorization": f"Bearer {task.values['TOKEN_ONCALL']}"}
    history = httpx.get(
        f"http://127.0.0.1:{task.port}/v1/history", headers=token
    ).json()
    assert "schedule" in {one["by"] for one in history["items"]}, done.stderr
