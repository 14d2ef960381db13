"""Bundles: complete, verified, and never half there."""

from pathlib import Path

import pytest

from retrain.errors import DigestMismatch, NotInStore, UnsafeName
from retrain.store.folder import FolderStore
from retrain.store.protocol import Store
from retrain.store.shelf import MANIFEST, Shelf


class Dying:
    """A store whose process ends after a number of writes."""

    def __init__(self, store: Store, writes: int) -> None:
        self._store, self._left = store, writes

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def create(self, key: str, content: bytes) -> None:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        self._store.create(key, content)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def shelf(store: FolderStore) -> Shelf:
    return Shelf(store, "models/m/versions", "version")


def test_the_same_content_is_one_bundle(shelf: Shelf) -> None:
    first = shelf.put({"a": b"1", "b": b"2"}, {"note": "x"})
    assert shelf.put({"b": b"2", "a": b"1"}, {"note": "x"}) == first
    assert list(shelf.digests()) == [first]
    assert shelf.put({"a": b"1", "b": b"2"}, {"note": "y"}) != first


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_bundle_without_its_manifest_does_not_exist_and_can_be_put_again(store: FolderStore, writes: int) -> None:
    files = {"a": b"1", "b": b"2"}
    with pytest.raises(KeyboardInterrupt):
        Shelf(Dying(store, writes), "v", "version").put(files, {})  # type: ignore[arg-type]
    shelf = Shelf(store, "v", "version")
    assert list(shelf.digests()) == []
    assert shelf.read(shelf.put(files, {}), "b") == b"2"


def test_a_fetched_copy_is_whole_and_fetched_once(shelf: Shelf, tmp_path: Path) -> None:
    digest = shelf.put({"a": b"1"}, {})
    copy = shelf.fetch(digest, tmp_path / "cache")
    assert (copy / "a").read_bytes() == b"1"
    assert (copy / MANIFEST).is_file()
    before = (copy / "a").stat().st_ino
    assert shelf.fetch(digest, tmp_path / "cache") == copy
    assert (copy / "a").stat().st_ino == before


def test_a_damaged_copy_is_fetched_again(shelf: Shelf, tmp_path: Path) -> None:
    digest = shelf.put({"a": b"good"}, {})
    copy = shelf.fetch(digest, tmp_path / "cache")
    (copy / "a").write_bytes(b"evil")
    assert (shelf.fetch(digest, tmp_path / "cache") / "a").read_bytes() == b"good"


@pytest.mark.parametrize("name", ["a", MANIFEST])
@pytest.mark.parametrize("damage", [b"", b"evil"])
def test_a_tampered_bundle_is_refused(
    store: FolderStore, shelf: Shelf, tmp_path: Path, name: str, damage: bytes
) -> None:
    digest = shelf.put({"a": b"good"}, {})
    (Path(store.address) / "models/m/versions" / digest / name).write_bytes(damage)
    with pytest.raises(DigestMismatch, match=digest[:12]):
        shelf.fetch(digest, tmp_path / "cache")
    with pytest.raises(DigestMismatch):
        shelf.read(digest, "a")
    assert not (tmp_path / "cache" / digest).exists()


@pytest.mark.parametrize("name", ["../a", "a/b", "", ".hidden", MANIFEST, "a\\b"])
def test_a_file_name_that_leaves_the_bundle_is_refused(shelf: Shelf, name: str) -> None:
    with pytest.raises(UnsafeName):
        shelf.put({name: b""}, {})


def test_a_file_that_is_not_in_the_bundle_is_said_so(shelf: Shelf) -> None:
    with pytest.raises(NotInStore, match="no file 'b'"):
        shelf.read(shelf.put({"a": b""}, {}), "b")
