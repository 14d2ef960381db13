"""What every artifact store promises."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrain.errors import AlreadyExists, NotInStore, UnsafeName
from retrain.store.protocol import Store
from retrain.values import digest_of

WRITERS = 20


def test_what_was_created_is_read_back(store: Store) -> None:
    store.create("a/b.json", b"content")
    assert store.read("a/b.json") == b"content"


def test_a_digest_is_that_of_the_bytes_that_are_stored_and_fetched(store: Store, tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    store.create("a/big", content)
    assert store.digest("a/big") == digest_of(content) == store.fetch("a/big", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == content
    with pytest.raises(NotInStore):
        store.digest("a/none")


def test_a_key_is_created_once(store: Store) -> None:
    store.create("a/b", b"first")
    with pytest.raises(AlreadyExists):
        store.create("a/b", b"second")
    assert store.read("a/b") == b"first"


def test_even_the_same_content_is_created_once(store: Store) -> None:
    store.create("a", b"same")
    with pytest.raises(AlreadyExists):
        store.create("a", b"same")


def test_an_empty_object_is_an_object(store: Store) -> None:
    store.create("empty", b"")
    assert store.read("empty") == b""
    with pytest.raises(AlreadyExists):
        store.create("empty", b"x")


def test_files_are_streamed_in_and_out(store: Store, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(bytes(range(256)) * 20_000)
    store.create_from("big", source)
    store.fetch("big", target)
    assert target.read_bytes() == source.read_bytes()
    with pytest.raises(AlreadyExists):
        store.create_from("big", source)


def test_what_is_not_there_is_said_so(store: Store, tmp_path: Path) -> None:
    store.create("there/too", b"")
    for missing in ("nowhere", "there", "there/too/below"):
        with pytest.raises(NotInStore):
            store.read(missing)
        with pytest.raises(NotInStore):
            store.fetch(missing, tmp_path / "target")


def test_keys_come_in_order_and_only_under_the_prefix(store: Store) -> None:
    for key in ("b/2", "b/10", "a/1", "bc/1", "b/1/deep"):
        store.create(key, b"")
    assert list(store.keys("b/")) == ["b/1/deep", "b/10", "b/2"]
    assert list(store.keys("b")) == ["b/1/deep", "b/10", "b/2", "bc/1"]
    assert list(store.keys("nothing/")) == []


def test_what_is_deleted_is_gone_alone_and_may_be_created_again(store: Store) -> None:
    for key in ("a/b/one", "a/b/two", "a/b/one-more", "a/c"):
        store.create(key, key.encode())
    store.delete("a/b/one")
    with pytest.raises(NotInStore):
        store.read("a/b/one")
    assert list(store.keys("a/")) == ["a/b/one-more", "a/b/two", "a/c"]
    store.create("a/b/one", b"again")
    assert store.read("a/b/one") == b"again"
    with pytest.raises(AlreadyExists):
        store.create("a/b/one", b"twice")


def test_deleting_what_is_not_there_does_nothing(store: Store) -> None:
    store.create("there/too", b"kept")
    for missing in ("nowhere", "there", "there/too/below", "no/such/place"):
        store.delete(missing)
    store.delete("there/too")
    store.delete("there/too")
    assert list(store.keys("")) == []
    assert list(store.names("there/")) == []


def test_a_place_that_is_emptied_while_others_write_there_loses_no_key(store: Store) -> None:
    """Whoever deletes the last key of a place must not take it away under somebody who creates the next one."""

    def write(number: int) -> None:
        store.create(f"place/deep/{number:03d}", b"x")
        if number % 2:
            store.delete(f"place/deep/{number:03d}")

    with ThreadPoolExecutor(8) as writers:
        list(writers.map(write, range(120)))
    assert list(store.keys("place/")) == [f"place/deep/{number:03d}" for number in range(0, 120, 2)]


def test_names_are_the_next_part_of_the_keys_each_once(store: Store) -> None:
    for key in ("models/b/ledger/1", "models/b/ledger/2", "models/a/ledger/1", "models/c", "modelsx/d", "e"):
        store.create(key, b"")
    assert list(store.names("models/")) == ["a", "b", "c"]
    assert list(store.names("models/b/")) == ["ledger"]
    assert list(store.names("")) == ["e", "models", "modelsx"]
    assert list(store.names("nothing/")) == []
    assert list(store.names("e/")) == []


@pytest.mark.slow
def test_names_go_on_past_what_a_server_lists_at_once(store: Store) -> None:
    names = [f"{number:04d}" for number in range(1_001)]
    with ThreadPoolExecutor(16) as writers:
        list(writers.map(lambda name: store.create(f"many/{name}/x", b""), names))
    assert list(store.names("many/")) == names


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../up", "a/../b", "a//b", "a/.hidden", "a/\0", "a\\b", "."])
def test_a_key_that_leaves_the_store_is_refused(store: Store, key: str, tmp_path: Path) -> None:
    for attempt in (
        lambda: store.create(key, b"x"),
        lambda: store.read(key),
        lambda: store.fetch(key, tmp_path / "target"),
        lambda: store.delete(key),
        lambda: list(store.keys(f"{key}/x")),
        lambda: list(store.names(f"{key}/")),
    ):
        with pytest.raises(UnsafeName):
            attempt()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.text("abcdef0123456789-_=.", min_size=1, max_size=30).filter(lambda n: n[0] != "."), content=st.binary())
def test_any_content_survives(store: Store, name: str, content: bytes) -> None:
    try:
        store.create(f"any/{name}", content)
    except AlreadyExists:
        return
    assert store.read(f"any/{name}") == content


def _race(store: Store, start: Barrier, writer: int, won: "multiprocessing.Queue[tuple[int, int]]") -> None:
    for number in range(10):
        start.wait()
        try:
            store.create(f"race/{number:08d}", f"writer {writer}".encode())
        except AlreadyExists:
            continue
        won.put((number, writer))


def test_of_twenty_processes_one_wins_each_number(store: Store) -> None:
    context = multiprocessing.get_context("fork")
    start, won = context.Barrier(WRITERS), context.Queue()
    writers = [context.Process(target=_race, args=(store, start, writer, won)) for writer in range(WRITERS)]
    for process in writers:
        process.start()
    winners = dict(won.get(timeout=60) for _ in range(10))
    for process in writers:
        process.join(timeout=60)
    assert all(process.exitcode == 0 for process in writers)
    assert won.empty()
    for number, writer in winners.items():
        assert store.read(f"race/{number:08d}") == f"writer {writer}".encode()
