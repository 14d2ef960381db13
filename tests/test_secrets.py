"""Does a secret of the environment ever end up where others read it?"""

import base64
import gzip
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import polars as pl
import pytest

from servers.needed import ROOT, free_port
from servers.prefect import Server, Started, prefect_environment, prefect_server
from shop import Messages, Shop, few

PASSWORD = "planted-server-password-51c3"
SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "planted/aws+secret/9f27aa31",
    "AWS_SESSION_TOKEN": "planted-aws-session-3b8810",
    "RETRAIN_TOKEN": "planted-webhook-token-77d2",
    "PREFECT_API_AUTH_STRING": f"admin:{PASSWORD}",
    "PREFECT_API_KEY": "planted-prefect-key-c0ffee42",
    # Not what the test's own server uses; every other process is handed it.
    "PREFECT_API_DATABASE_CONNECTION_URL": "postgresql+asyncpg://retrain:planted-database-9e11@127.0.0.1:1/prefect",
}
NEEDLES = (*SECRETS.values(), PASSWORD, "planted-database-9e11")
CANARY = "canary of the twelfth of May"
"""The reason of a request: no secret, and so to be found wherever the search looks."""
PATIENCE_SECONDS = 240.0


def disguises(secret: str) -> Iterator[bytes]:
    """How a secret may be written: as it is, quoted for an address, escaped in JSON, and in the header of a request."""
    yield secret.encode()
    yield quote(secret, safe="").encode()
    yield json.dumps(secret)[1:-1].encode()
    yield secret.replace("/", "\\/").encode()
    yield base64.b64encode(secret.encode()).rstrip(b"=")


def contents(path: Path) -> Iterator[bytes]:
    """A file's bytes, and what they hold where that is packed: a page of a database cuts a text in two."""
    content = path.read_bytes()
    yield content
    if content.startswith(b"SQLite format 3"):
        with closing(sqlite3.connect(path)) as database:
            yield "\n".join(database.iterdump()).encode(errors="replace")
    elif content.startswith(b"PAR1"):
        yield pl.read_parquet(path).write_json().encode()
    elif content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)


def found(root: Path, words: tuple[str, ...]) -> list[str]:
    """`file: word` for every file below that holds one of the words, in whatever disguise."""
    places = []
    for path in sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink()):
        if not path.exists():
            continue  # a database's journal, taken up into the database when that was read
        for content in contents(path):
            hits = {word for word in words if any(form in content for form in disguises(word))}
            places += [f"{path.relative_to(root)}: {word}" for word in sorted(hits)]
    return sorted(set(places))


@pytest.mark.parametrize("secret", NEEDLES)
def test_the_search_finds_a_secret_wherever_one_may_be(tmp_path: Path, secret: str) -> None:
    assert found(tmp_path, NEEDLES) == []
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/plain").write_text(f"x{secret}y")
    (tmp_path / "address").write_text(f"https://x?{quote(secret, safe='')}")
    (tmp_path / "header").write_text(f"Basic {base64.b64encode(secret.encode()).decode()}")
    (tmp_path / "packed.gz").write_bytes(gzip.compress(json.dumps({"a": secret}).encode()))
    pl.DataFrame({"a": ["x" * 50, secret] * 100}).write_parquet(tmp_path / "rows.parquet", compression="zstd")
    with closing(sqlite3.connect(tmp_path / "database")) as database, database:
        database.execute("create table t (a text)")
        database.execute("insert into t values (?)", ["x" * 4000 + secret + "y" * 9000])
    names = {"deep/er/plain", "address", "header", "packed.gz", "rows.parquet", "database"}
    assert {place.partition(":")[0] for place in found(tmp_path, (secret,))} == names


@dataclass(slots=True)
class Crew:
    """Runs our programs with every secret planted, and keeps whatever they say."""

    shop: Shop
    server: Server
    said: Path
    count: int = 0

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        home = self.shop.root / "home"
        home.mkdir(exist_ok=True)
        places = {name: value for name, value in self.shop.environment.items() if name.startswith("RETRAIN_")}
        planted = {**places, **SECRETS, "AWS_ACCESS_KEY_ID": "someone", "HOME": str(home), **(more or {})}
        return prefect_environment(self.shop.root / "prefect", self.server.api, planted)

    def __call__(self, *words: str, status: int = 0, **more: str) -> str:
        """What `python -m ...` prints; its exit status must be this one."""
        done = subprocess.run(
            [sys.executable, "-m", *words],
            env=self.environment(more),
            cwd=ROOT,
            capture_output=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        self.keep(" ".join(words).encode() + b"\n" + done.stdout + done.stderr)
        assert done.returncode == status, (words, done.stderr.decode()[-2000:])
        return done.stdout.decode()

    def keep(self, content: bytes) -> None:
        self.count += 1
        (self.said / f"{self.count:02}").write_bytes(content)

    def retrain(self, *words: str, status: int = 0, **more: str) -> str:
        return self("retrain.cli.main", *words, status=status, **more)

    @contextmanager
    def worker(self, pool: str) -> Iterator[None]:
        """With the secrets of Prefect too."""
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--type", "process"]
        worker = Started(command, self.environment(), self.said / "worker.log")
        worker.start()
        try:
            yield
        finally:
            worker.kill()

    @contextmanager
    def serving(self, command: str, probe: str) -> Iterator[str]:
        """A serving command of ours, until it answers; its log is kept."""
        port = free_port()
        log = (self.said / f"{command}.log").open("wb")
        words = [sys.executable, "-m", "retrain.cli.main", command, "--port", str(port)]
        with log, subprocess.Popen(words, env=self.environment(), cwd=ROOT, stdout=log, stderr=log) as process:
            try:
                address = f"http://127.0.0.1:{port}"
                await_answer(f"{address}{probe}", process)
                yield address
            finally:
                process.terminate()
                process.wait(60)


def await_answer(address: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, f"{address} will never answer"
        try:
            httpx.get(address, timeout=5, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"no answer from {address}")


@pytest.fixture
def crew(running_shop: Shop, messages: Messages) -> Iterator[Crew]:
    """A champion, its production log with drift in it, and a server that wants to be shown a password."""
    for day in range(3):
        running_shop.day(day, few(messages("base", day * 150, 900))[:120])
    running_shop.day(3, messages("new_intent", 0, 120), sure=0.6)
    said = running_shop.root / "said"
    said.mkdir()
    home = running_shop.root / "prefect"
    with prefect_server(home, {"PREFECT_SERVER_API_AUTH_STRING": f"admin:{PASSWORD}", **only_auth()}) as server:
        yield Crew(running_shop, server, said)


def only_auth() -> dict[str, str]:
    return {"PREFECT_API_AUTH_STRING": SECRETS["PREFECT_API_AUTH_STRING"]}


def use_the_commands(crew: Crew) -> None:
    for _ in range(2):
        crew.retrain("check", "shop", "--json")
    crew.retrain("run", "shop", "--reason", CANARY)
    for words in (("status",), ("history", "shop"), ("explain", "shop/1"), ("audit", "shop"), ("validate", "shop")):
        crew.retrain(*words, "--json")
    crew.retrain("doctor", "--json", status=doctor_status(crew))


def doctor_status(crew: Crew) -> int:
    """Whatever it finds of this machine; that is not the matter here."""
    words = [sys.executable, "-m", "retrain.cli.main", "doctor"]
    done = subprocess.run(words, env=crew.environment(), cwd=ROOT, capture_output=True, check=False, timeout=240)
    crew.keep(done.stdout + done.stderr)
    assert b"Traceback" not in done.stderr
    return done.returncode


def use_the_flows(crew: Crew) -> None:
    """By hand, and by a worker that answers a request; then the versions are promoted and rolled back."""
    crew("flows.deployments", "--json")
    crew("flows.check", "shop")
    crew("flows.check", "nobody", status=2)
    # Too few to train on: the worker's run is refused, which takes seconds and is written down all the same.
    examples = crew.shop.root / "examples.csv"
    examples.write_text("".join(examples.read_text().splitlines(keepends=True)[:40]))
    crew.retrain("run", "shop", "--reason", CANARY, "--queue", "--json")
    before = crew.shop.site().ledger.state().last_run
    with crew.worker("gpu"):
        end = time.monotonic() + PATIENCE_SECONDS
        while crew.shop.site().ledger.state().last_run == before and time.monotonic() < end:
            time.sleep(0.5)
    state = crew.shop.site().ledger.state()
    assert state.last_run not in (None, before), "the worker has not answered the request"
    assert state.champion
    versions = {path.name for path in (crew.shop.root / "store/models/shop/versions").iterdir()}
    other = min(versions - {state.champion.version})
    crew.retrain("promote", "shop", other, "--reason", CANARY)
    crew.retrain("rollback", "shop", "--reason", CANARY)
    crew("flows.rollback", "nobody", CANARY, status=2)


def call_what_serves(crew: Crew) -> None:
    token = {"Authorization": f"Bearer {SECRETS['RETRAIN_TOKEN']}"}
    with crew.serving("webhook", "/health") as address:
        for path in ("/health", "/alertmanager", "/models/shop/retrain", "/models/shoop/retrain", "/nothing"):
            for headers in ({}, {"Authorization": "Bearer wrong"}, token):
                for body in (None, {"reason": CANARY, "request": "r"}, {"version": "4", "alerts": []}, {"reason": 7}):
                    answer = httpx.post(f"{address}{path}", headers=headers, json=body, timeout=60, trust_env=False)
                    crew.keep(str(answer.headers).encode() + answer.content)
        asked = httpx.post(
            f"{address}/models/shop/retrain?token={SECRETS['RETRAIN_TOKEN']}",
            headers=token,
            json={"reason": CANARY},
            timeout=60,
            trust_env=False,
        )
        crew.keep(asked.content)
        assert asked.status_code == 202, asked.text
    with crew.serving("exporter", "/metrics") as address:
        metrics = httpx.get(f"{address}/metrics", timeout=60, trust_env=False)
        crew.keep(str(metrics.headers).encode() + metrics.content)
        assert "retrain_store_up 1" in metrics.text


def meet_trouble(crew: Crew) -> None:
    """What is said when a secret is of no use: the moment at which programs like to show it."""
    dead = f"http://127.0.0.1:{free_port()}"
    away = {"RETRAIN_STORE": "s3://bucket/prefix", "AWS_ENDPOINT_URL": dead, "AWS_DEFAULT_REGION": "us-east-1"}
    crew.retrain("check", "shop", "--json", status=3, **away)
    crew("flows.rollback", "shop", CANARY, status=3, **away)
    crew.retrain("run", "shop", "--reason", CANARY, "--queue", status=3, PREFECT_API_URL=f"{dead}/api")
    crew.retrain("status", status=2, RETRAIN_TOKEN=SECRETS["RETRAIN_TOKEN"][:15])
    wrong = {"PREFECT_API_AUTH_STRING": f"admin:{PASSWORD}-of-yesterday"}
    crew.retrain("run", "shop", "--reason", CANARY, "--queue", status=3, **wrong)


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.timeout(1800)
def test_no_planted_secret_is_found_anywhere_after_a_whole_loop(crew: Crew) -> None:
    use_the_commands(crew)
    use_the_flows(crew)
    call_what_serves(crew)
    meet_trouble(crew)
    crew.server.kill()
    root = crew.shop.root
    assert found(root, (*NEEDLES, SECRETS["RETRAIN_TOKEN"][:15])) == []
    seen = {place.partition("/")[0] for place in found(root, (CANARY,))}
    assert seen >= {"store", "prefect", "said"}, "the search sees what was said in each of these places"
    assert any(place.endswith(f".db: {CANARY}") for place in found(root / "prefect", (CANARY,)))
