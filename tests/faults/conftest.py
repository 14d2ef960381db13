"""The yard, over a folder and over real S3 servers."""

import itertools
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from faults.yard import LABELS, Yard, built, copied, without_training
from retrain.store.patience import Patience
from retrain.store.s3_boto3 import S3Store
from servers.bucket import made_bucket, told
from servers.ceph import Ceph, ceph
from servers.ministack import ministack
from shop import Messages


class Fresh(NamedTuple):
    """`fresh()`: a yard as new, each time another."""

    make: Callable[[], Yard]
    every: int = 1
    """Of the calls that only read, a sweep takes each so many: on a real server a point costs a second or two."""

    def __call__(self) -> Yard:
        return self.make()


MEMORY = Path("/dev/shm")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """A folder that is removed afterwards; in memory where that can be had, since syncing a disk is most of a sweep."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as place:
        yield Path(place)


@pytest.fixture(scope="session")
def first_yard(tmp_path_factory: pytest.TempPathFactory, messages: Messages) -> Yard:
    """The one that all others are copies of."""
    rows = [row for row in messages("base", 0, 1560) if row["label"] in LABELS][:120]
    return built(tmp_path_factory.mktemp("yard") / "first", rows)


@pytest.fixture(scope="session")
def ceph_server() -> Iterator[Ceph]:
    with ceph() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def ministack_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with ministack(tmp_path_factory.mktemp("ministack")) as environment:
        yield environment


@pytest.fixture
def first_folder(first_yard: Yard, room: Path, monkeypatch: pytest.MonkeyPatch) -> Fresh:
    """The same over a folder alone, for what only a folder can suffer."""
    without_training(monkeypatch, first_yard)
    numbers = itertools.count()
    return Fresh(lambda: copied(first_yard, room / f"{next(numbers)}"))


@pytest.fixture(params=["folder", pytest.param("ceph", marks=pytest.mark.slow)])
def fresh(request: pytest.FixtureRequest, first_yard: Yard, room: Path, monkeypatch: pytest.MonkeyPatch) -> Fresh:
    """Over a folder, and over a real server."""
    without_training(monkeypatch, first_yard)
    numbers = itertools.count()
    if request.param == "folder":
        return Fresh(lambda: copied(first_yard, room / f"{next(numbers)}"))
    told(monkeypatch, request.getfixturevalue("ceph_server").environment)
    bucket = made_bucket()

    def on_a_server() -> Yard:
        place = f"s3://{bucket}/{uuid.uuid4().hex}"
        return copied(first_yard, room / f"{next(numbers)}", lambda: S3Store(place, Patience()))

    return Fresh(on_a_server, every=12)
