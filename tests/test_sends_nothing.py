"""Does anything leave this machine unasked?"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from retrain.service.addresses import Addresses
from retrain.service.plan import Mark, make_plan
from servers.needed import ROOT
from servers.prefect import prefect_environment, prefect_server
from shop import Messages, Shop

PATIENCE_SECONDS = 240.0


@dataclass(slots=True)
class Trap:
    """Stands where the world would be: a proxy that lets nothing through, and writes down who wanted out."""

    listening: socket.socket
    caught: list[str] = field(default_factory=list)

    def watch(self) -> None:
        while True:
            try:
                caller, _ = self.listening.accept()
            except OSError:
                return
            with caller:
                caller.settimeout(5)
                self.caught.append(caller.recv(200).decode(errors="replace").partition("\r\n")[0])

    @property
    def environment(self) -> dict[str, str]:
        address = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        around = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
        return {**{each: address for name in names for each in (name, name.lower())}, **around}


@pytest.fixture
def trap() -> Iterator[Trap]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Trap(listening)
        threading.Thread(target=made.watch, daemon=True).start()
        yield made
        # Wakes the thread, which a closed socket alone does not.
        listening.shutdown(socket.SHUT_RDWR)


FLAGS = ("DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED", "CI", "GITHUB_ACTIONS")


def without_flags(home: Path, api: str | None, trap: Trap) -> dict[str, str]:
    """An operator's environment: nobody has set the switches, or says that this is a test."""
    given = prefect_environment(home, api, {**trap.environment, "HOME": str(home)})
    return {name: value for name, value in given.items() if name not in FLAGS}


def test_the_trap_sees_who_wants_out(trap: Trap, tmp_path: Path) -> None:
    program = "import httpx\ntry: httpx.get('https://telemetry.example/')\nexcept httpx.HTTPError: pass"
    environment = without_flags(tmp_path, None, trap)
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)
    assert trap.caught == ["CONNECT telemetry.example:443 HTTP/1.1"]


def test_every_process_of_the_service_is_told_to_send_nothing(shop: Shop) -> None:
    plan = make_plan(shop.settings, Addresses(), Mark(work=shop.root, run="r"), {"DO_NOT_TRACK": "0", "PATH": "/bin"})
    for part in (plan.server, plan.registration, *plan.rest):
        assert (part.environment["DO_NOT_TRACK"], part.environment["PREFECT_SERVER_ANALYTICS_ENABLED"]) == (
            "1",
            "false",
        )


@pytest.mark.slow
def test_server_flows_and_pages_try_to_send_nothing(shop: Shop, messages: Messages, trap: Trap) -> None:
    """The server with the switches of `retrain up`; checks, which draw Evidently's page, with those of our own code."""
    for day in range(4):
        shop.day(day, messages("base", day * 150, 150))
    home = shop.root / "prefect"
    with prefect_server(home, trap.environment) as server:
        bare = without_flags(home, server.api, trap)
        places = {name: value for name, value in shop.environment.items() if name.startswith("RETRAIN_")}
        for words in (("flows.deployments",), ("retrain.cli.main", "check", "shop"), ("flows.check", "shop")):
            command = [sys.executable, "-m", *words]
            done = subprocess.run(
                command, env={**bare, **places}, cwd=ROOT, capture_output=True, check=False, timeout=PATIENCE_SECONDS
            )
            assert b"Traceback" not in done.stderr, done.stderr
    assert list((shop.root / "store").rglob("report.html"))
    assert trap.caught == []


@pytest.mark.slow
def test_a_server_without_the_switch_would_be_caught(trap: Trap, tmp_path: Path) -> None:
    """Or the tests above would say nothing."""
    with prefect_server(
        tmp_path, {**trap.environment, "PREFECT_SERVER_ANALYTICS_ENABLED": "true", "DO_NOT_TRACK": "0"}
    ):
        end = time.monotonic() + 60
        while not trap.caught and time.monotonic() < end:
            time.sleep(0.2)
    assert any("prefect" in each or "amplitude" in each for each in trap.caught), os.environ.get("CI")
