"""The app, synthesized in this process as ``cdk`` would, and looked at by cdk-nag.

A synthesis takes seconds, so each deployment has one for a run of the tests. CDK runs
in Node.js: where there is none, these tests are skipped and say so.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from infra.configuration import configuration
from tests.infra.cdk.deployments import config, flags

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Synthesized:
    """``template`` as CloudFormation gets it; ``findings`` of cdk-nag and of CDK's own
    validation that nobody has acknowledged; ``built_from``, the files of which the
    image is built."""

    template: dict[str, Any]
    findings: list[str]
    built_from: frozenset[str]

    def all(self, kind: str) -> dict[str, Resource]:
        """Properties of all resources of a kind, by their logical ids."""
        return {
            name: one.get("Properties", {})
            for name, one in self.template["Resources"].items()
            if one["Type"] == kind
        }

    def one(self, kind: str, **wanted: Any) -> Resource:
        """Properties of the only resource of a kind that has these."""
        [found] = [
            one
            for one in self.all(kind).values()
            if all(one.get(key) == value for key, value in wanted.items())
        ]
        return found

    def statements(self, kind: str = "AWS::IAM::Policy") -> Iterator[Resource]:
        """Of all policies."""
        for policy in self.all(kind).values():
            yield from policy["PolicyDocument"]["Statement"]

    def container(self, name: str) -> Resource:
        """A container by its name, of whichever task."""
        [found] = [
            one
            for task in self.all("AWS::ECS::TaskDefinition").values()
            for one in task["ContainerDefinitions"]
            if one["Name"] == name
        ]
        return dict(found)


def synthesized(**context: Any) -> Synthesized:
    """A deployment with this context, besides what each must have."""
    if shutil.which("node") is None:
        pytest.skip("no node here, which CDK runs in")
    return _synthesized(json.dumps(context, sort_keys=True))


@cache
def _synthesized(context: str) -> Synthesized:
    os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "1"
    from aws_cdk import App, Validations
    from cdk_nag import AwsSolutionsChecks

    from infra.stack import ReplicatorStack

    made = config(**json.loads(context))
    with tempfile.TemporaryDirectory() as directory:
        app = App(context=flags(), outdir=directory)
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
        ReplicatorStack(app, "Replicator", made, configuration(made))
        failed = _synthesize(app)
        template = json.loads(Path(directory, "Replicator.template.json").read_text())
        findings = list(_findings(Path(directory, "validation-report.json")))
        built_from = frozenset(_built_from(Path(directory)))
    assert findings or failed is None, failed
    return Synthesized(template, findings, built_from)


def _synthesize(app: Any) -> str | None:
    """Why not; the report says which findings there were."""
    try:
        app.synth()
    except RuntimeError as error:
        return str(error)
    return None


def _built_from(directory: Path) -> Iterator[str]:
    assets = json.loads((directory / "Replicator.assets.json").read_text())
    for image in assets.get("dockerImages", {}).values():
        context = directory / image["source"]["directory"]
        for file in context.rglob("*"):
            yield str(file.relative_to(context))


def _findings(report: Path) -> Iterator[str]:
    for plugin in json.loads(report.read_text())["pluginReports"]:
        for violation in plugin.get("violations", ()):
            for construct in violation["violatingConstructs"]:
                path = construct["constructPath"]
                yield f"{violation['ruleName']} {path}: {violation['description']}"
