"""What Prometheus, a dashboard's reader and a stranger get from the exporter over HTTP."""

import math
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from retrain.errors import PortTaken, UsageError
from retrain.pipeline.check import check
from retrain.settings import Settings
from retrain.store.folder import FolderStore
from retrain.store.protocol import Store
from retrain.store.shelf import Shelf
from retrain.telemetry import metrics as m
from retrain.telemetry.access import is_loopback, token_for
from retrain.telemetry.exporter_prometheus_client import LONGEST, _seconds, application, serve
from retrain.telemetry.listen import bound
from servers.needed import free_port, needed
from shop import DAY, LATE, START, Messages, Shop
from telemetry.written import alarm, append, checked, full, promoted

TOKEN = "a-token-of-sixteen-or-more"
HOSTILE = b"<html><body><script>fetch('/metrics')</script></body></html>"


def settings(root: Path, token: str | None = None) -> Settings:
    return Settings(store=str(root), models=root, work=root, cache=root, token=token)


def client(root: Path, token: str | None = None, host: str = "127.0.0.1:9464") -> TestClient:
    return TestClient(application(settings(root), token), base_url=f"http://{host}", raise_server_exceptions=False)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with a full model."""
    made = FolderStore(tmp_path / "store")
    full(made)
    return made


@pytest.fixture
def root(store: Store) -> Path:
    return Path(store.address)


def series(text: str) -> dict[str, tuple[str, set[tuple[str, ...]]]]:
    """Name of each metric of ours to its kind and the sets of label names that occur."""
    found: dict[str, tuple[str, set[tuple[str, ...]]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith("retrain_"):
                found.setdefault(sample.name, (family.type, set()))[1].add(tuple(sorted(sample.labels)))
    return found


def test_a_scrape_holds_every_metric_of_the_list_with_its_kind_and_labels_and_no_other(root: Path) -> None:
    listed = {each.name: (each.kind, {tuple(sorted(each.labels))}) for each in m.METRICS}
    assert series(client(root).get("/metrics").text) == listed


def test_the_exporters_own_process_is_watched_too(root: Path) -> None:
    text = client(root).get("/metrics").text
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"} <= {
        line.split(" ")[0] for line in text.splitlines()
    }


def test_openmetrics_is_spoken_when_asked_for(root: Path) -> None:
    answer = client(root).get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_promtool_finds_nothing_to_mend(root: Path) -> None:
    text = client(root).get("/metrics").content
    done = subprocess.run([needed("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_a_missing_store_is_a_scrape_that_says_so(tmp_path: Path) -> None:
    answer = client(tmp_path / "nowhere").get("/metrics")
    assert answer.status_code == 200
    assert series(answer.text).keys() == {m.STORE_UP.name, m.SCRAPE_SECONDS.name, m.BUILD_INFO.name}
    assert "\nretrain_store_up 0.0\n" in answer.text


@pytest.mark.parametrize(
    ("said", "seconds"), [("10.000000", LONGEST), ("5", 4.5), ("0.2", LONGEST), ("nan", LONGEST), ("", LONGEST)]
)
def test_a_scrape_ends_before_prometheus_stops_waiting(said: str, seconds: float) -> None:
    assert math.isclose(_seconds(said), seconds)


def with_pages(store: Store) -> None:
    report = Shelf(store, f"models/shop/checks/{START + DAY:%Y-%m-%dT%H%M%SZ}", "check").put(
        {"report.html": HOSTILE}, {}
    )
    card = Shelf(store, "models/shop/versions", "version").put({"card.md": b"# Card <script>"}, {})
    append(store, checked(report=report), promoted(card, "v1"))


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("drift-report", HOSTILE, "text/html; charset=utf-8"),
        ("evaluation", b"# Held\n", "text/plain; charset=utf-8"),
        ("card", b"# Card <script>", "text/plain; charset=utf-8"),
    ],
)
def test_stable_links_lead_to_what_is_stored_and_run_nothing(
    store: Store, root: Path, name: str, content: bytes, kind: str
) -> None:
    with_pages(store)
    answer = client(root).get(f"/models/shop/{name}")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, content, kind)
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "allow-same-origin" not in policy
    assert ("sandbox" in policy) == (name == "drift-report")


@pytest.mark.parametrize("name", ["drift-report", "evaluation", "card"])
@pytest.mark.parametrize("model", ["nobody", "other", "..", "%2e%2e%2fshop", "Shop", "a" * 5000, "shop%00"])
def test_what_is_not_there_is_a_sentence(store: Store, root: Path, name: str, model: str) -> None:
    append(store, checked(), model="other")
    answer = client(root).get(f"/models/{model}/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")
    assert len(answer.text.split()) >= 2


def test_a_changed_page_is_refused(store: Store, root: Path) -> None:
    with_pages(store)
    for stored in root.glob("models/shop/checks/*/*/report.html"):
        stored.write_bytes(b"something else")
    answer = client(root).get("/models/shop/drift-report")
    assert answer.status_code == 500
    assert "do not match the manifest" in answer.text


def test_pages_of_a_dead_store_say_so(root: Path) -> None:
    shutil.rmtree(root)
    root.write_text("a file")
    for path in ("/", "/models/shop/card"):
        assert client(root).get(path).status_code == 503
    assert client(root).get("/health").status_code == 200


def test_the_index_names_every_model_and_links(store: Store, root: Path) -> None:
    append(store, alarm(), model="other")
    text = client(root).get("/").text
    assert all(f'href="/models/{model}/card"' in text for model in ("shop", "other"))


PATHS = ("/metrics", "/", "/models/shop/card", "/nowhere")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("shown", [None, "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer \xff"])
def test_without_the_token_nothing_is_told(root: Path, path: str, shown: str | None) -> None:
    headers = [] if shown is None else [(b"authorization", shown.encode("latin-1"))]
    answer = client(root, TOKEN).get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert TOKEN not in answer.text + str(answer.headers)


def test_with_the_token_all_is_told_and_health_needs_none(root: Path) -> None:
    away = client(root, TOKEN, host="metrics.example:9464")
    shown = {"Authorization": f"Bearer {TOKEN}"}
    assert [away.get(path, headers=shown).status_code for path in PATHS] == [200, 200, 404, 404]
    assert away.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1", 200), ("localhost:9464", 200), ("[::1]:9464", 200), ("evil.example", 421), ("127.0.0.1.evil", 421)],
)
def test_a_page_whose_name_was_turned_to_the_loopback_reads_nothing(root: Path, host: str, status: int) -> None:
    assert client(root).get("/metrics", headers={"Host": host}).status_code == status


def test_a_host_that_others_reach_needs_a_token(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="RETRAIN_TOKEN is not set"):
        serve(settings(tmp_path), "0.0.0.0", free_port())
    assert token_for(settings(tmp_path, TOKEN), "0.0.0.0") == TOKEN
    assert token_for(settings(tmp_path, TOKEN), "localhost") is None
    assert not is_loopback("::")


def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    with bound("127.0.0.1", 0) as taken, pytest.raises(PortTaken, match="choose another --port"):
        serve(settings(tmp_path), "127.0.0.1", taken.getsockname()[1])


@contextmanager
def exporter(root: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A process of its own, and its address."""
    port = free_port()
    command = [sys.executable, "-m", "retrain.cli.main", "exporter", "--port", str(port)]
    places = {**os.environ, "RETRAIN_STORE": str(root), "RETRAIN_MODELS": str(root)}
    running = subprocess.Popen(command, env=places, stderr=subprocess.PIPE, text=True)
    try:
        assert running.stderr is not None
        assert "listens" in running.stderr.readline()
        yield running, f"http://127.0.0.1:{port}"
    finally:
        running.kill()
        running.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(root: Path, number: signal.Signals) -> None:
    with exporter(root) as (running, address):
        assert "retrain_store_up 1.0" in httpx.get(f"{address}/metrics", timeout=30).text
        running.send_signal(number)
        _, errors = running.communicate(timeout=30)
        assert (running.returncode, errors) == (0, "")


def test_a_kill_and_a_new_start_tell_the_same(root: Path) -> None:
    def told() -> set[str]:
        with exporter(root) as (_, address):
            text = httpx.get(f"{address}/metrics", timeout=30).text
        return {line for line in text.splitlines() if line.startswith("retrain_") and "scrape_seconds" not in line}

    first = told()
    assert first == told()
    assert len(first) > 100


@pytest.mark.model
def test_a_real_loops_store_is_told_and_its_pages_are_served(running_shop: Shop, messages: Messages) -> None:
    for day in range(4):
        running_shop.day(day, messages("base", day * 150, 150))
    running_shop.now = START + 4 * DAY + LATE
    assert check(running_shop.site()).state == "quiet"
    asking = client(Path(running_shop.settings.store))
    answer = asking.get("/metrics")
    told = series(answer.text)
    listed = {each.name: (each.kind, {tuple(sorted(each.labels))}) for each in m.METRICS}
    assert all(listed[name] == found for name, found in told.items())
    for line in ("heldout_accuracy_ratio{model", 'check_state{model="shop",state="quiet"} 1.0', "drift_score{model"):
        assert f"\nretrain_{line}" in answer.text
    assert 'retrain_promotions_total{by="run",model="shop"} 1.0' in answer.text
    assert asking.get("/models/shop/drift-report").content.lstrip().lower().startswith(b"<!doctype html")
    assert asking.get("/models/shop/card").text.startswith("# shop")
    assert asking.get("/models/shop/evaluation").text.startswith("# Promote")
