"""The webhook as it is run: a process of its own, callers that misbehave, and a real Prefect server behind it."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from servers.needed import ROOT, free_port
from servers.prefect import Server, Started, prefect_environment, prefect_server
from shop import SPEC, Shop

TOKEN = "not-the-real-token-0123"
WITH_TOKEN = {"Authorization": f"Bearer {TOKEN}"}
SHORT_SECONDS = 3.0
"""How long the webhook of these tests waits for heads and bodies."""

SERVE = f"""
import sys
from retrain.service import body_starlette, listen_uvicorn, webhook_starlette
from retrain.settings import from_environment
body_starlette.BODY_SECONDS = listen_uvicorn.HEAD_SECONDS = {SHORT_SECONDS}
webhook_starlette.serve(from_environment(), "127.0.0.1", int(sys.argv[1]))
"""


class Caller:
    """Calls one webhook; its own connection each time."""

    def __init__(self, port: int, process: Started) -> None:
        self.port, self.process = port, process

    def plain(self, model: str = "shop", **body: object) -> httpx.Response:
        return self.post(f"/models/{model}/retrain", body)

    def post(self, path: str, body: object) -> httpx.Response:
        return httpx.post(
            f"http://127.0.0.1:{self.port}{path}", json=body, headers=WITH_TOKEN, timeout=60, trust_env=False
        )

    def well(self) -> bool:
        return httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=30, trust_env=False).text == "ok"

    def raw(self, *lines: str) -> socket.socket:
        """A connection on which these bytes were sent, and no more."""
        opened = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        opened.sendall("\r\n".join(lines).encode())
        return opened


@contextmanager
def started(shop: Shop, api: str) -> Iterator[Caller]:
    """A webhook process that answers."""
    port = free_port()
    more = {**{name: value for name, value in shop.environment.items() if "RETRAIN" in name}, "RETRAIN_TOKEN": TOKEN}
    home = shop.root / "prefect-of-the-webhook"
    home.mkdir()
    command = [sys.executable, "-c", SERVE, str(port)]
    process = Started(command, prefect_environment(home, api, more), shop.root / "webhook.log")
    process.start()
    try:
        end = time.monotonic() + 60
        while "listening on" not in process.log.read_text():
            assert process.process.poll() is None, process.log.read_text()
            assert time.monotonic() < end, process.log.read_text()
            time.sleep(0.1)
        yield Caller(port, process)
    finally:
        process.stop()
    said = process.log.read_text()
    assert TOKEN not in said
    assert "Traceback" not in said


def two_models(root: Path) -> Shop:
    shop = Shop(root=root)
    shop.spec(SPEC)
    (root / "models/well.yaml").write_text(SPEC.replace("model: shop", "model: well"))
    return shop


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """A webhook whose Prefect server is away."""
    shop = two_models(tmp_path_factory.mktemp("lonely"))
    with started(shop, f"http://127.0.0.1:{free_port()}/api") as caller:
        yield caller


HEAD = (
    "POST /models/shop/retrain HTTP/1.1",
    "Host: x",
    f"Authorization: Bearer {TOKEN}",
    "Content-Type: application/json",
)


def test_callers_that_are_slow_do_not_keep_others_waiting_and_are_hung_up_on(lonely: Caller) -> None:
    with ExitStack() as open_ones:
        silent = [open_ones.enter_context(lonely.raw("")) for _ in range(60)]
        half_a_head = open_ones.enter_context(lonely.raw("POST /alertmanager HTTP/1.1", "Host: x"))
        half_a_body = open_ones.enter_context(lonely.raw(*HEAD, "Content-Length: 100", "", '{"reason"'))
        assert lonely.plain(request="r").status_code == 422
        assert half_a_body.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert [each.recv(1) for each in (*silent, half_a_head)] == [b""] * 61
    assert lonely.well()


@pytest.mark.parametrize(
    "lines",
    [
        ("\x16\x03\x01\x02\x00\x01\x00", ""),
        ("GARBAGE", "", ""),
        ("POST /alertmanager HTTP/1.1", "Host: x", "Content-Length: -5", "", ""),
        ("POST /alertmanager HTTP/1.1", "Host: x", f"X: {'long' * 50_000}", "", ""),
    ],
    ids=["tls", "words", "length", "long head"],
)
def test_what_is_no_http_is_refused(lonely: Caller, lines: tuple[str, ...]) -> None:
    with lonely.raw(*lines) as opened:
        assert opened.recv(4096)[:13] in (b"HTTP/1.1 400 ", b"")
    assert lonely.well()


def test_a_caller_that_leaves_in_the_middle_leaves_nothing_behind(lonely: Caller) -> None:
    for _ in range(20):
        lonely.raw(*HEAD, "Content-Length: 100", "", '{"reason"').close()
    assert lonely.well()


def test_a_huge_body_gets_413_and_takes_no_memory(lonely: Caller) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(14):
            yield b" " * (1 << 20)

    status = Path(f"/proc/{lonely.process.process.pid}/status")
    with ExitStack() as several:
        calls = several.enter_context(ThreadPoolExecutor(8))
        headers = {**WITH_TOKEN, "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{lonely.port}/alertmanager"
        before = peak_mib(status)
        sent = [calls.submit(httpx.post, url, content=pieces(), headers=headers, timeout=60) for _ in range(8)]
        assert [each.result().status_code for each in sent] == [413] * 8
    assert peak_mib(status) - before < 50


def peak_mib(status: Path) -> float:
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def test_without_prefect_it_serves_and_asks_to_come_again(lonely: Caller) -> None:
    answer = lonely.plain(reason="x", request="r")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "cannot be reached" in answer.json()["error"]


def test_a_port_in_use_and_a_missing_token_are_sentences_and_a_status(lonely: Caller, tmp_path: Path) -> None:
    shop = two_models(tmp_path)
    for token, status, said in (
        (TOKEN, 3, f"port {lonely.port} on 127.0.0.1 is in use by"),
        (None, 2, "RETRAIN_TOKEN"),
    ):
        environment = {**shop.environment, **({"RETRAIN_TOKEN": token} if token else {})}
        command = [sys.executable, "-m", "retrain.cli.main", "webhook", "--port", str(lonely.port)]
        done = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
        )
        assert (done.returncode, said in " ".join(done.stderr.split()), "Traceback" in done.stderr) == (
            status,
            True,
            False,
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_well_when_told_to_with_callers_on_the_line(tmp_path: Path, number: signal.Signals) -> None:
    with started(two_models(tmp_path), f"http://127.0.0.1:{free_port()}/api") as caller, caller.raw(*HEAD):
        process = caller.process.process
        process.send_signal(number)
        assert process.wait(30) == 0
        assert caller.process.log.read_text().endswith("INFO ended\n")


# With a real Prefect server behind it.


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has the deployments, and no worker: what is queued stays queued."""
    with prefect_server(tmp_path_factory.mktemp("prefect")) as running:
        command = [sys.executable, "-m", "flows.deployments"]
        subprocess.run(command, env=running.environment, cwd=ROOT, check=True, timeout=180, capture_output=True)
        yield running


@pytest.fixture(scope="module")
def caller(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with started(two_models(tmp_path_factory.mktemp("webhook")), server.api) as running:
        yield running


def runs(server: Server, request: str) -> list[dict[str, Any]]:
    """The flow runs of a request, as the server has them."""
    found = httpx.post(f"{server.api}/flow_runs/filter", json={"limit": 200}, timeout=30, trust_env=False).json()
    return [run for run in found if run["parameters"].get("request") == request]


def test_fifty_same_requests_at_once_are_one_flow_run(server: Server, caller: Caller) -> None:
    with ThreadPoolExecutor(50) as calls:
        answers = list(calls.map(lambda _: caller.plain(reason="new products", request="fifty"), range(50)))
    assert [answer.status_code for answer in answers] == [202] * 50
    told = [answer.json() for answer in answers]
    (run,) = runs(server, "fifty")
    assert {each["flow_run"] for each in told} == {run["id"]}
    assert sorted(each["again"] for each in told) == [False] + [True] * 49
    assert run["parameters"] == {"model": "shop", "cause": "manual", "reason": "new products", "request": "fifty"}


def test_the_same_id_for_two_models_is_two_requests(server: Server, caller: Caller) -> None:
    for model in ("shop", "well"):
        assert caller.plain(model, reason="nightly", request="night").json()["again"] is False
    assert {run["parameters"]["model"] for run in runs(server, "night")} == {"shop", "well"}


def test_a_notification_repeated_is_one_flow_run_also_after_the_server_was_away(server: Server, caller: Caller) -> None:
    labels = {"alertname": "Misread", "retrain": "true", "model": "well"}
    alert = {"status": "firing", "labels": labels, "startsAt": "2026-03-02T10:00:00Z", "fingerprint": "f00d"}
    body = {"version": "4", "alerts": [alert]}
    (first,) = caller.post("/alertmanager", body).json()["alerts"]
    server.kill()
    assert caller.post("/alertmanager", body).status_code == 503
    server.start()
    (second,) = caller.post("/alertmanager", body).json()["alerts"]
    assert (first["outcome"], second["outcome"], second["flow_run"]) == ("queued", "again", first["flow_run"])
    assert len(runs(server, first["request"])) == 1


def retrain_run(shop: Shop, api: str, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {**shop.environment, "PREFECT_API_URL": api, "PREFECT_HOME": str(shop.root / "home")}
    command = [sys.executable, "-m", "retrain.cli.main", "run", *words]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_the_command_line_asks_at_the_same_door(server: Server, caller: Caller, tmp_path: Path) -> None:
    shop = two_models(tmp_path)
    words = ("shop", "--reason", "by hand", "--queue")
    first, second = (json.loads(retrain_run(shop, server.api, *words, "--json").stdout) for _ in range(2))
    assert {"model", "outcome", "request", "flow_run", "state", "address", "again"} == set(first)
    assert (first["outcome"], first["again"], second["again"]) == ("queued", False, True)
    assert second["flow_run"] == first["flow_run"]
    assert not (tmp_path / "store").exists(), "the run itself is the service's"
    for_people = retrain_run(shop, server.api, *words).stdout
    assert first["flow_run"] in for_people
    assert first["address"] in for_people
    assert "was killed" not in for_people
    running = {"state": {"type": "RUNNING"}, "force": True}
    address = f"{server.api}/flow_runs/{first['flow_run']}/set_state"
    httpx.post(address, json=running, timeout=30, trust_env=False).raise_for_status()
    assert (
        "if its worker was killed: Prefect sees that after two minutes" in retrain_run(shop, server.api, *words).stdout
    )
    over_http = caller.plain(reason="by hand", request="mine").json()
    typed = json.loads(retrain_run(shop, server.api, *words, "--request", "mine", "--json").stdout)
    assert (typed["again"], typed["flow_run"]) == (True, over_http["flow_run"])


def test_the_command_line_says_when_the_server_is_away(tmp_path: Path) -> None:
    api = f"http://127.0.0.1:{free_port()}/api"
    done = retrain_run(two_models(tmp_path), api, "shop", "--reason", "x", "--queue")
    assert done.returncode == 3
    assert "cannot be reached" in " ".join(done.stderr.split())
    assert done.stdout == ""
