"""Which stores are trusted, and which are refused before anything is lost in them?"""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrain.errors import AlreadyExists, StoreError, UnsafeStore
from retrain.store.folder import FolderStore
from retrain.store.open import open_store
from retrain.store.patience import Patience
from retrain.store.probe import ROUNDS, WRITERS, probe
from retrain.store.s3_boto3 import S3Store
from retrain.store.tried import TriedStore
from servers.bucket import made_bucket, raw, told
from servers.ceph import Ceph
from servers.lossy import lossy
from servers.ministack import ministack
from servers.needed import free_port
from servers.rclone import rclone


def keys_of(bucket: str) -> list[str]:
    """All of them, hidden ones too."""
    return [each["Key"] for each in raw().list_objects_v2(Bucket=bucket).get("Contents", ())]


@pytest.fixture
def rclone_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """On a server that ignores conditions."""
    with rclone(tmp_path) as environment:
        told(monkeypatch, environment)
        yield made_bucket()


def test_ceph_is_trusted_and_nothing_is_left_behind(bucket: str) -> None:
    found = probe(S3Store(f"s3://{bucket}/p"))
    assert found.create_only
    assert found.recognises
    assert found.winners == (1,) * ROUNDS
    assert (found.versioning, found.writers, found.store) == ("off", WRITERS, f"s3://{bucket}/p")
    assert keys_of(bucket) == []


def test_ministack_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ministack(tmp_path) as environment:
        told(monkeypatch, environment)
        assert probe(S3Store(f"s3://{made_bucket()}/p")).create_only


def test_a_folder_is_trusted_and_nothing_is_left_behind(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    store.create("models/m", b"")
    assert probe(store).winners == (1,) * ROUNDS
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == [".writing", "models"]


def test_a_server_that_ignores_conditions_is_refused_before_a_key_is_written(rclone_bucket: str) -> None:
    with pytest.raises(UnsafeStore, match="a key was created twice") as refused:
        open_store(f"s3://{rclone_bucket}/p").create("models/m/ledger/00000001.json", b"")
    assert refused.value.exit_status == 4
    assert keys_of(rclone_bucket) == []


def test_a_versioned_bucket_of_ceph_is_refused(bucket: str) -> None:
    with pytest.raises(UnsafeStore, match="Ceph does not in a versioned bucket"):
        open_store(f"s3://{made_bucket(versioned=True)}").create("k", b"")


def test_a_store_is_tried_once_and_what_was_found_is_kept_in_it(bucket: str) -> None:
    first, second = (open_store(f"s3://{bucket}/p") for _ in range(2))
    assert isinstance(first, TriedStore)
    assert isinstance(second, TriedStore)
    assert first.trial() is None
    first.create("a", b"")
    trial = first.trial()
    assert trial is not None
    assert trial.found.create_only
    second.create("b", b"")
    assert second.trial() == trial
    assert [key.partition("/")[0] for key in keys_of(bucket)[2:]] == ["p"]
    assert [key for key in second.keys("") if key in ("a", "b")] == ["a", "b"]


def test_versioning_that_is_switched_on_later_is_found_by_the_next_process(bucket: str) -> None:
    open_store(f"s3://{bucket}").create("before", b"kept")
    raw().put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    store = open_store(f"s3://{bucket}")
    with pytest.raises(UnsafeStore, match="cannot be trusted"):
        store.create("after", b"")
    with pytest.raises(UnsafeStore, match="cannot be trusted"):
        probe(store)
    assert store.read("before") == b"kept"


def test_a_bucket_that_was_copied_to_another_server_is_tried_there(
    ceph_server: Ceph, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(f"s3://{bucket}").create("a", b"")
    with lossy(ceph_server.port) as other_name:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{other_name.port}")
        store = open_store(f"s3://{bucket}")
        assert isinstance(store, TriedStore)
        assert store.trial() is None
        store.create("b", b"")
        assert store.trial() is not None


def test_reading_needs_no_trial_and_no_right_to_write(bucket: str) -> None:
    S3Store(f"s3://{bucket}").create("a", b"1")
    store = open_store(f"s3://{bucket}")
    assert store.read("a") == b"1"
    assert keys_of(bucket) == ["a"]


def test_a_server_that_is_away_is_not_an_unsafe_one(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    told(monkeypatch, {**keys, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(StoreError, match="nothing listens there"):
        probe(S3Store("s3://bucket/p", Patience(total_seconds=0.1)))


def test_a_server_that_forgets_who_wrote_is_refused(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(S3Store, "recognises", lambda store, key: False)
    with pytest.raises(UnsafeStore, match="forgets the metadata"):
        probe(S3Store(f"s3://{bucket}"))


class Lies(FolderStore):
    """A folder whose promise is broken in one way."""

    def create(self, key: str, content: bytes) -> None:
        try:
            super().create(key, content)
        except AlreadyExists:
            self.told_again(key, content)

    def told_again(self, key: str, content: bytes) -> None:
        raise AlreadyExists(key)


class ReplacesAndRefuses(Lies):
    """Says no, and does it."""

    def told_again(self, key: str, content: bytes) -> None:
        (Path(self.address) / key).write_bytes(content)
        raise AlreadyExists(key)


class SaysYesToTheSecond(Lies):
    """Says yes to whoever comes while the first is there, as a server that ignores conditions."""

    def told_again(self, key: str, content: bytes) -> None:
        (Path(self.address) / key).write_bytes(content)


class LooksThenWrites(FolderStore):
    """Checks the condition, then writes: right when alone, wrong when raced."""

    def create(self, key: str, content: bytes) -> None:
        target = Path(self.address) / key
        if target.exists():
            raise AlreadyExists(key)
        ALL_LOOKED.wait(timeout=0.2) if key.startswith("race") else None
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


class NobodyWins(FolderStore):
    """Refuses everyone who is not alone."""

    def create(self, key: str, content: bytes) -> None:
        if key.startswith("race"):
            raise AlreadyExists(key)
        super().create(key, content)


class ListsLate(FolderStore):
    """Eventually consistent."""

    def keys(self, prefix: str) -> Iterator[str]:
        return iter(())


class ReadsOther(FolderStore):
    """Gives other bytes than it got."""

    def read(self, key: str) -> bytes:
        return super().read(key)[:-1]


ALL_LOOKED = threading.Event()
LIARS = {
    ReplacesAndRefuses: "a refused second writer replaced the first",
    SaysYesToTheSecond: "a key was created twice",
    LooksThenWrites: "of 8 writers of one key [2-8] were told that they won",
    NobodyWins: "of 8 writers of one key 0 were told that they won",
    ListsLate: "after one write 0 keys were listed",
    ReadsOther: "other bytes were read than were written",
}


@pytest.mark.parametrize("liar", LIARS, ids=lambda liar: liar.__name__)
def test_each_broken_promise_is_seen(liar: type[FolderStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrain.store.probe.FolderStore", liar)
    with pytest.raises(UnsafeStore, match=LIARS[liar]) as refused:
        probe(liar(tmp_path / "store"))
    assert str(tmp_path / "store") in str(refused.value)
    assert ".probe" not in str(refused.value)
