"""What is left out of the stack before it goes to the emulator: what that cannot make.

All of it, by name; everything else is deployed as it was synthesized. The one choice of
the configuration that is made for the emulator is ``egress: endpoints``, since a NAT
takes AWS::EC2::EIP and AWS::EC2::NatGateway, which it has not either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Resource = Mapping[str, Any]

TYPES = {
    "AWS::EC2::FlowLog": "what was refused in the network is not written down",
    "AWS::EC2::SecurityGroupEgress": "from the balancer to the receiver's port",
    "AWS::EC2::SecurityGroupIngress": "the same, on the receiver's side",
}


def reduce(template: Path) -> list[str]:
    """Leave it out. The types of what went, in order of the template."""
    document = json.loads(template.read_text())
    resources = document["Resources"]
    gone = {name for name, one in resources.items() if one["Type"] in TYPES}
    types = [one["Type"] for name, one in resources.items() if name in gone]
    left = {name: _without(one, gone) for name, one in resources.items()}
    document["Resources"] = {n: one for n, one in left.items() if n not in gone}
    template.write_text(json.dumps(document))
    return types


def _without(resource: Resource, gone: set[str]) -> Resource:
    waits = resource.get("DependsOn", [])
    waits = [waits] if isinstance(waits, str) else waits
    return {**resource, "DependsOn": [one for one in waits if one not in gone]}
