"""Who decided what, in which order? One numbered, create-only entry a decision; the newest carries the state."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Self

from pydantic import Field, PrivateAttr, ValidationError

from retrain.errors import AlreadyExists, BrokenLedger, NotInStore, Unvouched
from retrain.store.events import Event
from retrain.store.fold import fold
from retrain.store.protocol import Store
from retrain.store.seal import UNSEALED, Seal
from retrain.store.state import LastCheck, State, Totals
from retrain.values import Value, canonical_json, digest_of, short

DIGITS = 8
FORMAT = 4
"""2: the state carries totals, the last run, the budget's stamps and answered requests. 3: what `LATER` names. 4: the
`reviewers` of a verdict are those who gave it. Entries of earlier formats stay readable."""
LATER: dict[int, tuple[str, ...]] = {
    1: ("begun", "requests", "last_run", "alarmed_at", "promoted_at", "rolled_back_at"),
    2: ("best", "unpromoted", "unpromoted_version"),
}
"""Format to the fields of the state that entries of that format do not carry."""


class Draft(Value):
    """A decision that is about to be appended."""

    event: Event
    reasons: tuple[str, ...]
    actor: str
    evidence: dict[str, str] = Field(default_factory=dict)
    """What the decision was made from: name to digest of a stored bundle (complete before the entry is written)."""


UNSIGNED = (
    "where no entry was signed so far, unset RETRAIN_TRUSTED_KEYS, set RETRAIN_SIGNING_KEY, and let one decision be "
    "written (a check, say) before you set it again"
)


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
    """Raised when the meaning of a field changes, or when the state says more than it did."""
    key: str | None = None
    """Id of the key that it is signed with; none of an entry that nobody signed."""
    signature: str | None = None
    """Over the canonical bytes without itself."""

    _stored: bytes | None = PrivateAttr(default=None)

    @property
    def digest(self) -> str:
        """Of the bytes as they were stored; the next entry names it."""
        return digest_of(self._stored or self.canonical())

    def canonical(self) -> bytes:
        """See Value.canonical; what nobody signed says nothing of signatures, as entries did before there were any."""
        return _plain(self.model_dump(mode="json"))

    @property
    def signed(self) -> bytes:
        """The bytes that a signature is over: as stored, without the signature."""
        content = json.loads(self._stored) if self._stored else self.model_dump(mode="json")
        return _plain({**content, "signature": None})

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """An entry as stored. Its digest stays that of these bytes, also when this program knows more fields."""
        entry = cls.model_validate_json(content)
        entry._stored = content
        return entry


Decide = Callable[[LedgerEntry | None], Draft | None]


class Ledger:
    """The decisions of one model: `models/<model>/ledger/00000001.json` and so on."""

    def __init__(self, store: Store, model: str, clock: Callable[[], datetime], seal: Seal = UNSEALED) -> None:
        self._store = store
        self._seal = seal
        self._model = model
        self._clock = clock
        self._known: LedgerEntry | None = None

    def newest(self) -> LedgerEntry | None:
        """The entry that says what is true now, checked against the one before it; none for a new model.

        Listed once. After that the entry last known is read again, since the store may have been put back to an older
        copy, and then the next numbers: two reads, however long the ledger.
        """
        known = self._confirmed() or self._listed()
        while known is not None and (following := self._entry_after(known)) is not None:
            known = following
        if known is not None and known is not self._known:
            self._vouched(known)
        self._known = known
        return known

    def _vouched(self, entry: LedgerEntry) -> None:
        """Raise Unvouched where keys are trusted and none of them signed: what nobody vouches for decides nothing."""
        fault = self.unvouched(entry)
        if fault is not None:
            mend = "add that key to RETRAIN_TRUSTED_KEYS if it is yours" if entry.key else UNSIGNED
            raise Unvouched(
                f"entry {entry.number} of {self._model!r} in {self._store.address} is the newest, and {fault}; "
                f"nothing is served or decided by it. `retrain audit {self._model}` tells since when; restore the "
                f"ledger from a backup, or {mend}"
            )

    def unvouched(self, entry: LedgerEntry) -> str | None:
        """Why no trusted key vouches for an entry; none where one does, or where no keys are named at all."""
        trusted = self._seal.trusted
        return trusted.fault(entry.signed, entry.key, entry.signature) if trusted else None

    def gaps(self) -> tuple[int, ...]:
        """Numbers below the newest that no entry stands under; a ledger that only grows has none."""
        names = (key.removeprefix(self._prefix).removesuffix(".json") for key in self._store.keys(self._prefix))
        numbers = {int(name) for name in names if name.isdigit()}
        return tuple(sorted(set(range(1, max(numbers, default=0) + 1)) - numbers))

    def _listed(self) -> LedgerEntry | None:
        key = max(self._store.keys(self._prefix), default=None)
        if key is None:
            return None
        entry = self._parse(key, self._store.read(key))
        follows(self._entry_before(entry), entry)
        return entry

    def _confirmed(self) -> LedgerEntry | None:
        """The entry last known, if the store still holds it as it was."""
        if self._known is None:
            return None
        try:
            content = self._store.read(self._key(self._known.number))
        except NotInStore:
            return None
        return self._known if digest_of(content) == self._known.digest else None

    def _entry_after(self, entry: LedgerEntry) -> LedgerEntry | None:
        key = self._key(entry.number + 1)
        try:
            following = self._parse(key, self._store.read(key))
        except NotInStore:
            return None
        follows(entry, following)
        return following

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
        signer = self._seal.signer
        entry = LedgerEntry(
            number=newest.number + 1 if newest else 1,
            model=self._model,
            at=at,
            actor=draft.actor,
            event=draft.event,
            reasons=draft.reasons,
            evidence=draft.evidence,
            previous=newest.digest if newest else None,
            state=fold(newest.state if newest else State(), draft.event, at),
            format=FORMAT,
            key=signer.key if signer else None,
        )
        return entry.model_copy(update={"signature": signer.sign(entry.signed)}) if signer else entry

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
    state = fold(before.state if before else State(), entry.event, entry.at)
    if state != entry.state and _as_of(entry.format, state) != _as_of(entry.format, entry.state):
        raise BrokenLedger(
            f"{where}: its state is not what its event makes of the state before it; it was changed by hand or written "
            f"by another version of this program. Restore it from a backup"
        )


def _plain(content: dict[str, Any]) -> bytes:
    unsaid = [name for name in ("key", "signature") if content.get(name) is None]
    return canonical_json({name: value for name, value in content.items() if name not in unsaid})


def _as_of(number: int, state: State) -> State:
    """Without what the state did not carry in that format; an entry of it is held to the rest."""
    later = [name for known, names in LATER.items() if known >= number for name in names]
    state = state.model_copy(update={name: State.model_fields[name].get_default() for name in later})
    if number > 1:
        return state
    checks = {"last_check": _check_of_format_1(state.last_check), "starved": _check_of_format_1(state.starved)}
    claim = state.claim and state.claim.model_copy(update={"attempt": 1, "request": None})
    return state.model_copy(update={**checks, "claim": claim, "totals": Totals()})


def _check_of_format_1(check: LastCheck | None) -> LastCheck | None:
    return check and LastCheck(**check.model_dump(include={"at", "start", "end", "rows", "state", "report"}))
