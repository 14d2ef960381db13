"""Does everything that was ever decided still hold? Recompute it from what was stored."""

from collections import Counter
from collections.abc import Iterator

from pydantic import Field, ValidationError

from retrain.errors import NotInStore, SafetyError
from retrain.pipeline.case import Case
from retrain.pipeline.explain import shelf_of
from retrain.pipeline.recompute import recomputed
from retrain.pipeline.site import Site
from retrain.pipeline.vouching import Vouching
from retrain.store.collected import gone
from retrain.store.ledger import LedgerEntry, follows
from retrain.store.state import State
from retrain.values import Value


class Finding(Value):
    """Something that does not hold."""

    entry: int
    what: str


class Audited(Value):
    """What was done about one entry. Its bytes, its place in the chain and its state are verified always."""

    entry: int
    kind: str
    recomputed: tuple[str, ...]
    """`gate`, `budget`, `check`, `trigger`, `dataset`, `champion`, `probation`, `review`: what was computed again from
    stored evidence and earlier entries."""
    verified: tuple[str, ...]
    """Evidence whose every byte was read and verified."""
    signed_by: str | None
    """Id of the key that the entry names."""


class AuditResult(Value):
    """What `retrain audit` answers."""

    model: str
    entries: int
    bundles: int
    """Stored bundles whose every file was read and verified."""
    verdicts: int
    """Gate decisions that were computed again from stored evidence."""
    findings: tuple[Finding, ...]
    recomputed: dict[str, int] = Field(default_factory=dict)
    """What was computed again, to how often."""
    trail: tuple[Audited, ...] = ()
    """Entry by entry."""

    @property
    def sound(self) -> bool:
        """Nothing was found."""
        return not self.findings


class Auditor:
    """Goes through a ledger once, from its first entry on."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._vouching = Vouching(site.ledger)
        self._verified: set[str] = set()
        self._collected: dict[str, int] = {}
        self._earlier: list[LedgerEntry] = []
        self.findings: list[Finding] = []
        self.trail: list[Audited] = []

    def all(self) -> None:
        """Take in every entry that can be read; where one cannot, all that come after it are not looked at."""
        entries: list[LedgerEntry] = []
        trouble: SafetyError | None = None
        try:
            entries.extend(self._site.ledger.entries())
        except SafetyError as error:
            trouble = error
        # What was collected on purpose is no damage; named again after that, it was stored anew.
        self._collected = gone(entries)
        for before, entry in zip([None, *entries], entries, strict=False):
            self._take(before, entry)
            self._earlier.append(entry)
        if trouble is not None:
            self._find(entries[-1].number + 1 if entries else 1, str(trouble))
        if not self.trail and not self.findings and next(iter(self._site.versions.digests()), None):
            self._find(0, "versions are stored, but the ledger is empty: restore its folder")

    @property
    def bundles(self) -> int:
        """How many were verified."""
        return len(self._verified)

    def _find(self, entry: int, what: str) -> None:
        self.findings.append(Finding(entry=entry, what=what))

    def _take(self, before: LedgerEntry | None, entry: LedgerEntry) -> None:
        try:
            follows(before, entry)
        except SafetyError as error:
            # Said, and gone on from here: one broken link must not hide what else is wrong.
            self._find(entry.number, str(error))
        if before is not None and entry.at < before.at:
            self._find(entry.number, f"it is stamped {entry.at.isoformat()}, before the entry that it follows")
        for fault in self._vouching.faults(entry):
            self._find(entry.number, fault)
        collected = any(self._collected.get(digest, 0) > entry.number for digest in entry.evidence.values())
        damaged = dict(self._damage(entry))
        for fault in damaged.values():
            self._find(entry.number, fault)
        self._recompute(before.state if before else State(), entry, intact=not damaged and not collected)

    def _damage(self, entry: LedgerEntry) -> Iterator[tuple[str, str]]:
        for name, digest in entry.evidence.items():
            shelf = shelf_of(self._site, entry, name)
            known = shelf.address(digest, name)
            if known in self._verified or self._collected.get(digest, 0) > entry.number:
                continue
            self._verified.add(known)
            try:
                shelf.verify_all(digest)
            except (SafetyError, NotInStore) as error:
                yield name, f"its evidence {name!r}: {error}"

    def _recompute(self, before: State, entry: LedgerEntry, *, intact: bool) -> None:
        done = []
        for name, again in recomputed(entry).items() if intact else ():
            try:
                faults = list(again(Case(self._site, before, entry, self._earlier)))
            except (SafetyError, NotInStore, ValidationError, KeyError) as error:
                faults = [f"its {name} cannot be computed again ({error}); it is only verified"]
            done.append(name)
            for fault in faults:
                self._find(entry.number, fault)
        verified = tuple(sorted(entry.evidence))
        self.trail.append(
            Audited(
                entry=entry.number,
                kind=entry.event.kind,
                recomputed=tuple(done),
                verified=verified if intact else (),
                signed_by=entry.key,
            )
        )


def audit(site: Site) -> AuditResult:
    """Check the chain, fold the state again, verify every file that an entry names, and recompute every verdict."""
    auditor = Auditor(site)
    auditor.all()
    counts = Counter(name for one in auditor.trail for name in one.recomputed)
    return AuditResult(
        model=site.model,
        entries=len(auditor.trail),
        bundles=auditor.bundles,
        verdicts=counts["gate"],
        findings=tuple(sorted(auditor.findings, key=lambda finding: finding.entry)),
        recomputed=dict(counts),
        trail=tuple(auditor.trail),
    )
