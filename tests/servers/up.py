"""How is `retrain up` started for a test, asked, killed, and what is left of it afterwards?"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from retrain.service.addresses import Addresses
from retrain.service.marked import marked
from retrain.service.plan import MARK
from retrain.service.server_http import Server
from servers.needed import free_port
from shop import SPEC, Shop

PATIENCE_SECONDS = 180.0
T = TypeVar("T")


def eventually(look: Callable[[], T], enough: Callable[[T], bool], patience: float = PATIENCE_SECONDS) -> T:
    """What is seen once it is enough, or at the end of patience: processes of their own take their time."""
    end = time.monotonic() + patience
    while not enough(seen := look()) and time.monotonic() < end:
        time.sleep(0.1)
    return seen


class Service:
    """One `retrain up` in a process of its own, with ports and places of its own."""

    def __init__(self, root: Path, **more: str) -> None:
        self.shop = Shop(root=root)
        self.shop.spec(SPEC)
        (root / "store").mkdir(exist_ok=True)
        self.work = root / "work"
        self.addresses = Addresses(port=free_port(), exporter_port=free_port(), webhook_port=free_port())
        kept = {name: value for name, value in self.shop.environment.items() if not name.startswith("PREFECT_")}
        kept.pop("RETRAIN_TOKEN", None)
        self.environment = {**kept, "OMP_NUM_THREADS": "1", "PREFECT_WORKER_QUERY_SECONDS": "1", **more}
        self.process: subprocess.Popen[bytes] | None = None
        self.told: dict[str, Any] = {}

    @property
    def server(self) -> Server:
        return Server(api=self.addresses.api)

    @property
    def command(self) -> list[str]:
        ports = self.addresses
        words = {"--port": ports.port, "--exporter-port": ports.exporter_port, "--webhook-port": ports.webhook_port}
        options = [str(each) for pair in words.items() for each in pair]
        return [sys.executable, "-m", "retrain.cli.main", "up", "--json", *options]

    def start(self) -> None:
        """Start it and wait until it has said that all runs."""
        said = self.work.parent / "said.json"
        with said.open("wb") as out, (self.work.parent / "lines").open("wb") as lines:
            self.process = subprocess.Popen(self.command, env=self.environment, stdout=out, stderr=lines)
        eventually(said.read_text, lambda text: text.endswith("}\n") or self.process is None or self.has_ended)
        assert not self.has_ended, self.lines
        self.told = json.loads(said.read_text())

    def refused(self, **more: str) -> tuple[int, dict[str, Any]]:
        """Exit status and answer of a start that is expected to end by itself."""
        environment = {**self.environment, **more}
        ended = subprocess.run(
            self.command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
        return ended.returncode, json.loads(ended.stdout)

    @property
    def lines(self) -> str:
        """What it told people so far."""
        return (self.work.parent / "lines").read_text()

    @property
    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait; its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def left(self) -> list[int]:
        """Processes that it started, or that those started."""
        return marked(MARK, lambda value: value.endswith(f"@{self.work}"))

    def stop(self) -> None:
        """However it is now, nothing runs afterwards."""
        if not self.has_ended:
            self.end(signal.SIGTERM)
        for pid in self.left():
            os.kill(pid, signal.SIGKILL)

    def deployments(self) -> list[str]:
        found = self.server.post("deployments/filter", {"limit": 200})
        return sorted(f"{self.server.get('flows/' + each['flow_id'])['name']}/{each['name']}" for each in found)
