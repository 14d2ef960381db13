"""How is a real Prefect server started for a test, killed, and started again; and a real worker beside it?"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from retrain.service.plan import SERVER
from servers.needed import ROOT, free_port

START_SECONDS = 240.0
STOP_SECONDS = 30.0
QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_WORKER_WEBSERVER_HOST": "127.0.0.1",
    "OMP_NUM_THREADS": "1",
}
EAGER = {
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "0.2",
    "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "1",
    "PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT1S",
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "PREFECT_WORKER_PREFETCH_SECONDS": "5",
}
"""What a service may take its time with, and a test does not want to wait for."""


@dataclass(slots=True)
class Started:
    """A program of ours that runs in the background."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    process: "subprocess.Popen[bytes]" = field(init=False)

    def start(self) -> None:
        with self.log.open("ab") as log:
            # A session of its own: a test kills it with all that it started, and nothing else.
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """As a machine that loses its power would: no last word."""
        self._signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def stop(self) -> None:
        """As an operator would; killed when it does not listen."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return


@dataclass(slots=True)
class Server(Started):
    """A Prefect server with a database of its own."""

    api: str = ""

    def start(self) -> None:
        Started.start(self)
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()[-2000:]
            try:
                if httpx.get(f"{self.api}/health", timeout=2).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"no answer in {START_SECONDS:.0f} s; it said: {self.log.read_text()[-2000:]}")


def prefect_environment(home: Path, api: str | None, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without its Prefect settings, and those of one server in their place."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    own = {"PREFECT_HOME": str(home), **({"PREFECT_API_URL": api} if api else {})}
    return {**bare, **QUIET, **EAGER, **own, **(more or {})}


def processes_of(home: Path) -> list[int]:
    """Every process that was started for the server of this home: flow runs are not in their worker's group."""
    mark = f"PREFECT_HOME={home}".encode()
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (place / "environ").read_bytes().split(b"\0"):
                found.append(int(place.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


@contextmanager
def prefect_server(home: Path, more: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server that answers, with its database under `home`; stopped at the end, whatever a test did to it."""
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", SERVER, "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    server = Server(command, prefect_environment(home, api, more), home / "server.log", api=api)
    server.start()
    try:
        yield server
    finally:
        server.kill()
        for pid in processes_of(home):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def prefect_worker(server: Server, pool: str, more: Mapping[str, str], *, limit: int = 4) -> Iterator[Started]:
    """A process worker of that pool; `more` holds the places of the shop whose models it works on."""
    home = Path(server.environment["PREFECT_HOME"])
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--type", "process"]
    command += ["--limit", str(limit), "--name", f"{pool}-{free_port()}"]
    places = {name: value for name, value in more.items() if name.startswith("RETRAIN_")}
    worker = Started(command, prefect_environment(home, server.api, places), home / f"worker-{pool}.log")
    worker.start()
    try:
        yield worker
    finally:
        worker.kill()
