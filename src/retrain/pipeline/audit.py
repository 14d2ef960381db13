"""Does everything that was ever decided still hold? Recompute it from what was stored."""

import itertools
import json
from collections.abc import Iterator

from retrain.errors import NotInStore, SafetyError
from retrain.evaluation.comparison import EvaluationReport
from retrain.pipeline.explain import shelf_of
from retrain.pipeline.site import Site
from retrain.promotion.decision import PromotionDecision
from retrain.promotion.gate import decide
from retrain.promotion.policy import PromotionPolicy
from retrain.store.ledger import LedgerEntry, follows
from retrain.values import Value, short


class Finding(Value):
    """Something that does not hold."""

    entry: int
    what: str


class AuditResult(Value):
    """What `retrain audit` answers."""

    model: str
    entries: int
    bundles: int
    """Stored bundles whose every file was read and verified."""
    verdicts: int
    """Gate decisions that were computed again from stored evidence."""
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Nothing was found."""
        return not self.findings


def audit(site: Site) -> AuditResult:
    """Check the chain, fold the state again, verify every file that an entry names, and recompute every verdict."""
    findings: list[Finding] = []
    named: dict[str, LedgerEntry] = {}
    before: LedgerEntry | None = None
    count = 0
    try:
        for entry in site.ledger.entries():
            follows(before, entry)
            named.update({f"{name} {digest}": entry for name, digest in entry.evidence.items()})
            before, count = entry, count + 1
    except SafetyError as error:
        findings.append(Finding(entry=count + 1, what=str(error)))
    if count == 0 and not findings and next(iter(site.versions.digests()), None):
        findings.append(Finding(entry=0, what="versions are stored, but the ledger is empty: restore its folder"))
    findings += itertools.chain.from_iterable(_damage(site, key, entry) for key, entry in named.items())
    evaluations = [(key.split(" ")[1], entry) for key, entry in named.items() if key.startswith("evaluation ")]
    findings += itertools.chain.from_iterable(_other_verdict(site, digest, entry) for digest, entry in evaluations)
    ordered = tuple(sorted(findings, key=lambda finding: finding.entry))
    return AuditResult(model=site.model, entries=count, bundles=len(named), verdicts=len(evaluations), findings=ordered)


def _damage(site: Site, key: str, entry: LedgerEntry) -> Iterator[Finding]:
    name, digest = key.split(" ")
    shelf = shelf_of(site, entry, name)
    try:
        shelf.verify_all(digest)
    except (SafetyError, NotInStore) as error:
        yield Finding(entry=entry.number, what=f"its evidence {name!r}: {error}")


def _other_verdict(site: Site, digest: str, entry: LedgerEntry) -> Iterator[Finding]:
    try:
        report = EvaluationReport.model_validate_json(site.evaluations.read(digest, "evaluation.json"))
        policy = PromotionPolicy.model_validate(json.loads(site.evaluations.read(digest, "policy.json")))
        stored = site.evaluations.read(digest, "decision.json")
    except (SafetyError, NotInStore):
        return  # Already found as damage.
    again = decide(report, policy)
    if again.canonical() != stored:
        first = PromotionDecision.model_validate_json(stored).verdict
        what = f"evaluation {short(digest)} was decided {first!r}; the same evidence gives {again.verdict!r} now"
        yield Finding(entry=entry.number, what=what)
