"""OpenBao as it runs in production: on disk, with Raft, one node or several.

Each node has a directory of its own, which is where it runs: the audit devices are the
same for all nodes of a cluster, so their addresses are relative and lead each node to
its own forwarder. A node that was started again is unsealed with the key of the
cluster's birth.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from receiver.demo.child import Child, free_port, isolated
from receiver.demo.openbao import OpenBao, audit_stanzas, binary
from tests.acceptance.scene import wait_until

_CONFIG = """
ui = false
api_addr = "{address}"
cluster_addr = "{cluster}"
listener "tcp" {{
  address = "127.0.0.1:{port}"
  cluster_address = "127.0.0.1:{cluster_port}"
  tls_disable = true
}}
storage "raft" {{
  path = "data"
  node_id = "{name}"
  performance_multiplier = 1
  {joins}
}}
{audit}
"""
_SERVES = (200, 429)


class Node:
    """One process. ``socket`` is the address of its forwarder."""

    def __init__(self, directory: Path, number: int, socket: str) -> None:
        self.name = f"node-{number}"
        self.port = free_port()
        self.cluster_port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._directory = directory / self.name
        (self._directory / "data").mkdir(parents=True)
        (self._directory / "audit.sock").symlink_to(socket)
        self.child = Child(
            self.name,
            [binary(), "server", "-config=node.hcl", "-log-level=warn"],
            log=self._directory / "openbao.log",
            env=isolated(os.environ),
        )

    def configure(self, leader: Node | None) -> None:
        """Write its configuration; it joins ``leader``."""
        joins = ""
        if leader is not None:
            joins = f'retry_join {{ leader_api_addr = "{leader.address}" }}'
        text = _CONFIG.format(
            address=self.address,
            cluster=f"http://127.0.0.1:{self.cluster_port}",
            port=self.port,
            cluster_port=self.cluster_port,
            name=self.name,
            joins=joins,
            audit=audit_stanzas(Path("audit.log"), ["./audit.sock"]),
        )
        (self._directory / "node.hcl").write_text(text)

    def start(self) -> None:
        """Until it answers; it is sealed then. Raises StartError."""
        self.child.start()
        self.child.wait_ready(lambda: self.health() != 0)

    def health(self) -> int:
        """The status of its health: 200 active, 429 standby, 0 no answer."""
        try:
            answer = httpx.get(f"{self.address}/v1/sys/health", trust_env=False)
        except httpx.TransportError:
            return 0
        return answer.status_code

    def put(self, path: str, body: dict[str, object]) -> httpx.Response:
        """A request without a token."""
        return httpx.put(
            f"{self.address}/v1/{path}", json=body, trust_env=False, timeout=30.0
        )


class RaftOpenBao(OpenBao):
    """One node for each audit address. ``address`` is the last node's: of several
    nodes, a standby's at first."""

    def __init__(self, directory: Path, *, audit_addresses: Sequence[str]) -> None:
        super().__init__(directory, audit_addresses=audit_addresses)
        self.nodes = [
            Node(directory, number, socket)
            for number, socket in enumerate(audit_addresses, start=1)
        ]
        self._key = ""

    def start(self, *, attempts: int = 1) -> None:
        """Start all nodes, make them one cluster, and wait until all serve."""
        first, *others = self.nodes
        first.configure(None)
        first.start()
        shares: dict[str, object] = {"secret_shares": 1, "secret_threshold": 1}
        born = first.put("sys/init", shares).raise_for_status().json()
        (self._key,), self.root_token = born["keys_base64"], born["root_token"]
        self.unseal(first)
        # By default a new node may vote only after ten seconds.
        soon = {"server_stabilization_time": "1s"}
        self._ask("POST", "sys/storage/raft/autopilot/configuration", soon)
        for node in others:
            node.configure(first)
            node.start()
            self.unseal(node)
        wait_until(self._all_vote, "all nodes vote")
        self.address = self.nodes[-1].address

    def stop(self) -> None:
        """End every node."""
        for node in self.nodes:
            node.child.stop(patience=5.0)

    def leader(self) -> Node:
        """The active node; waits until there is one."""
        wait_until(lambda: any(n.health() == 200 for n in self.nodes), "a leader")
        return next(node for node in self.nodes if node.health() == 200)

    def _all_vote(self) -> bool:
        members = self._ask("GET", "sys/storage/raft/configuration")
        voters = [one["voter"] for one in members["data"]["config"]["servers"]]
        return len(voters) == len(self.nodes) and all(voters)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(
            method,
            f"{self.leader().address}/v1/{path}",
            json=body,
            headers={"X-Vault-Token": self.root_token},
            trust_env=False,
        )
        return answer.raise_for_status().json() if answer.content else None

    def restart(self, node: Node) -> None:
        """After it was killed: start it, unseal it, wait until it serves."""
        node.start()
        self.unseal(node)

    def unseal(self, node: Node) -> None:
        """And wait until it serves. One that has just joined takes the key only when
        it has heard from the leader."""

        def serves() -> bool:
            if node.health() not in _SERVES:
                node.put("sys/unseal", {"key": self._key})
            return node.health() in _SERVES

        wait_until(serves, f"{node.name} serves")
