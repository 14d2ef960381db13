"""How is a Prometheus started for a short while? On the loopback, on a free port, with its data in a folder of ours."""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 60.0
STOP_SECONDS = 20.0
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Never by way of a proxy: everything asked here is on the loopback."""


class NotDrawn(Exception):
    """A program that is needed is missing, or did not do its part."""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A server that answers."""

    address: str

    def ask(self, path: str, **query: str | float) -> Any:
        """The data of an answer of its API. Raises NotDrawn with its own words when it refuses."""
        url = f"{self.address}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with LOCAL.open(url, timeout=60) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise NotDrawn(f"{path} {query}: {error.read().decode()}") from error


def program(name: str) -> str:
    """Path of a program."""
    found = shutil.which(name)
    if found is None:
        raise NotDrawn(f"{name} is not installed; on Debian 12: apt install prometheus chromium npm")
    return found


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def prometheus(folder: Path, config: Mapping[str, Any], *flags: str) -> Iterator[Prometheus]:
    """Start it over `folder/data` with a configuration, and stop it in the end."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML, too
    server = Prometheus(f"http://127.0.0.1:{free_port()}")
    command = [
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=20y",
        f"--web.listen-address={server.address.removeprefix('http://')}",
        *flags,
    ]
    with (folder / "prometheus.log").open("ab") as log:
        started = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603
    try:
        _await_ready(server, started, folder / "prometheus.log")
        yield server
    finally:
        started.terminate()
        try:
            started.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def _await_ready(server: Prometheus, started: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and started.poll() is None:
        try:
            with LOCAL.open(f"{server.address}/-/ready", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise NotDrawn(f"Prometheus did not start; it said: {log.read_text()[-2000:]}")
