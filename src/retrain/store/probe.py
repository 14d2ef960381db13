"""Does a store keep the promise of create-only? Tried with writers that race, on keys of their own."""

import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol, cast

from retrain.errors import AlreadyExists, NotInStore, UnsafeStore
from retrain.store.folder import FolderStore
from retrain.store.protocol import Store
from retrain.values import Value

WRITERS = 8
ROUNDS = 3
FIRST, SECOND = b"the first writer", b"the second writer"


class Probed(Value):
    """What was found in a store that keeps its promise; of one that does not, there is only the exception."""

    store: str
    versioning: str
    """Of its bucket when it was tried: `off`, `on`, `suspended`, `unknown`; `none` of a folder."""
    create_only: bool
    recognises: bool
    """It says who wrote a key, so that a put whose answer was lost is known as ours; a folder loses no answers."""
    writers: int
    winners: tuple[int, ...]
    """How many writers won, each round."""
    seconds: float


class Remote(Store, Protocol):
    """A store on a server, which can be tried beside its own keys."""

    @property
    def server(self) -> str:
        """Address of the server, without credentials."""

    def apart(self) -> AbstractContextManager["Remote"]:
        """An empty store in a hidden place of this one; what is created in it goes at the end."""

    def versioning(self) -> str:
        """Whether the server keeps old versions."""

    def recognises(self, key: str) -> bool:
        """Whether the server says who wrote a key."""


def probe(store: Store, *, timer: Callable[[], float] = time.monotonic) -> Probed:
    """Try the store anew. Raises UnsafeStore when it does not keep the promise, StoreError when it cannot be tried."""
    began = timer()
    with _apart(store) as scratch:
        _reads_and_lists_what_was_written(scratch)
        _keeps_the_first(scratch)
        recognises = isinstance(scratch, FolderStore) or _says_who_wrote(cast("Remote", scratch))
        winners = tuple(_race(scratch, f"race-{number}") for number in range(ROUNDS))
    return Probed(
        store=store.address,
        versioning="none" if isinstance(store, FolderStore) else cast("Remote", store).versioning(),
        create_only=True,
        recognises=recognises,
        writers=WRITERS,
        winners=winners,
        seconds=round(timer() - began, 3),
    )


@contextmanager
def _apart(store: Store) -> Iterator[Store]:
    if not isinstance(store, FolderStore):
        with cast("Remote", store).apart() as scratch:
            yield scratch
        return
    hidden = Path(store.address) / ".probe"
    place = hidden / uuid.uuid4().hex
    try:
        yield FolderStore(place)
    finally:
        shutil.rmtree(place, ignore_errors=True)
        if hidden.is_dir() and not any(hidden.iterdir()):
            shutil.rmtree(hidden, ignore_errors=True)


def _reads_and_lists_what_was_written(store: Store) -> None:
    store.create("first", FIRST)
    try:
        found = store.read("first")
    except NotInStore:
        raise _unsafe(store, "what was written could not be read right after", "it can be read at once") from None
    if found != FIRST:
        raise _unsafe(store, "other bytes were read than were written", "the same bytes")
    listed = list(store.keys(""))
    if listed != ["first"]:
        raise _unsafe(store, f"after one write {len(listed)} keys were listed", "one key, at once")


def _keeps_the_first(store: Store) -> None:
    try:
        store.create("first", SECOND)
    except AlreadyExists:
        if store.read("first") != FIRST:
            raise _unsafe(store, "a refused second writer replaced the first", "nothing is replaced") from None
        return
    raise _unsafe(store, "a key was created twice, and the second writer replaced the first", "a refusal of the second")


def _says_who_wrote(store: Remote) -> bool:
    if not store.recognises("first"):
        raise _unsafe(store, "it forgets the metadata (x-amz-meta-...) of an object", "they are given back")
    return True


def _race(store: Store, key: str) -> int:
    """How many of the writers that begin together win: one. Raises UnsafeStore otherwise."""
    start = threading.Barrier(WRITERS)

    def write(number: int) -> int | None:
        start.wait()
        try:
            store.create(key, f"writer {number}".encode())
        except AlreadyExists:
            return None
        return number

    with ThreadPoolExecutor(WRITERS) as pool:
        winners = [number for number in pool.map(write, range(WRITERS)) if number is not None]
    if len(winners) != 1:
        raise _unsafe(store, f"of {WRITERS} writers of one key {len(winners)} were told that they won", "one")
    if store.read(key) != f"writer {winners[0]}".encode():
        raise _unsafe(store, "the bytes of a writer that had lost a race were kept", "those of the winner")
    return len(winners)


def _unsafe(store: Store, found: str, expected: str) -> UnsafeStore:
    where = store.address.rpartition("/.probe/")[0]
    return UnsafeStore(
        f"the store {where} cannot be trusted: {found}; expected: {expected}. It would lose decisions, so nothing of "
        f"yours is written to it. Use a server that honours `If-None-Match: *` (Ceph does not in a versioned bucket: "
        f"take one without versioning), or a folder on a local disk; then run `retrain doctor`"
    )
