"""A real Prometheus that scrapes the two programs every second."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path
from typing import Any

import yaml

from receiver.demo import loopback
from receiver.demo.child import Child, free_port, isolated

BINARY = shutil.which("prometheus")


class Prometheus:
    """``jobs`` are job names with the addresses of their targets. Built stopped."""

    def __init__(self, directory: Path, jobs: dict[str, list[str]]) -> None:
        assert BINARY is not None
        directory.mkdir()
        config = directory / "prometheus.yaml"
        scraped = [
            {
                "job_name": name,
                "static_configs": [{"targets": [_bare(t) for t in each]}],
            }
            for name, each in jobs.items()
        ]
        document = {"global": {"scrape_interval": "1s"}, "scrape_configs": scraped}
        config.write_text(yaml.safe_dump(document))
        port = free_port()
        self._address = f"http://127.0.0.1:{port}"
        self._child = Child(
            "Prometheus",
            [
                BINARY,
                f"--config.file={config}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            log=directory / "prometheus.log",
            env=isolated(os.environ),
        )

    def start(self) -> None:
        self._child.start()
        self._child.wait_ready(lambda: loopback.answers(f"{self._address}/-/ready"))

    def stop(self) -> None:
        self._child.stop(patience=10.0)

    def values(self, query: str) -> list[float]:
        """What a query gives now, without what is not a number."""
        answer = loopback.request(
            "POST", f"{self._address}/api/v1/query", data={"query": query}
        )
        assert answer.status_code == 200, answer.text
        result = answer.json()["data"]["result"]
        values = [float(series["value"][1]) for series in result]
        return [value for value in values if not math.isnan(value)]


def _job(name: str, targets: list[str]) -> dict[str, Any]:
    return {"job_name": name, "static_configs": [{"targets": targets}]}


def _bare(address: str) -> str:
    return address.removeprefix("http://")
