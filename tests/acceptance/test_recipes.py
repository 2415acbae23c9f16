"""The recipes of ``docs/ci.md``, as they stand there, against both programs."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from receiver.demo.child import isolated
from receiver.demo.openbao import binary
from tests.acceptance.scene import Build, Scene

_TEXT = (Path(__file__).parents[2] / "docs" / "ci.md").read_text()
RECIPES = dict(
    re.findall(r"<!-- recipe: (\w+) -->\n```\w+\n(.*?)\n```", _TEXT, re.DOTALL)
)
_NEEDED = ("bash", "curl", "jq", "openssl", "xxd")

pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in _NEEDED),
    reason=f"the recipes need {', '.join(_NEEDED)}",
)


@dataclass
class Pipeline:
    """A machine that runs jobs: a directory, and an environment of secrets."""

    scene: Scene
    directory: Path
    password: str = field(default_factory=lambda: secrets.token_hex(12))

    @property
    def env(self) -> dict[str, str]:
        installation, bin = self.scene.installation, Path(sys.executable).parent
        tools = self.directory / "bin"
        if not tools.exists():
            tools.mkdir()
            (tools / "vault").symlink_to(binary())
        return isolated(os.environ) | {
            "PATH": f"{tools}:{bin}:{os.environ['PATH']}",
            "VAULT_ADDR": installation.openbao.address,
            "VAULT_TOKEN": installation.openbao.root_token,
            "VAULT_REPLICATOR_ADDR": self.scene.receiver.address,
            "VAULT_REPLICATOR_TOKEN": installation.keys.admin_token,
            "SIGNING_KEY": installation.keys.signing,
            "NEW_PASSWORD": self.password,
        }

    def recipe(self, name: str) -> str:
        """With the names of this installation."""
        source = self.scene.installation.layout.source
        return (
            RECIPES[name]
            .replace("hybrid-aws-secrets", self.scene.mount)
            .replace("app/db", self.scene.inside("app/db"))
            .replace("vault-prod", source)
        )

    def run(self, script: str, **more: str) -> str:
        """What it prints; as GitHub and GitLab run a step."""
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.directory,
            env=self.env | more,
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def written(self) -> str:
        """The password as AWS has it now: nobody waits any more."""
        value: str = json.loads(self.scene.value("app/db"))["password"]
        return value


@pytest.fixture
def pipeline(shared: Scene, tmp_path: Path) -> Pipeline:
    return Pipeline(shared, tmp_path)


def test_every_block_of_the_page_is_run() -> None:
    """All but the configuration of the token."""
    blocks = re.findall(r"^```(?:bash|yaml)$", _TEXT, re.MULTILINE)

    assert len(RECIPES) == len(blocks) - 1
    asked = Path(__file__).read_text()
    assert all(f'recipe("{name}")' in asked for name in RECIPES)


def test_with_the_command(pipeline: Pipeline) -> None:
    """When it returns the new value is in AWS."""
    pipeline.run(pipeline.recipe("command"))

    assert pipeline.written() == pipeline.password


def test_with_curl(pipeline: Pipeline) -> None:
    """The same, and the answer names the version."""
    said = json.loads(pipeline.run(pipeline.recipe("curl")))

    assert (said["state"], said["version"]) == ("in_sync", 1)
    assert pipeline.written() == pipeline.password


def test_start_now_look_later(pipeline: Pipeline) -> None:
    """The place to wait at is in the answer."""
    pipeline.scene.put("app/db", password=pipeline.password)
    said = json.loads(pipeline.run(pipeline.recipe("later")))

    assert said["state"] == "in_sync"
    assert pipeline.written() == pipeline.password


def test_a_plan_for_people(pipeline: Pipeline) -> None:
    """Markdown, whether there is something to do or not."""
    assert pipeline.run(pipeline.recipe("plan")).startswith("### ")


def test_what_was_approved(build: Build, tmp_path: Path) -> None:
    """By the plan's id, which is of everything: here nobody else has made a mess."""
    pipeline = Pipeline(build(), tmp_path)
    pipeline.run(pipeline.recipe("approved"))


def test_a_signed_event(pipeline: Pipeline) -> None:
    """It is accepted, and a rule covers it."""
    said = json.loads(pipeline.run(pipeline.recipe("signed")))

    assert said == {"accepted": 1, "ignored": 0}


def test_github_actions(pipeline: Pipeline) -> None:
    """Step by step, outputs and all."""
    job = yaml.safe_load(pipeline.recipe("github"))["jobs"]["rotate"]
    output = pipeline.directory / "output"
    known: dict[str, str] = {}
    for step in job["steps"]:
        env = _resolved(step.get("env", {}), known)
        pipeline.run(step["run"], GITHUB_OUTPUT=str(output), **env)
        for line in output.read_text().splitlines():
            name, _, value = line.partition("=")
            known[f"steps.{step.get('id')}.outputs.{name}"] = value

    assert known["steps.write.outputs.version"] == "1"
    assert len(pipeline.written()) == 48


def test_gitlab_ci(pipeline: Pipeline) -> None:
    """Its lines are one script."""
    job = yaml.safe_load(pipeline.recipe("gitlab"))["rotate"]
    pipeline.run("\n".join(job["script"]))

    assert len(pipeline.written()) == 48


def test_the_exit_codes_of_the_page(pipeline: Pipeline) -> None:
    """A version that never comes is 4, a secret without a rule 1."""
    path = f"{pipeline.scene.mount}/{pipeline.scene.inside('app/db')}"
    pipeline.scene.put("app/db", password="x")
    script = 'code=0; vault-replicator sync {} || code=$?; echo "code $code"'
    late = pipeline.run(script.format(f"{path} --version 99 --wait 1s"))
    unruled = pipeline.run(script.format("no-such-mount/x --wait 1s"))

    assert late.splitlines()[-1] == "code 4"
    assert unruled.splitlines()[-1] == "code 1"


def _resolved(env: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """What earlier steps put out; secrets are in the environment already."""
    names = {key: text.strip("${} ") for key, text in env.items()}
    return {key: known[name] for key, name in names.items() if name in known}
