"""What do fresh labels say of the challenger that was left open? Looked at again as they arrive, as often as one likes.

Nothing is written while it stays open. A promotion or a dismissal is the next entry after the one it was decided from,
or it is decided again; so any number of processes may look at once, and a killed one leaves nothing to mend.
"""

from typing import Literal

from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.reviewed import ReviewSeen
from retrain.pipeline.looked_again import looked_again
from retrain.pipeline.probation import terms_for
from retrain.pipeline.reviewing import review_seen
from retrain.pipeline.site import Site
from retrain.pipeline.situation import dead_claim
from retrain.promotion.best import beats_best
from retrain.promotion.decision import PromotionDecision
from retrain.promotion.gate import decide
from retrain.promotion.report import render
from retrain.promotion.spending import decided_again
from retrain.promotion.waiting import awaited
from retrain.store.certificate import Pending
from retrain.store.events import Dismissed, Promoted
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.state import State
from retrain.values import Value, canonical_json, short

SECONDS_PER_DAY = 86_400.0
Outcome = Literal["promoted", "held", "expired", "waiting", "nothing"]


class PendingResult(Value):
    """What `retrain decide` answers."""

    model: str
    outcome: Outcome
    """`nothing`: no challenger waits."""
    reasons: tuple[str, ...]
    version: str | None = None
    fresh_rows: int = 0
    report: str | None = None
    """Address of the evaluation that decided."""


def decide_pending(site: Site) -> PendingResult:
    """Look again at the challenger that waits: promote it, dismiss it, or let it wait on."""
    state = site.ledger.state()
    pending = state.pending
    if pending is None:
        return PendingResult(model=site.model, outcome="nothing", reasons=("no challenger waits to be decided about",))
    if state.claim is not None and dead_claim(state, site.clock()) is None:
        reason = f"run {short(state.claim.id)} is at work; what comes of it goes before"
        return _answer(site, pending, "waiting", (reason,))
    report = looked_again(site, state, pending)
    decision = decide(report, site.spec.promotion)
    if decision.verdict != "inconclusive":
        return _ended(site, pending, report, decision)
    waited = (site.clock() - pending.since).total_seconds() / SECONDS_PER_DAY
    # Where people were to have answered earlier, the rule about reviews has said so by itself.
    limit = awaited(pending.waits_for, site.spec.promotion).days
    if waited >= limit:
        reasons = (f"open for {waited:.0f} d, limit {limit:g} d", *decision.reasons)
        return _expired(site, pending, reasons, read=report.review)
    found = _answer(site, pending, "waiting", decision.reasons)
    return found.model_copy(update={"fresh_rows": report.fresh.rows if report.fresh else 0})


def _ended(site: Site, pending: Pending, report: EvaluationReport, decision: PromotionDecision) -> PendingResult:
    """Append what was decided, unless something else happened to the challenger or the champion meanwhile."""
    policy = site.spec.promotion
    before = site.evaluations.manifest(pending.evaluation).files
    files = {
        **{name: site.evaluations.read(pending.evaluation, name) for name in before},
        "evaluation.json": report.canonical(),
        "decision.json": decision.canonical(),
        "policy.json": canonical_json(policy.model_dump(mode="json")),
        "report.md": render(report, decision).encode(),
    }
    about = {"verdict": decision.verdict, "challenger": decision.challenger, "after": pending.evaluation}
    digest = site.evaluations.put(files, about)
    evidence = {"evaluation": digest, "version": pending.challenger, "dataset": report.snapshot}
    used = decided_again(report)
    event: Promoted | Dismissed = Dismissed(
        challenger=pending.challenger, outcome="held", evaluation=digest, decided=used
    )
    if decision.verdict == "promote":
        event = Promoted(
            claim=None,
            version=pending.challenger,
            over=pending.champion,
            snapshot=report.snapshot,
            challenger_accuracy=report.comparison.challenger.accuracy,
            evaluation=digest,
            by="pending",
            decided=used,
            beats_best=beats_best(report, policy),
            probation=terms_for(site, report),
        )
        site.versions.verify_all(pending.challenger)
    draft = Draft(event=event, reasons=decision.reasons, actor=site.actor, evidence=evidence)
    outcome: Outcome = "promoted" if decision.verdict == "promote" else "held"
    found = _appended(site, pending, draft, outcome, read=report.review)
    address = site.evaluations.address(digest, "report.md")
    return found.model_copy(update={"report": address, "fresh_rows": report.fresh.rows if report.fresh else 0})


def _expired(site: Site, pending: Pending, reasons: tuple[str, ...], *, read: ReviewSeen | None) -> PendingResult:
    event = Dismissed(challenger=pending.challenger, outcome="expired")
    draft = Draft(event=event, reasons=reasons, actor=site.actor, evidence={"version": pending.challenger})
    return _appended(site, pending, draft, "expired", read=read)


def _appended(
    site: Site, pending: Pending, draft: Draft, outcome: Outcome, *, read: ReviewSeen | None
) -> PendingResult:
    def still(newest: LedgerEntry | None) -> Draft | None:
        state = newest.state if newest else State()
        at_work = state.claim is not None and dead_claim(state, site.clock()) is None
        said = review_seen(site, pending.challenger, pending.champion)
        # A verdict need not change the state: one given while this was decided is read before anything is appended.
        spoken = (said.entry if said else None) != (read.entry if read else None)
        # The same waiting stands for the same champion: every change of champion ends it.
        return None if state.pending != pending or at_work or spoken else draft

    if site.ledger.append(still) is None:
        return _answer(site, pending, "waiting", ("something else was decided meanwhile; look again",))
    return _answer(site, pending, outcome, draft.reasons)


def _answer(site: Site, pending: Pending, outcome: Outcome, reasons: tuple[str, ...]) -> PendingResult:
    return PendingResult(model=site.model, outcome=outcome, reasons=reasons, version=pending.challenger)
