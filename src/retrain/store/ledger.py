"""Who decided what, in which order? One numbered, create-only entry a decision; the newest carries the state."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Self

from pydantic import Field, PrivateAttr, ValidationError

from retrain.errors import AlreadyExists, BrokenLedger, NotInStore
from retrain.store.events import Event, fold
from retrain.store.protocol import Store
from retrain.store.state import State
from retrain.values import Value, canonical_json, digest_of, short

DIGITS = 8


class Draft(Value):
    """A decision that is about to be appended."""

    event: Event
    reasons: tuple[str, ...]
    actor: str
    evidence: dict[str, str] = Field(default_factory=dict)
    """What the decision was made from: name to digest of a stored bundle (complete before the entry is written)."""


class LedgerEntry(Value):
    """A decision, what it was made from, the entry before it, and the state it leads to."""

    number: int
    model: str
    at: datetime
    actor: str
    event: Event
    reasons: tuple[str, ...]
    evidence: dict[str, str]
    previous: str | None
    """Digest of the entry before; none for the first."""
    state: State
    format: int = 1
    """Raised when the meaning of a field changes; new fields with a default do not need it."""

    _stored: bytes | None = PrivateAttr(default=None)

    @property
    def digest(self) -> str:
        """Of the bytes as they were stored; the next entry names it."""
        return digest_of(self._stored or self.canonical())

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """An entry as stored. Its digest stays that of these bytes, also when this program knows more fields."""
        entry = cls.model_validate_json(content)
        entry._stored = content
        return entry


Decide = Callable[[LedgerEntry | None], Draft | None]


class Ledger:
    """The decisions of one model: `models/<model>/ledger/00000001.json` and so on."""

    def __init__(self, store: Store, model: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._model = model
        self._clock = clock

    def newest(self) -> LedgerEntry | None:
        """The entry that says what is true now, checked against the one before it; none for a new model."""
        key = max(self._store.keys(self._prefix), default=None)
        if key is None:
            return None
        entry = self._parse(key, self._store.read(key))
        before = self._entry_before(entry)
        follows(before, entry)
        return entry

    def state(self) -> State:
        """What is true now."""
        newest = self.newest()
        return newest.state if newest else State()

    def entries(self) -> Iterator[LedgerEntry]:
        """Every entry, oldest first, as stored: `follows` says whether two of them hold together."""
        for key in self._store.keys(self._prefix):
            yield self._parse(key, self._store.read(key))

    def backwards(self) -> Iterator[LedgerEntry]:
        """Every entry, newest first: what was last said of something is found without reading a year of entries."""
        for key in sorted(self._store.keys(self._prefix), reverse=True):
            yield self._parse(key, self._store.read(key))

    def append(self, decide: Decide) -> LedgerEntry | None:
        """Append what `decide` makes of the newest entry; none when it decides that there is nothing to say.

        Whoever loses the race for a number reads the new entry and decides again, so every decision is made knowing all
        decisions before it. What `decide` raises passes through.
        """
        while True:
            newest = self.newest()
            draft = decide(newest)
            if draft is None:
                return None
            entry = self._entry(draft, newest)
            try:
                self._store.create(self._key(entry.number), entry.canonical())
            except AlreadyExists:
                continue
            return entry

    def _entry(self, draft: Draft, newest: LedgerEntry | None) -> LedgerEntry:
        at = self._clock()
        if newest and at < newest.at:
            # A clock that jumped back must not make a later decision look earlier: cooldowns are counted from these.
            at = newest.at
        return LedgerEntry(
            number=newest.number + 1 if newest else 1,
            model=self._model,
            at=at,
            actor=draft.actor,
            event=draft.event,
            reasons=draft.reasons,
            evidence=draft.evidence,
            previous=newest.digest if newest else None,
            state=fold(newest.state if newest else State(), draft.event, at),
        )

    @property
    def _prefix(self) -> str:
        return f"models/{self._model}/ledger/"

    def _key(self, number: int) -> str:
        return f"{self._prefix}{number:0{DIGITS}}.json"

    def _parse(self, key: str, content: bytes) -> LedgerEntry:
        try:
            entry = LedgerEntry.parse(content)
        except ValidationError as error:
            first = error.errors()[0]
            raise BrokenLedger(
                f"ledger entry {key!r} in {self._store.address} is not one of ours ({first['msg']} at {first['loc']}); "
                f"nothing was decided. Restore the file from a backup"
            ) from error
        if self._key(entry.number) != key or canonical_json(json.loads(content)) != content:
            raise BrokenLedger(
                f"ledger entry {key!r} in {self._store.address} says it is number {entry.number} of "
                f"{entry.model!r}, or is "
                f"not in canonical form: it was changed after it was written. Restore the file from a backup"
            )
        return entry

    def _entry_before(self, entry: LedgerEntry) -> LedgerEntry | None:
        if entry.number == 1:
            return None
        key = self._key(entry.number - 1)
        try:
            return self._parse(key, self._store.read(key))
        except NotInStore:
            raise BrokenLedger(
                f"ledger entry {key!r} is missing in {self._store.address}, {entry.number} is there; "
                f"nothing was decided. "
                f"Restore the missing file from a backup"
            ) from None


def follows(before: LedgerEntry | None, entry: LedgerEntry) -> None:
    """Raise BrokenLedger unless `entry` is what must come after `before`: number, chain and state."""
    where = f"ledger of {entry.model!r}, entry {entry.number}"
    if entry.number != (before.number + 1 if before else 1):
        raise BrokenLedger(f"{where}: the entry before it is missing. Restore it from a backup")
    if entry.previous != (before.digest if before else None):
        expected = short(before.digest) if before else "none"
        raise BrokenLedger(
            f"{where}: it names {short(entry.previous or 'none')} as the entry before it, found is "
            f"{expected}: one of the "
            f"two was changed after it was written. Restore both from a backup"
        )
    if fold(before.state if before else State(), entry.event, entry.at) != entry.state:
        raise BrokenLedger(
            f"{where}: its state is not what its event makes of the state before it; it was changed by hand or written "
            f"by another version of this program. Restore it from a backup"
        )
