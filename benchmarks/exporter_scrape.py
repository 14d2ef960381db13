"""How long does a scrape of many models take, and how long where every ledger is read from its beginning each time?

    python -m benchmarks.exporter_scrape [--models 200] [--long 10] [--scrapes 10] [--s3]

A model has a ledger of 12 entries with promotions, a rollback, runs and an alarm, and a stored evaluation; `--long` of
the models have 1,000 checks more. The exporter runs in a process of its own and is asked over HTTP: `cold` is its first
scrape, `warm` are the next ones, before each of which every tenth model gets a new entry. The peer, on the same store
and with the same number of threads, lists each ledger, reads all entries and folds them anew at each scrape.
`--s3`: also in a bucket of a real Ceph and of ministack, started for this (`make servers` installs them).
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from retrain.errors import AlreadyExists, NotInStore
from retrain.store.events import Checked
from retrain.store.fold import fold
from retrain.store.folder import FolderStore
from retrain.store.ledger import Draft, Ledger
from retrain.store.open import open_store
from retrain.store.protocol import Store
from retrain.store.state import State
from retrain.telemetry.exporter_prometheus_client import exposition
from retrain.telemetry.fleet import READERS
from retrain.telemetry.samples import samples_of
from retrain.telemetry.view import ModelReader, ModelView
from retrain.values import digest_of

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from servers.needed import free_port  # noqa: E402
from telemetry.written import START, checked, full  # noqa: E402

EXTRA = 1_000
WRITERS = 32


@dataclass
class Memory:
    """What is to be stored, made without a disk: the ledgers are long, and each entry rests on the one before."""

    address: str = "memory"
    content: dict[str, bytes] = field(default_factory=dict)

    def create(self, key: str, content: bytes) -> None:
        """See Store.create."""
        if key in self.content:
            raise AlreadyExists(key)
        self.content[key] = content

    def create_from(self, key: str, source: Path) -> None:
        """See Store.create_from."""
        self.create(key, source.read_bytes())

    def read(self, key: str) -> bytes:
        """See Store.read."""
        try:
            return self.content[key]
        except KeyError:
            raise NotInStore(key) from None

    def fetch(self, key: str, target: Path) -> str:
        """See Store.fetch."""
        target.write_bytes(self.read(key))
        return self.digest(key)

    def digest(self, key: str) -> str:
        """See Store.digest."""
        return digest_of(self.read(key))

    def delete(self, key: str) -> None:
        """See Store.delete."""
        self.content.pop(key, None)

    def keys(self, prefix: str) -> Iterator[str]:
        """See Store.keys."""
        yield from sorted(key for key in self.content if key.startswith(prefix))

    def names(self, prefix: str) -> Iterator[str]:
        """See Store.names."""
        yield from sorted({key.removeprefix(prefix).split("/")[0] for key in self.keys(prefix)})


def append(book: Ledger, event: Checked) -> None:
    """One more check."""
    book.append(lambda _: Draft(event=event, reasons=("none of 10 signals drifted",), actor="a benchmark"))


def made(models: int, long: int) -> dict[str, bytes]:
    """Every key of the store."""
    content: dict[str, bytes] = {}
    for number in range(models):
        one, name = Memory(), f"model-{number:04d}"
        full(one, name)
        if number < long:
            book = Ledger(one, name, lambda: START)
            for day in range(EXTRA):
                append(book, checked("quiet", day))
        content |= one.content
    return content


def fill(store: Store, content: Mapping[str, bytes]) -> None:
    """Write it all, side by side."""
    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(lambda item: store.create(*item), content.items()))


@contextmanager
def exporter(address: str) -> Iterator[str]:
    """The real one, in a process of its own; its address."""
    port = free_port()
    command = [sys.executable, "-m", "retrain.cli.main", "exporter", "--port", str(port)]
    running = subprocess.Popen(command, env={**os.environ, "RETRAIN_STORE": address}, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                httpx.get(f"{url}/health")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        running.terminate()
        running.wait(30)


def timed(work: Callable[[], str]) -> float:
    """Seconds; what came of it must be a whole scrape."""
    began = time.perf_counter()
    text = work()
    seconds = time.perf_counter() - began
    assert "retrain_ledger_up" in text, text[:300]
    assert 'retrain_ledger_up{model="model-0001"} 1.0' in text
    return seconds


def scrapes(store: Store, models: int, count: int) -> tuple[float, list[float], float]:
    """The first, the next ones, and the exporter's processor seconds for each of these."""
    books = [Ledger(store, f"model-{number:04d}", lambda: START) for number in range(0, models, 10)]
    with exporter(store.address) as url:

        def ask() -> str:
            answer = httpx.get(f"{url}/metrics", timeout=60)
            while answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                answer = httpx.get(f"{url}/metrics", timeout=60)
            assert "retrain_store_up 1.0" in answer.text, answer.text[:300]
            used.append(float(answer.text.partition("\nprocess_cpu_seconds_total ")[2].split()[0]))
            return answer.text

        used: list[float] = []
        cold, warm = timed(ask), []
        for day in range(count):
            for book in books:
                append(book, checked("quiet", 2_000 + day, signals=()))
            warm.append(timed(ask))
    return cold, warm, (used[-1] - used[0]) / count


def from_the_beginning(store: Store) -> str:
    """The peer."""

    def folded(model: str) -> ModelView:
        state, newest = State(), None
        for newest in Ledger(store, model, lambda: START).entries():
            state = fold(state, newest.event, newest.at)
        assert newest is not None
        assert newest.state == state
        seen = ModelReader(store, model).look()
        assert seen is not None
        return ModelView(model=model, entry=newest, evidence=seen.evidence)

    with ThreadPoolExecutor(READERS) as readers:
        views = list(readers.map(folded, store.names("models/")))
    return exposition(samples_of(views), "")[0].decode()


def measure(name: str, store: Store, words: argparse.Namespace, content: Mapping[str, bytes]) -> None:
    """Two lines of the table."""
    fill(store, content)
    cold, warm, used = scrapes(store, words.models, words.scrapes)
    began = time.process_time()
    peer = [timed(partial(from_the_beginning, store)) for _ in range(words.peer)]
    cpu = (time.process_time() - began) / words.peer
    print(f"| {name} | retrain | {cold:.2f} | {statistics.median(warm):.2f} | {max(warm):.2f} | {used:.2f} |")
    print(
        f"| {name} | all entries anew | {peer[0]:.2f} | {statistics.median(peer):.2f} | {max(peer):.2f} | {cpu:.2f} |",
        flush=True,
    )


def measure_s3(words: argparse.Namespace, content: Mapping[str, bytes]) -> None:
    """The same in buckets."""
    from servers.bucket import made_bucket  # noqa: PLC0415
    from servers.ceph import ceph  # noqa: PLC0415
    from servers.ministack import ministack  # noqa: PLC0415

    with ceph() as cluster:
        os.environ.update(cluster.environment)
        measure("Ceph", open_store(f"s3://{made_bucket()}/p"), words, content)
    with tempfile.TemporaryDirectory() as folder, ministack(Path(folder)) as environment:
        os.environ.update(environment)
        measure("ministack", open_store(f"s3://{made_bucket()}/p"), words, content)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--long", type=int, default=10, help="how many of them have 1,000 entries more")
    parser.add_argument("--scrapes", type=int, default=10)
    parser.add_argument("--peer", type=int, default=2, help="scrapes by the peer, which take long")
    parser.add_argument("--s3", action="store_true")
    words = parser.parse_args()
    content = made(words.models, words.long)
    print(f"{words.models} models, {len(content):,} keys, {words.scrapes} warm scrapes; seconds\n")
    print("| store | exporter | cold | warm, median | warm, longest | processor, each |", flush=True)
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        measure("folder", FolderStore(Path(folder)), words, content)
    if words.s3:
        measure_s3(words, content)


if __name__ == "__main__":
    main()
