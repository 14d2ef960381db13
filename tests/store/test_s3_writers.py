"""Many writers, and a server that is killed under them: is what was acknowledged there, and of each key one winner?"""

import itertools
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retrain.store.ledger import Ledger, follows
from retrain.store.s3_boto3 import S3Store
from servers.bucket import made_bucket, told
from servers.ceph import Ceph, ceph

WRITERS = 4
KEYS = 80
ENTRIES = 12
WAIT_SECONDS = 200.0

CONTEST = """
import sys
from retrain.errors import AlreadyExists
from retrain.store.patience import Patience
from retrain.store.s3_boto3 import S3Store
address, writer, keys = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = S3Store(address, Patience(total_seconds=120, answer_seconds=5))
for number in range(keys):
    store.create(f"own/{writer}/{number}", writer.encode() * 1000)
    print("own", f"own/{writer}/{number}", flush=True)
    try:
        store.create(f"contested/{number}", writer.encode() * 1000)
    except AlreadyExists:
        continue
    print("won", f"contested/{number}", flush=True)
"""

APPEND = """
import sys
from datetime import UTC, datetime
from retrain.store.events import Checked
from retrain.store.ledger import Draft, Ledger
from retrain.store.patience import Patience
from retrain.store.s3_boto3 import S3Store
address, writer, entries = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = S3Store(address, Patience(total_seconds=120, answer_seconds=5))
ledger = Ledger(store, "m", lambda: datetime.now(UTC))
now = datetime.now(UTC)
for number in range(entries):
    event = Checked(start=now, end=now, rows=1, state="quiet")
    ledger.append(lambda newest: Draft(event=event, reasons=(f"{writer}-{number}",), actor="a test"))
    print("appended", f"{writer}-{number}", flush=True)
"""


@contextmanager
def writing(program: str, address: str, count: int, folder: Path) -> Iterator[Callable[[], list[list[str]]]]:
    """Writers at work, each a fresh process; gives a function that says what each was told, so far."""
    outputs = [folder / f"writer-{number}" for number in range(WRITERS)]
    processes = []
    for number, output in enumerate(outputs):
        with output.open("wb") as out:
            command = [sys.executable, "-c", program, address, f"w{number}", str(count)]
            processes.append(subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, env=dict(os.environ)))
    try:
        yield lambda: [output.read_text().splitlines() for output in outputs]
        for process in processes:
            _, said = process.communicate(timeout=WAIT_SECONDS)
            assert process.returncode == 0, said.decode()
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def when(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end, f"did not happen in {WAIT_SECONDS:.0f} s"
        time.sleep(0.01)


def hurt(server: Ceph, parts: tuple[str, ...], heard: Callable[[], list[list[str]]], at: tuple[int, ...]) -> None:
    """Kill the server each time that so many writes were acknowledged, and start it again."""
    for count in at:
        when(lambda count=count: sum(map(len, heard())) >= count)  # type: ignore[misc]
        server.kill(*parts)
        server.start(*parts)
        server.wait()


def contest(server: Ceph, parts: tuple[str, ...], folder: Path) -> None:
    """Writers contend for keys while the server is killed twice; nothing that was acknowledged may be missing."""
    address = f"s3://{made_bucket()}/p"
    with writing(CONTEST, address, KEYS, folder) as heard:
        hurt(server, parts, heard, (40, 160))
        assert sum(map(len, heard())) < (WRITERS + 1) * KEYS, "all was written before the server was killed"
    lines = [(f"w{number}", *line.split()) for number, said in enumerate(heard()) for line in said]
    winners = {key: writer for writer, how, key in lines if how == "won"}
    assert sorted(winners) == sorted(f"contested/{number}" for number in range(KEYS))
    assert len(lines) == (WRITERS + 1) * KEYS, "one writer of each contested key was told that it won"
    store = S3Store(address)
    for writer, _, key in lines:
        assert store.read(key) == writer.encode() * 1000
    assert len(list(store.keys(""))) == (WRITERS + 1) * KEYS


@pytest.mark.slow
def test_what_was_acknowledged_outlives_a_killed_gateway(ceph_server: Ceph, bucket: str, tmp_path: Path) -> None:
    contest(ceph_server, ("rgw",), tmp_path)


@pytest.mark.slow
def test_what_was_acknowledged_outlives_a_killed_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ceph(objectstore="bluestore") as cluster:
        told(monkeypatch, cluster.environment)
        contest(cluster, ("mon", "osd", "rgw"), tmp_path)


def test_of_a_ledger_that_many_write_while_the_gateway_is_killed_no_entry_is_lost_or_written_twice(
    ceph_server: Ceph, bucket: str, tmp_path: Path
) -> None:
    address = f"s3://{bucket}/p"
    with writing(APPEND, address, ENTRIES, tmp_path) as heard:
        hurt(ceph_server, ("rgw",), heard, (10, 30))
        assert sum(map(len, heard())) < WRITERS * ENTRIES, "all was written before the server was killed"
    entries = list(Ledger(S3Store(address), "m", lambda: datetime.now(UTC)).entries())
    assert [entry.number for entry in entries] == list(range(1, WRITERS * ENTRIES + 1))
    for before, entry in itertools.pairwise(entries):
        follows(before, entry)
    told_of = Counter(entry.reasons[0] for entry in entries)
    assert told_of == {f"w{writer}-{number}": 1 for writer in range(WRITERS) for number in range(ENTRIES)}
