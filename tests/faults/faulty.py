"""What does a test do to a caller of the store at its n-th call? Kill it; tear, delay, double, reorder its answers."""

import os
import signal
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from retrain.errors import AlreadyExists, RetrainError, StoreError
from retrain.store.folder import SCRATCH
from retrain.store.protocol import Store
from retrain.values import digest_of

Kind = Literal["before", "after", "torn", "lost", "twice", "late", "stale", "half"]
"""`before`, `after`: the caller dies before its call reaches the store, or before the answer comes. `torn`: it dies in
the middle of the bytes. `lost`: the call is done, and the answer is an error. `twice`: the call reaches the store
twice. `late`: the call arrives after all that others did meanwhile; `stale`: the answer does, so that of two answers
the older one comes last. `half`: the answer is cut, and nobody says so."""
DEADLY: tuple[Kind, ...] = ("before", "after", "torn")
LIVING: tuple[Kind, ...] = ("lost", "twice", "half")
OTHERS: tuple[Kind, ...] = ("late", "stale")


class Died(BaseException):
    """The caller's process is gone. Nothing of ours catches it, and whatever it still tries reaches no store."""


@dataclass(slots=True)
class Faulty:
    """A store that behaves as the one within, but for one fault at one call; the calls are counted from 1."""

    within: Store
    at: int = 0
    kind: Kind = "before"
    meanwhile: Callable[[], object] = lambda: None
    """What others do while a call is under way."""
    kills: bool = False
    """Whether death is the kernel's SIGKILL: for a caller in a process of its own."""
    calls: list[str] = field(default_factory=list)
    dead: bool = False

    @property
    def address(self) -> str:
        return self.within.address

    def create(self, key: str, content: bytes) -> None:
        self._do(f"create {key}", lambda: self.within.create(key, content), torn=lambda: self._half_written(content))

    def create_from(self, key: str, source: Path) -> None:
        def torn() -> None:
            self._half_written(source.read_bytes())

        self._do(f"create {key}", lambda: self.within.create_from(key, source), torn=torn)

    def read(self, key: str) -> bytes:
        found: bytes = self._do(f"read {key}", lambda: self.within.read(key))
        return found

    def fetch(self, key: str, target: Path) -> str:
        def torn() -> None:
            target.write_bytes(_half(self.within.read(key)))

        found: str = self._do(f"fetch {key}", lambda: self.within.fetch(key, target), torn=torn)
        return found

    def digest(self, key: str) -> str:
        found: str = self._do(f"digest {key}", lambda: self.within.digest(key))
        return found

    def delete(self, key: str) -> None:
        self._do(f"delete {key}", lambda: self.within.delete(key))

    def keys(self, prefix: str) -> Iterator[str]:
        yield from self._do(f"keys {prefix}", lambda: list(self.within.keys(prefix)))

    def names(self, prefix: str) -> Iterator[str]:
        yield from self._do(f"names {prefix}", lambda: list(self.within.names(prefix)))

    def _do(self, what: str, call: Callable[[], Any], torn: Callable[[], None] = lambda: None) -> Any:
        if self.dead:
            raise Died(what)
        self.calls.append(what)
        if len(self.calls) != self.at:
            return call()
        if self.kind in ("before", "torn"):
            if self.kind == "torn":
                torn()
            self._die(what)
        if self.kind == "late":
            self.meanwhile()
        if self.kind == "half" and what.startswith("fetch "):
            torn()
            return digest_of(_half(self.within.read(what.removeprefix("fetch "))))
        return self._answered(what, call)

    def _answered(self, what: str, call: Callable[[], Any]) -> Any:
        if self.kind == "after":
            # Also where the answer is a no.
            with suppress(RetrainError):
                call()
            self._die(what)
        answer = call()
        if self.kind == "half":
            return _half(answer)
        if self.kind == "lost":
            raise StoreError(f"could not {what}: the answer was lost; run the same command again")
        if self.kind == "twice":
            self._again(call)
        if self.kind == "stale":
            self.meanwhile()
        return answer

    def _die(self, what: str) -> None:
        if self.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        self.dead = True
        raise Died(what)

    def _again(self, call: Callable[[], Any]) -> None:
        try:
            call()
        except AlreadyExists:
            # A request that the network doubled: the second finds the key taken, and its answer is heard by nobody.
            return

    def _half_written(self, content: bytes) -> None:
        """What a writer into a folder leaves; of a broken-off put a server keeps nothing."""
        root = Path(self.address)
        if root.is_dir():
            (root / SCRATCH).mkdir(exist_ok=True)
            name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex}"
            (root / SCRATCH / name).write_bytes(_half(content))


def _half(answer: Any) -> Any:
    return answer[: len(answer) // 2] if isinstance(answer, bytes | list) else answer
