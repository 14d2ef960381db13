"""`retrain up`, with real processes: it starts all, keeps all running, stops all, and goes on after a kill."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from retrain.service.plan import SERVER
from servers.up import Service, eventually

EVERYTHING = [
    *("check/model", "drill/weekly", "patrol/hourly", "patrol/quarterly"),
    *("retrain/model", "review/model", "rollback/model"),
]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("up"))
    try:
        yield service
    finally:
        service.stop()


@pytest.fixture
def service(started: Service) -> Service:
    """The service, running; starting it takes longer than asking it."""
    if started.has_ended:
        started.start()
    return started


def body(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as answer:
        text: str = answer.read().decode()
    return text


def test_every_address_that_it_tells_answers(service: Service) -> None:
    assert service.told["silent"] == []
    assert "<html" in body(service.told["ui"]).lower()
    assert "retrain_store_up" in body(service.told["metrics"])
    assert body(f"{service.told['webhook']}/health")


def test_the_page_asks_the_server_that_serves_it(service: Service) -> None:
    assert json.loads(body(f"{service.told['ui']}/ui-settings"))["api_url"] == service.told["api"]


def test_flows_are_registered_and_the_next_ones_told(service: Service) -> None:
    assert service.deployments() == EVERYTHING
    assert {tick["deployment"] for tick in service.told["registered"]["next"]} == {
        "drill/weekly",
        "patrol/hourly",
        "patrol/quarterly",
    }


def test_the_webhooks_token_is_kept_and_never_told(service: Service) -> None:
    kept = Path(service.told["token_file"])
    assert kept.stat().st_mode & 0o777 == 0o600
    logs = [path.read_text() for path in (service.work / "logs").iterdir()]
    assert not [text for text in (json.dumps(service.told), service.lines, *logs) if kept.read_text().strip() in text]
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(
            urllib.request.Request(f"{service.told['webhook']}/models/shop/retrain", b'{"reason": "x"}'), timeout=30
        )


def test_nothing_listens_beyond_this_machine(service: Service) -> None:
    held = {
        link.readlink().name
        for pid in service.left()
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if link.is_symlink()
    }
    for table, own in (("tcp", "0100007F"), ("tcp6", "00000000000000000000000001000000")):
        rows = [line.split() for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
        ours = [row[1].partition(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in held]
        assert set(ours) <= {own}


def test_a_second_one_with_the_same_work_folder_is_refused(service: Service) -> None:
    status, answer = service.refused()
    assert status == 3
    assert f"another `retrain up` (process {service.process.pid if service.process else 0}) runs" in answer["message"]


def test_a_port_that_it_holds_is_refused_to_another_work_folder(service: Service, tmp_path: Path) -> None:
    status, answer = service.refused(RETRAIN_WORK=str(tmp_path))
    assert (status, answer["error"]) == (3, "PortTaken")
    assert f"port {service.addresses.port} on 127.0.0.1 is in use by" in answer["message"]
    assert f"-m {SERVER} server" in answer["message"]
    assert "--port" in answer["message"]


def test_a_part_that_dies_is_started_again(service: Service) -> None:
    os.kill(service.told["processes"]["exporter"], signal.SIGKILL)
    eventually(lambda: service.lines, lambda text: "exporter was ended by SIGKILL" in text)
    assert "it is started again in 1 s" in service.lines

    def answers() -> bool:
        try:
            return "retrain_store_up" in body(service.told["metrics"])
        except OSError:
            return False

    assert eventually(answers, bool)


def test_the_doctor_finds_it_and_trusts_it(service: Service) -> None:
    command = [sys.executable, "-m", "retrain.cli.main", "doctor", "--json"]
    seen = subprocess.run(command, env=service.environment, capture_output=True, text=True, check=False)
    findings = {one["name"]: one for one in json.loads(seen.stdout)["findings"]}
    for name in ("Prefect server", "deployments", "workers", "webhook token"):
        assert findings[name]["verdict"] == "ok", findings[name]
    assert service.addresses.api in findings["Prefect server"]["found"]


def test_sigterm_stops_everything(service: Service) -> None:
    assert len(service.left()) >= 5
    assert service.end(signal.SIGTERM) == 0
    assert service.left() == []
    assert "killed, since" not in service.lines


@pytest.mark.slow
def test_kill_9_leaves_nothing_and_the_next_one_goes_on(service: Service) -> None:
    before = service.server.post("deployments/filter", {})
    service.end(signal.SIGKILL)
    assert eventually(service.left, lambda left: not left, patience=15) == []
    service.start()
    assert service.deployments() == EVERYTHING
    assert {each["id"] for each in service.server.post("deployments/filter", {})} == {each["id"] for each in before}
    assert service.told["silent"] == []


@pytest.mark.slow
def test_what_a_killed_one_left_is_ended_first(service: Service) -> None:
    """As if the process that cleans up had been killed too."""
    assert service.process is not None
    stray = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        env={**os.environ, "RUN_BY_RETRAIN_UP": f"1-gone@{service.work}"},
        start_new_session=True,
    )
    service.end(signal.SIGINT)
    service.start()
    assert stray.wait(10) == -signal.SIGTERM
    assert "left 1 processes of its own; they are ended first" in service.lines


@pytest.mark.slow
def test_a_flow_that_runs_is_told_before_the_server_stops(service: Service, tmp_path: Path) -> None:
    (tmp_path / "napping.py").write_text(
        "import subprocess, sys\nfrom prefect import flow\n\n@flow(name='rollback')\ndef nap():\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "    try:\n        child.wait()\n    finally:\n        child.kill()\n"
    )
    server = service.server
    flow = server.post("flows/", {"name": "rollback"})["id"]
    nap = {"name": "nap", "flow_id": flow, "work_pool_name": "cpu", "entrypoint": "napping.nap", "pull_steps": []}
    made = server.post("deployments/", {**nap, "job_variables": {"env": {"PYTHONPATH": str(tmp_path)}}})["id"]
    run = server.post(f"deployments/{made}/create_flow_run", {"state": {"type": "SCHEDULED"}})["id"]
    assert eventually(lambda: len(service.left()), lambda count: count >= 7) >= 7, "flow and its child never began"
    eventually(lambda: server.get(f"flow_runs/{run}")["state"]["type"], lambda state: state == "RUNNING")
    assert service.end(signal.SIGTERM) == 0
    assert service.left() == []
    service.start()
    assert server.get(f"flow_runs/{run}")["state"]["type"] == "CRASHED"


@pytest.mark.slow
def test_a_second_ctrl_c_kills_at_once(service: Service) -> None:
    assert service.process is not None
    # A worker that hears nothing would have to be waited for.
    os.kill(service.told["processes"]["worker-cpu"], signal.SIGSTOP)
    service.process.send_signal(signal.SIGINT)
    eventually(lambda: service.lines, lambda text: "stopping" in text)
    assert service.end(signal.SIGINT) == 0
    assert service.left() == []
    assert "worker-cpu" in service.lines.partition("killed, since they did not end when asked")[2]


def test_a_server_that_cannot_start_says_its_last_words(tmp_path: Path) -> None:
    broken = "sqlite+aiosqlite:////nowhere/at/all.db"
    service = Service(tmp_path, PREFECT_API_DATABASE_CONNECTION_URL=broken)
    status, answer = service.refused()
    assert (status, answer["error"]) == (3, "ServiceAway")
    assert "did not start: server ended with exit status" in answer["message"]
    assert str(service.work / "logs" / "server.log") in answer["message"]
    assert service.left() == []


def test_a_port_in_use_is_named_with_the_program_that_has_it(tmp_path: Path) -> None:
    service = Service(tmp_path)
    with socket.create_server(("127.0.0.1", service.addresses.webhook_port)):
        status, answer = service.refused()
    message = answer["message"]
    assert status == 3
    assert f"(process {os.getpid()})" in message
    assert "--webhook-port" in message


def test_a_work_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.work.write_text("")
    status, answer = service.refused()
    assert status == 3
    assert "RETRAIN_WORK" in answer["message"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 30 MB, where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_full_disk_is_refused_at_the_start(small_disk: Path, tmp_path: Path) -> None:
    service = Service(tmp_path)
    with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(b"\0" * 65_536):
            pass
    assert shutil.disk_usage(small_disk).free < 65_536
    status, answer = service.refused(RETRAIN_WORK=str(small_disk))
    message = answer["message"]
    assert status == 3
    assert "No space left on device" in message
    assert "free space there" in message
