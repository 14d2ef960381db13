"""Was a store on a server tried before anything is written to it?

A trial takes a second or so, too long for every command. So what was found is kept in the store itself, under a name
made of what it depends on: server, bucket, prefix, and whether the bucket keeps versions. A bucket that was copied to
another server, or whose versioning was switched on, is thus tried anew before the next process writes its first key;
what can change without showing (a server that is updated) is found by `retrain doctor`, which always tries.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from retrain.errors import AlreadyExists, NotInStore
from retrain.store.probe import Probed, Remote, probe
from retrain.values import Value, canonical_json, digest_of, short


class Trial(Value):
    """Kept as `probed/<circumstances>.json`: what was found, when and where."""

    at: datetime
    server: str
    found: Probed


class TriedStore:
    """A remote store; before this object creates its first key, it is known to keep the promise of create-only.

    Whoever only reads needs no right to write, and waits for no trial.
    """

    def __init__(self, store: Remote, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock
        self._trusted = False

    @property
    def address(self) -> str:
        """See Store.address."""
        return self._store.address

    @property
    def server(self) -> str:
        """See Remote.server."""
        return self._store.server

    def create(self, key: str, content: bytes) -> None:
        """See Store.create. Raises UnsafeStore instead of writing where create-only does not hold."""
        self._try()
        self._store.create(key, content)

    def create_from(self, key: str, source: Path) -> None:
        """See Store.create_from. Raises UnsafeStore as `create` does."""
        self._try()
        self._store.create_from(key, source)

    def read(self, key: str) -> bytes:
        """See Store.read."""
        return self._store.read(key)

    def fetch(self, key: str, target: Path) -> str:
        """See Store.fetch."""
        return self._store.fetch(key, target)

    def digest(self, key: str) -> str:
        """See Store.digest."""
        return self._store.digest(key)

    def delete(self, key: str) -> None:
        """See Store.delete."""
        self._store.delete(key)

    def keys(self, prefix: str) -> Iterator[str]:
        """See Store.keys."""
        return self._store.keys(prefix)

    def names(self, prefix: str) -> Iterator[str]:
        """See Store.names."""
        return self._store.names(prefix)

    def apart(self) -> AbstractContextManager[Remote]:
        """See Remote.apart."""
        return self._store.apart()

    def versioning(self) -> str:
        """See Remote.versioning."""
        return self._store.versioning()

    def recognises(self, key: str) -> bool:
        """See Remote.recognises."""
        return self._store.recognises(key)

    def trial(self) -> Trial | None:
        """The trial that holds for the store as it is now; none when there was none."""
        try:
            return Trial.model_validate_json(self._store.read(self._name()))
        except (NotInStore, ValidationError):
            return None

    def _try(self) -> None:
        # Two threads at once may both try, which does no harm.
        if self._trusted:
            return
        if self.trial() is None:
            found = Trial(at=self._clock(), server=self.server, found=probe(self._store))
            with suppress(AlreadyExists):
                self._store.create(self._name(), found.canonical())
        self._trusted = True

    def _name(self) -> str:
        circumstances = [self.server, self.address, self.versioning()]
        return f"probed/{short(digest_of(canonical_json(circumstances)))}.json"
