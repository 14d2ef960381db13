"""Does a stored snapshot come back as it was, or not at all?"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from retrain.dataset.build import build_snapshot
from retrain.dataset.policy import DatasetPolicy
from retrain.dataset.snapshot import Example, Snapshot
from retrain.dataset.stored import get, put
from retrain.errors import DigestMismatch, NotInStore
from retrain.store.folder import FolderStore
from retrain.store.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(FolderStore(tmp_path), "models/support/datasets", "dataset")


@pytest.fixture(scope="module")
def snapshot(corpus: Callable[[int], list[Example]], policy: DatasetPolicy) -> Snapshot:
    built = build_snapshot(corpus(11), policy)
    assert isinstance(built, Snapshot)
    return built


def test_a_snapshot_comes_back_as_it_was(shelf: Shelf, snapshot: Snapshot) -> None:
    digest = put(shelf, snapshot, about={"model": "support"})
    assert get(shelf, digest) == snapshot
    about = shelf.manifest(digest).about
    assert about["model"] == "support"
    assert about["rows"] == {name: len(getattr(snapshot, name)) for name in ("train", "validation", "heldout")}
    assert sum(about["labels"].values()) == snapshot.clean


def test_texts_with_line_separators_and_stamps_with_zones_survive(shelf: Shelf) -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=2)))
    odd = Example(text="a\u2028b\n\x0bc\x85", label="'é\"", source="production", id="1", at=at, groups={"k": "v"})
    snapshot = Snapshot(train=(odd,), validation=(), heldout=(), removed={"near duplicate": 2})
    assert get(shelf, put(shelf, snapshot)) == snapshot


def test_the_same_rows_in_another_order_are_the_same_bundle(shelf: Shelf, snapshot: Snapshot) -> None:
    turned = snapshot.model_copy(update={"train": snapshot.train[::-1]})
    assert put(shelf, turned) == put(shelf, snapshot)
    assert len(list(shelf.digests())) == 1


def test_files_are_json_lines_that_anyone_can_read(shelf: Shelf, snapshot: Snapshot) -> None:
    content = shelf.read(put(shelf, snapshot), "heldout.jsonl").decode()
    assert [json.loads(line)["text"] for line in content.splitlines()] == [row.text for row in snapshot.heldout]


def test_a_changed_row_is_not_read(shelf: Shelf, snapshot: Snapshot, tmp_path: Path) -> None:
    digest = put(shelf, snapshot)
    [path] = tmp_path.rglob("heldout.jsonl")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"label 0", b"label 1", 1))
    with pytest.raises(DigestMismatch):
        get(shelf, digest)


def test_an_unknown_digest_is_not_in_store(shelf: Shelf) -> None:
    with pytest.raises(NotInStore):
        get(shelf, "0" * 64)
