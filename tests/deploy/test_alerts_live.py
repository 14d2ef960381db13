"""Does each alert reach a person, and end, with the real Prometheus, Alertmanager, exporter and Prefect server?"""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from deploy.histories import HISTORIES, MINUTE, WITHDRAWN, append, checked, promoted, write
from retrain.telemetry.alerts import ALERTS
from servers.alertmanager import alertmanager
from servers.needed import ROOT, free_port, needed
from servers.prefect import Server, Started, prefect_environment, prefect_server
from servers.prometheus import Prometheus, prometheus
from servers.webhook import Received, webhook

DEPLOY = ROOT / "deploy"
BASE = "https://git.example.com/blob/main/"
PATIENCE_SECONDS = 90.0
FASTER = 150
"""Five minutes of `for` become two seconds, fifteen of `keep_firing_for` six."""
NEEDS_PREFECT = {"RetrainNoCheckFinished", "RetrainDueNotStarted", "RetrainRunInterrupted"}
"""Muted while the server that would start the work is away."""
TOKEN = "of-the-receiver"
AHEAD = ((-20 * MINUTE, promoted("v1")),)
"""A champion of twenty minutes hence."""


def hurried(rules: str) -> str:
    """The shipped rules with every wait shortened; expressions stay, but for how far a day reaches back."""

    def shorter(found: "re.Match[str]") -> str:
        return f"{found[1]}{int(found[2]) * 60 / FASTER:g}s"

    waits = re.sub(r"^( +(?:for|keep_firing_for): )(\d+)m$", shorter, rules, flags=re.MULTILINE)
    return waits.replace("[1d]", "[20s]")


def prometheus_config(folder: Path, exporter: str, prefect: str, told: str) -> dict[str, Any]:
    """The shipped configuration, asked every two seconds, with the addresses of this test."""
    folder.mkdir()
    for name in ("alerts.rules.yml", "recording.rules.yml"):
        (folder / name).write_text(hurried((DEPLOY / "prometheus" / name).read_text()))
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "1s"}
    config["global"]["external_labels"] = {"runbook_base": BASE}
    config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [told]
    addresses = {"retrain": exporter, "prefect": prefect}
    for job in config["scrape_configs"]:
        job["static_configs"][0]["targets"] = [addresses.pop(job["job_name"])]
    assert not addresses
    return config


def alertmanager_config(folder: Path, receiver: str) -> dict[str, Any]:
    """The shipped configuration, that waits for seconds and tells the receiver of this test."""
    (folder / "token").write_text(TOKEN)
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
    for route in (config["route"], *config["route"]["routes"]):
        # Long enough for the alert that mutes another to arrive with it.
        route |= {"group_wait": "5s", "group_interval": "1s", "repeat_interval": "1h"}
    (hook,) = config["receivers"][0]["webhook_configs"]
    hook["url"] = receiver
    hook["http_config"]["authorization"]["credentials_file"] = str(folder / "token")
    return config


@dataclass(slots=True)
class Stage:
    """Everything that runs, and the store that it watches."""

    store: Path
    told: Received
    seen: Prometheus
    exporter: Started
    exporter_port: int
    prefect: Server

    def model(self, name: str) -> Path:
        return self.store / "models" / name


@contextmanager
def exporter_of(store: Path, port: int, folder: Path) -> Iterator[Started]:
    command = [sys.executable, "-m", "retrain.cli.main", "exporter", "--port", str(port)]
    environment = {**prefect_environment(folder, None), "RETRAIN_STORE": str(store)}
    exporter = Started(command, environment, folder / "exporter.log")
    exporter.start()
    try:
        yield exporter
    finally:
        exporter.kill()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    for program in ("prometheus", "prometheus-alertmanager"):
        needed(program)
    store = tmp_path / "store"
    write_all(store)
    port = free_port()
    with ExitStack() as stack:
        more = {"PREFECT_SERVER_METRICS_ENABLED": "true"}
        server = stack.enter_context(prefect_server(tmp_path / "prefect", more))
        # It comes back in the course of the test.
        server.kill()
        exporter = stack.enter_context(exporter_of(store, port, tmp_path))
        told = stack.enter_context(webhook())
        listen = stack.enter_context(alertmanager(tmp_path / "am", alertmanager_config(tmp_path, told.address)))
        prefect = server.api.removeprefix("http://").removesuffix("/api")
        config = prometheus_config(tmp_path / "rules", f"127.0.0.1:{port}", prefect, listen)
        seen = stack.enter_context(prometheus(tmp_path / "rules", config))
        yield Stage(store, told, seen, exporter, port, server)


def write_all(store: Path) -> None:
    for name, history in HISTORIES.items():
        write(store, name, history().past)
    for name in ("damaged", "vanished", "fine"):
        append(store, name, promoted("v1"))
        append(store, name, checked())
    append(store, "withdrawn", promoted("v1"))
    append(store, "withdrawn", promoted("v2"))
    write(store, "steady", HISTORIES["drifting"]().past)
    write(store, "ahead", AHEAD)


def eventually(look: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not look() and time.monotonic() < end:
        time.sleep(0.2)


def await_told(told: Received, awaited: dict[str, tuple[str, str | None]], status: str) -> None:
    """Wait until the last that was told of each alert is that status; name -> alert and model."""

    def missing() -> dict[str, list[str]]:
        now = {name: told.told(*which) for name, which in awaited.items()}
        return {name: said for name, said in now.items() if said[-1:] != [status]}

    eventually(lambda: not missing())
    assert missing() == {}, f"not {status} in {PATIENCE_SECONDS:.0f} s"


@contextmanager
def stranger(port: int) -> Iterator[None]:
    """Another program on the exporter's port, that answers with no metrics at all."""

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Empty)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def one(alert: str, model: str | None = None) -> dict[str, tuple[str, str | None]]:
    return {model or alert: (alert, model)}


def of_models(*, without: set[str]) -> dict[str, tuple[str, str | None]]:
    found = {name: history().alert for name, history in HISTORIES.items()}
    return {name: (alert, name) for name, alert in found.items() if alert not in without}


@pytest.mark.slow
def test_every_alert_reaches_a_person_and_ends(stage: Stage) -> None:
    alerts_of_models_are_told_but_for_those_that_the_server_explains(stage)
    what_is_mended_is_told_as_resolved(stage)
    a_store_that_is_away_is_told_and_nothing_of_its_models(stage)
    an_exporter_that_is_away_is_told_and_another_in_its_place(stage)
    assert {alert["labels"]["alertname"] for alert in stage.told.alerts} == {alert.name for alert in ALERTS}
    assert [alert for alert in stage.told.alerts if alert["labels"].get("model") == "fine"] == []
    assert stage.told.credentials == {f"Bearer {TOKEN}"}
    for alert in stage.told.alerts:
        assert alert["annotations"]["runbook_url"].startswith(f"{BASE}docs/runbooks.md#")
        assert "runbook_base" not in alert["labels"]


def alerts_of_models_are_told_but_for_those_that_the_server_explains(stage: Stage) -> None:
    await_told(stage.told, one("PrefectServerDown"), "firing")
    await_told(stage.told, of_models(without=NEEDS_PREFECT), "firing")
    await_told(stage.told, one("RetrainDriftAlarm", "steady"), "firing")
    await_told(stage.told, one("RetrainClockAhead", "ahead"), "firing")
    firing = {each["labels"]["alertname"] for each in stage.seen.alerts() if each["state"] == "firing"}
    assert firing >= NEEDS_PREFECT
    assert {each["labels"]["alertname"] for each in stage.told.alerts} & NEEDS_PREFECT == set()
    assert stage.told.told("RetrainDriftAlarm", "unanswered") == [], "its sharper alert says the same"
    stage.prefect.start()
    await_told(stage.told, one("PrefectServerDown"), "resolved")
    await_told(stage.told, of_models(without=set()), "firing")


def what_is_mended_is_told_as_resolved(stage: Stage) -> None:
    for name, history in HISTORIES.items():
        for event in history().mend:
            append(stage.store, name, event)
    append(stage.store, "withdrawn", WITHDRAWN)
    newest = stage.model("damaged") / "ledger" / "00000002.json"
    whole = newest.read_bytes()
    newest.chmod(0o600)
    newest.write_bytes(whole[:100])
    stage.model("vanished").rename(stage.store.parent / "vanished")
    # A person can only wait; the test has no twenty minutes.
    stage.model("ahead").rename(stage.store.parent / "ahead")
    append(stage.store, "ahead", promoted("v1"))
    files = {
        "damaged": "RetrainLedgerBroken",
        "vanished": "RetrainModelVanished",
        "withdrawn": "RetrainProbationBreach",
    }
    await_told(stage.told, {name: (alert, name) for name, alert in files.items()}, "firing")
    newest.write_bytes(whole)
    (stage.store.parent / "vanished").rename(stage.model("vanished"))
    await_told(stage.told, of_models(without=set()), "resolved")
    await_told(stage.told, one("RetrainClockAhead", "ahead"), "resolved")
    await_told(stage.told, {name: (alert, name) for name, alert in files.items()}, "resolved")


def a_store_that_is_away_is_told_and_nothing_of_its_models(stage: Stage) -> None:
    before = stage.told.told("RetrainDriftAlarm", "steady")
    away = stage.store.with_name("away")
    stage.store.rename(away)
    await_told(stage.told, one("RetrainStoreDown"), "firing")
    # Prometheus lets go of the alarm; people are not told that it ended.
    eventually(lambda: "steady" not in {each["labels"].get("model") for each in stage.seen.alerts()})
    assert stage.seen.query("retrain_ledger_up") == [], "no old number is served"
    away.rename(stage.store)
    await_told(stage.told, one("RetrainStoreDown"), "resolved")
    assert stage.told.told("RetrainDriftAlarm", "steady") == before == ["firing"]


def an_exporter_that_is_away_is_told_and_another_in_its_place(stage: Stage) -> None:
    stage.exporter.kill()
    await_told(stage.told, one("RetrainExporterDown"), "firing")
    assert stage.told.told("RetrainMetricsAbsent") == [], "one message about one trouble"
    with stranger(stage.exporter_port):
        await_told(stage.told, one("RetrainMetricsAbsent"), "firing")
    stage.exporter.start()
    await_told(stage.told, one("RetrainMetricsAbsent"), "resolved")
    await_told(stage.told, one("RetrainExporterDown"), "resolved")
    eventually(lambda: "steady" in {each["labels"].get("model") for each in stage.seen.alerts()})
    assert stage.told.told("RetrainDriftAlarm", "steady") == ["firing"]
    append(stage.store, "steady", checked())
    await_told(stage.told, one("RetrainDriftAlarm", "steady"), "resolved")
