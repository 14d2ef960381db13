"""What must an artifact store be able to do? Little: create once, read, list, and let go."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from retrain.errors import UnsafeName


class Store(Protocol):
    """Keys to bytes, each created once and never changed.

    The promise that everything rests on: of any number of writers that create the same key, in any number of processes,
    exactly one succeeds, and whoever can read a key reads all of what that one wrote, also after a crash.
    """

    @property
    def address(self) -> str:
        """Where this store is, as a person would write it."""

    def create(self, key: str, content: bytes) -> None:
        """Write content under a new key. Raises AlreadyExists when it is taken, StoreError when it cannot be kept."""

    def create_from(self, key: str, source: Path) -> None:
        """The same for a file, streamed."""

    def read(self, key: str) -> bytes:
        """All bytes of a key. Raises NotInStore."""

    def fetch(self, key: str, target: Path) -> str:
        """Copy a key to a local file, streamed; returns the SHA-256 of the bytes copied. Raises NotInStore."""

    def digest(self, key: str) -> str:
        """SHA-256 of the bytes that the store holds under a key now, streamed and kept nowhere. Raises NotInStore."""

    def delete(self, key: str) -> None:
        """Remove a key; one that is not there is no error, so that whoever was killed can begin anew.

        Afterwards the key can be created again. Only collected and unfinished bundles are ever deleted, entries of a
        ledger never.
        """

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key that starts with the prefix, in ascending order."""

    def names(self, prefix: str) -> Iterator[str]:
        """The next part of each key under a prefix that is empty or ends in "/", in ascending order, each once.

        Costs what these names cost, not what lies below them. Raises StoreError when the store itself is not there,
        so that a volume that is not mounted does not pass for an empty store.
        """


def checked_key(key: str) -> str:
    """The key itself, when it is a relative path of plain names. Keys are built from names that came from outside."""
    parts = key.split("/")
    if any(part in ("", ".", "..") or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        raise UnsafeName(f"store key {key!r} is not a path of plain names; nothing was read or written")
    return key
