"""What does the doctor find of specs, store, ledgers and server, what does it say, and how does it end?"""

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from retrain.service import doctor
from retrain.service.doctor import Diagnosis, examine
from retrain.service.examine_server import DEPLOYMENTS, examine_server
from retrain.service.finding import Finding
from retrain.service.server_http import Server
from retrain.store.events import Claimed
from retrain.store.ledger import Draft
from retrain.store.state import Claim
from shop import START, Shop

NOW = START + timedelta(hours=1)
Answers = dict[str, Any]


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch takes seconds to say that it is there."""
    monkeypatch.setattr(doctor, "torch_facts", lambda: {"version": "2.13.0", "cuda": None, "gpus": 0})
    monkeypatch.setattr(doctor, "gpu_names", list)


def seen(shop: Shop, now: datetime = NOW, **environment: str) -> Diagnosis:
    (shop.root / "store").mkdir(exist_ok=True)
    return examine(shop.settings, environment, now)


def named(diagnosis: Diagnosis, name: str) -> Finding:
    (one,) = [finding for finding in diagnosis.findings if finding.name == name]
    return one


def decide(shop: Shop) -> None:
    """One entry in the ledger."""
    claim = Claim(
        id="a", cause="manual", reason="a test", pid=1, host="x", process_start="y", at=START, expires_at=START
    )
    shop.site().ledger.append(lambda _newest: Draft(event=Claimed(claim=claim), reasons=("a test",), actor="a test"))


def test_a_sound_place_ends_with_0(shop: Shop) -> None:
    diagnosis = seen(shop)
    assert diagnosis.exit_status == 0, diagnosis
    assert {one.name for one in diagnosis.findings if one.verdict == "ok"} >= {"specs", "store", "ledgers", "versions"}
    assert all(one.next_step for one in diagnosis.findings if one.verdict != "ok")


def test_a_server_that_was_never_started_is_a_warning(shop: Shop) -> None:
    finding = named(seen(shop), "Prefect server")
    assert finding.verdict == "warning"
    assert "retrain up" in (finding.next_step or "")


def test_a_server_that_is_named_and_away_is_broken(shop: Shop) -> None:
    diagnosis = seen(shop, PREFECT_API_URL="http://127.0.0.1:9/api")
    assert diagnosis.exit_status == 3
    assert "http://127.0.0.1:9/api cannot be reached" in named(diagnosis, "Prefect server").found


def test_a_wrong_spec_ends_with_2_and_the_line(shop: Shop) -> None:
    shop.spec("model: shop\nbase: package:nothing\nproduktion: {}\n")
    diagnosis = seen(shop)
    assert diagnosis.exit_status == 2
    assert "shop.yaml:3: unknown key 'produktion'; did you mean 'production'?" in named(diagnosis, "spec shop").found


def test_another_base_than_the_pinned_one_ends_with_4(shop: Shop) -> None:
    text = (shop.root / "models/shop.yaml").read_text()
    shop.spec(f"{text}base_digest: {'a' * 64}\n")
    diagnosis = seen(shop)
    assert diagnosis.exit_status == 4
    assert "was pinned" in named(diagnosis, "spec shop").found


def test_a_store_that_is_a_file_ends_with_3(shop: Shop) -> None:
    (shop.root / "store").write_text("")
    diagnosis = examine(shop.settings, {}, NOW)
    assert diagnosis.exit_status == 3
    assert "part of that path is a file" in named(diagnosis, "store").found
    assert named(diagnosis, "versions").verdict == "ok"


def test_a_store_where_none_can_be_made_is_not_called_fine_before_the_first_retrain(shop: Shop) -> None:
    (shop.root / "file").write_text("")
    settings = dataclasses.replace(shop.settings, store=str(shop.root / "file" / "deep" / "store"))
    diagnosis = examine(settings, {}, NOW)
    assert diagnosis.exit_status == 3
    assert named(diagnosis, "store").found.endswith("file is no folder")
    settings = dataclasses.replace(shop.settings, store=str(shop.root / "new" / "deep" / "store"))
    assert named(examine(settings, {}, NOW), "store").verdict == "warning"


def test_a_store_that_lets_two_writers_win_ends_with_4(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from retrain.store.folder import FolderStore  # noqa: PLC0415

    def overwrite(self: FolderStore, key: str, content: bytes) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    monkeypatch.setattr(FolderStore, "create", overwrite)
    diagnosis = seen(shop)
    assert diagnosis.exit_status == 4
    assert named(diagnosis, "store").verdict == "broken"


def test_a_ledger_that_was_changed_by_hand_ends_with_4(shop: Shop) -> None:
    decide(shop)
    path = shop.root / "store/models/shop/ledger/00000001.json"
    path.write_text(path.read_text().replace("a test", "another"))
    assert seen(shop).exit_status == 0, "the newest entry alone cannot show it, until one follows"
    path.write_text(path.read_text()[:-5])
    diagnosis = seen(shop)
    assert diagnosis.exit_status == 4
    assert "retrain audit shop" in (named(diagnosis, "ledger shop").next_step or "")


def test_a_ledger_that_lacks_an_entry_is_not_called_sound(shop: Shop) -> None:
    for _ in range(4):
        decide(shop)
    (shop.root / "store/models/shop/ledger/00000002.json").unlink()
    diagnosis = seen(shop)
    assert diagnosis.exit_status == 4
    assert named(diagnosis, "ledger shop").found == "3 of 4 entries are there, the first that is not is 2"
    assert not [one for one in diagnosis.findings if one.name == "ledgers"]


def test_an_entry_from_the_future_is_a_clock_that_jumped(shop: Shop) -> None:
    decide(shop)
    diagnosis = seen(shop, START - timedelta(days=300))
    assert diagnosis.exit_status == 3
    assert "entry 1 of 'shop' was written at 2026-03-02" in named(diagnosis, "clock").found
    assert not [one for one in seen(shop, START - timedelta(minutes=1)).findings if one.name == "clock"]


def test_a_disk_that_is_full_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        free = 1_000_000

    monkeypatch.setattr(shutil, "disk_usage", lambda _place: Full)
    diagnosis = seen(shop)
    assert diagnosis.exit_status == 3
    assert "1 MB free" in named(diagnosis, "disk of RETRAIN_WORK").found


def test_a_token_that_others_may_read_ends_with_4(shop: Shop) -> None:
    (shop.root / "work").mkdir()
    path = shop.root / "work/webhook-token"
    path.write_text("a secret of enough characters")
    path.chmod(0o640)
    diagnosis = seen(shop)
    assert diagnosis.exit_status == 4
    assert "a secret" not in diagnosis.model_dump_json()


def test_an_examination_that_fails_stops_no_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def burst(*_: object) -> Iterator[Finding]:
        raise RuntimeError("burst")

    monkeypatch.setattr(doctor, "examine_store", burst)
    diagnosis = seen(shop)
    assert diagnosis.exit_status == 3
    assert "RuntimeError: burst" in named(diagnosis, "store").found
    assert named(diagnosis, "ledgers").verdict == "ok"


@pytest.fixture
def speaking() -> Iterator[Callable[[Answers], Server]]:
    """A server on the loopback that answers each path as told, and 500 to all others."""
    running = []

    def start(answers: Answers) -> Server:
        class Speaker(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = self.path.removeprefix("/api/")
                self.send_response(200 if path in answers else 500)
                self.end_headers()
                self.wfile.write(json.dumps(answers.get(path)).encode())

            do_POST = do_GET  # noqa: N815  the library's name

            def log_message(self, *_: object) -> None:
                """Nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Speaker)
        Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return Server(api=f"http://127.0.0.1:{server.server_port}/api")

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def well() -> Answers:
    """What a server says when all is well."""
    flows = {f"flows/{name.partition('/')[0]}": {"name": name.partition("/")[0]} for name in DEPLOYMENTS}
    shown = [{"flow_id": name.partition("/")[0], "name": name.partition("/")[2]} for name in DEPLOYMENTS]
    online = [{"status": "ONLINE"}, {"status": "OFFLINE"}]
    return {
        **flows,
        "health": True,
        "ready": {"message": "OK"},
        "admin/version": "3.8.8",
        "deployments/filter": shown,
        "work_pools/cpu/workers/filter": online,
        "work_pools/gpu/workers/filter": online,
        "flow_runs/filter": [{"expected_start_time": "2026-03-02T01:07:00Z"}],
        "flow_runs/count": 0,
    }


OFFLINE: Answers = {"work_pools/gpu/workers/filter": [{"status": "OFFLINE"}]}


@pytest.mark.parametrize(
    ("change", "name", "verdict", "said"),
    [
        ({}, "Prefect server", "ok", "3.8.8"),
        ({"admin/version": "3.9.1"}, "Prefect server", "warning", "3.9.1, this installation has 3.8.8"),
        ({"deployments/filter": []}, "deployments", "broken", "patrol/hourly"),
        (OFFLINE, "workers", "broken", "none online for pool gpu"),
        ({"flow_runs/filter": []}, "scheduler", "warning", "no run of patrol/hourly is scheduled"),
        ({"flow_runs/count": 7}, "late runs", "warning", "7 later than 5 minutes"),
    ],
)
def test_what_the_server_says(
    speaking: Callable[[Answers], Server], change: Answers, name: str, verdict: str, said: str
) -> None:
    findings = {one.name: one for one in examine_server(speaking({**well(), **change}), "3.8.8", NOW)}
    assert len(findings) == 5
    assert (findings[name].verdict, said in findings[name].found) == (verdict, True), findings[name]
    assert [one.name for one in findings.values() if one.verdict != "ok"] == ([name] if change else [])


def test_a_server_whose_database_is_gone_is_broken(speaking: Callable[[Answers], Server]) -> None:
    answers = well()
    del answers["ready"]
    (finding,) = examine_server(speaking(answers), "3.8.8", NOW)
    assert finding.verdict == "broken"
    assert "answers 'ready' with 500" in finding.found


def test_a_server_that_is_busy_for_a_moment_is_asked_again() -> None:
    codes = iter((503, 503, 200))

    class Busy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(next(codes))
            self.end_headers()
            self.wfile.write(b'"3.8.8"')

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        assert Server(api=f"http://127.0.0.1:{server.server_port}/api").get("admin/version") == "3.8.8"
        server.shutdown()
