"""How is a real Prometheus started for a test, asked something, and stopped?"""

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from servers.needed import free_port, needed

READY_SECONDS = 30.0
STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A server that answers."""

    address: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The instant vector of an expression: each with `metric` and `value`. Raises when it does not parse."""
        answer = httpx.get(f"{self.address}/api/v1/query", params={"query": expression}, timeout=30)
        assert answer.is_success, answer.text
        return list(answer.json()["data"]["result"])

    def alerts(self) -> list[dict[str, Any]]:
        """Every alert that is pending or firing: `labels`, `annotations`, `state`."""
        return list(httpx.get(f"{self.address}/api/v1/alerts", timeout=30).json()["data"]["alerts"])


@contextmanager
def prometheus(folder: Path, config: Mapping[str, Any]) -> Iterator[Prometheus]:
    """A server on a free port of the loopback, with its samples under `folder`; rule files are counted from there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(dict(config)))
    listen = f"127.0.0.1:{free_port()}"
    command = [needed("prometheus"), f"--config.file={folder / 'prometheus.yml'}", f"--web.listen-address={listen}"]
    with running([*command, f"--storage.tsdb.path={folder / 'samples'}"], folder / "prometheus.log", listen):
        yield Prometheus(f"http://{listen}")


@contextmanager
def running(command: Sequence[str], log: Path, listen: str) -> Iterator[None]:
    """A program of the Prometheus family, ready to answer; stopped at the end, killed when it does not listen."""
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        _await_ready(process, log, f"http://{listen}/-/ready")
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_ready(process: "subprocess.Popen[bytes]", log: Path, address: str) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            if httpx.get(address, timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"not ready in {READY_SECONDS:.0f} s; it said: {log.read_text()[-2000:]}")
