"""Was a decision given the error that the ledger had left, and does its entry say what it used? Computed anew."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import isclose

from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.evidence import Budget
from retrain.pipeline.case import SINCE, Case, Faults
from retrain.pipeline.compared import PREDICTIONS
from retrain.promotion import spending, waiting
from retrain.promotion.decision import PromotionDecision
from retrain.promotion.policy import PromotionPolicy
from retrain.store.certificate import Decided, Pending
from retrain.store.events import Claimed, Dismissed, Ended, Promoted
from retrain.store.fold_certificate import YEAR
from retrain.store.ledger import LedgerEntry
from retrain.store.state import State
from retrain.values import Value, short

INSTANT = timedelta(microseconds=1)
CLOSE = 1e-9
"""Sums of the same numbers differ in the last digit between versions of Python."""


def uses_budget(entry: LedgerEntry) -> bool:
    """Whether an entry decided about a challenger: by what error, and what it used, then stands in it."""
    event = entry.event
    if entry.format < SINCE or not isinstance(event, Ended | Promoted | Dismissed):
        return False
    said = event.decided is not None or (isinstance(event, Ended) and event.waits_for)
    return isinstance(event, Dismissed) or bool(said) or "evaluation" in entry.evidence


def budget_again(case: Case) -> Faults:
    """That the evaluation was given what the ledger says, and that the entry says what the decision used."""
    entry, event = case.entry, case.entry.event
    assert isinstance(event, Ended | Promoted | Dismissed)
    digest = entry.evidence.get("evaluation", _of_one_made_champion(case))
    if event.evaluation != digest:
        yield f"it names evaluation {short(event.evaluation or 'none')}, and its evidence is {short(digest or 'none')}"
    waited = isinstance(event, Dismissed) or (isinstance(event, Promoted) and event.claim is None)
    if waited:
        yield from _of_what_waited(case)
    if digest is None:
        if event.decided is not None or isinstance(event, Ended):
            yield "it says what a decision used, and no evaluation is its evidence"
        return
    if "evaluation" not in entry.evidence and not case.site.evaluations.holds(digest):
        return
    report = EvaluationReport.model_validate_json(case.site.evaluations.read(digest, "evaluation.json"))
    if waited:
        yield from _looked_at_again(case, report)
        return
    policy = PromotionPolicy.model_validate_json(case.site.evaluations.read(digest, "policy.json"))
    decision = PromotionDecision.model_validate_json(case.site.evaluations.read(digest, "decision.json"))
    yield from _given(case, report, policy)
    # What was made champion by hand meanwhile is held, whatever its gate left open; the gate's own check says whether.
    open_ = isinstance(event, Ended) and event.outcome == "inconclusive"
    waits = waiting.waits_for(decision, policy) if open_ else ()
    if isinstance(event, Ended) and event.waits_for != waits:
        yield f"it waits for {_listed(event.waits_for)}; what its gate left open waits for {_listed(waits)}"
    if isinstance(event, Ended) and event.awaited is not None:
        terms = waiting.awaited(waits, policy, waiting.labels_to_decide(report, policy))
        if event.awaited != terms:
            yield f"it waits under {event.awaited.told}; by its evaluation it is {terms.told}"
    yield from _used(event.decided, spending.decided(report, waits="labels" in waits))


def _of_one_made_champion(case: Case) -> str | None:
    """What became champion by hand while its run decided was held by an entry that once named no evidence."""
    event, champion = case.entry.event, case.before.champion
    if not isinstance(event, Ended) or event.outcome != "held" or event.evaluation is None or champion is None:
        return None
    return event.evaluation if event.challenger == champion.version else None


def _given(case: Case, report: EvaluationReport, policy: PromotionPolicy) -> Faults:
    """A run reads its budget between its claim and its end, so any state of that time may be what it was given."""
    seen = report.budget
    if seen is None:
        yield "its evaluation does not say how much it might err"
        return
    possible = [
        spending.budget(state, report.comparison.rows, policy, now=now, heldout_share=seen.heldout_share)
        for state in _states(case)
        for now in _moments(state, case.entry.at)
    ]
    if not any(_alike(seen, each) for each in possible):
        yield f"its evaluation was given {_apart(seen, possible[0])}"


def _states(case: Case) -> list[State]:
    """The newest first, back to the claim of the run."""
    event, earlier = case.entry.event, case.earlier
    assert isinstance(event, Ended | Promoted)
    for place in reversed(range(len(earlier))):
        claimed = earlier[place].event
        if isinstance(claimed, Claimed) and claimed.claim.id == event.claim:
            return [entry.state for entry in reversed(earlier[place:])]
    return [case.before]


def _moments(state: State, until: datetime) -> Iterator[datetime]:
    """One for each number of spends that may have been within their year. A clock that was set back counts more as
    spent, never less."""
    yield until
    yield from (each.at + YEAR - INSTANT for each in state.spent if each.at + YEAR <= until)


def _used(said: Decided | None, computed: Decided | None) -> Faults:
    if said is None or computed is None:
        if said is not computed:
            which = "does not say what its decision used" if said is None else "says what a decision used"
            yield f"it {which}, and its evaluation {'names a budget' if computed else 'names no budget'}"
    elif not _alike(said, computed):
        yield f"it says that it used {_apart(said, computed)}"


def _of_what_waited(case: Case) -> Faults:
    event, pending = case.entry.event, case.before.pending
    assert isinstance(event, Promoted | Dismissed)
    about = event.challenger if isinstance(event, Dismissed) else event.version
    if pending is None or pending.challenger != about:
        waited = short(pending.challenger) if pending else "none"
        yield f"it is about {short(about)} as the challenger that waited, and {waited} waited"
    if isinstance(event, Dismissed) and event.outcome == "expired" and event.decided is not None:
        yield "its challenger waited too long, so nothing was decided, and it says what a decision used"


def _looked_at_again(case: Case, report: EvaluationReport) -> Faults:
    """The stored evaluation that left it open with what came since, by the error that was put aside then."""
    event, pending = case.entry.event, case.before.pending
    assert isinstance(event, Promoted | Dismissed)
    if pending is not None:
        yield from _as_it_waited(case, report, pending)
    expected = spending.decided_again(report)
    if event.decided is not None and not event.decided.again and event.decided.rows <= _fresh(report):
        # Before it was told apart: by the share of the spec of that day, which nothing stored says.
        expected = expected.model_copy(update={"again": False, "rows": event.decided.rows})
    yield from _used(event.decided, expected)
    yield from _all_together(case, report)


def _all_together(case: Case, report: EvaluationReport) -> Faults:
    """That groups and metrics were judged with the fresh rows too, by every program that tells further looks apart."""
    event, both, seen = case.entry.event, report.together, report.comparison
    assert isinstance(event, Promoted | Dismissed)
    fresh, digest = report.fresh, case.entry.evidence["evaluation"]
    if both is not None and fresh is not None:
        sums = (seen.rows + fresh.rows, seen.only_challenger_right + fresh.won, seen.only_champion_right + fresh.lost)
        if (both.rows, both.only_challenger_right, both.only_champion_right) != sums:
            yield f"of {both.rows} rows in all its evaluation counts other ones than of the held-out and the fresh rows"
    tells = event.decided is not None and event.decided.again and _fresh(report) > 0
    if both is None and tells and PREDICTIONS in case.site.evaluations.manifest(digest).files:
        yield f"{_fresh(report)} fresh rows came, and its evaluation does not look at groups with them"


def _as_it_waited(case: Case, report: EvaluationReport, pending: Pending) -> Faults:
    fresh = report.fresh
    if (fresh is not None) != ("labels" in pending.waits_for):
        yield f"{_fresh(report)} fresh rows were looked at, and its challenger waited for {_listed(pending.waits_for)}"
    if fresh is not None and (fresh.error, fresh.since) != (pending.error, pending.since):
        yield (
            f"its fresh rows since {fresh.since.isoformat()} were judged at an error of {fresh.error:g}; "
            f"{pending.error:g} was put aside at {pending.since.isoformat()}"
        )
    # What was collected since is no longer there to compare with; missing for another reason, its own entry says so.
    if case.site.evaluations.holds(pending.evaluation):
        first = case.site.evaluations.read(pending.evaluation, "evaluation.json")
        came = {"fresh": None, "together": None, "review": None}
        before = EvaluationReport.model_validate_json(first).model_copy(update=came)
        if before != report.model_copy(update=came):
            left = short(pending.evaluation)
            yield f"its evaluation differs from {left}, which left it open, by more than what came since"


def _fresh(report: EvaluationReport) -> int:
    return report.fresh.rows if report.fresh else 0


def _alike(one: Budget | Decided, other: Budget | Decided) -> bool:
    return next(_differing(one, other), None) is None


def _differing(one: Value, other: Value) -> Iterator[tuple[str, float, float]]:
    for name, mine in one.model_dump().items():
        theirs = getattr(other, name)
        if not isclose(mine, theirs, rel_tol=CLOSE, abs_tol=CLOSE**2):
            yield name, mine, theirs


def _apart(said: Value, computed: Value) -> str:
    """In words: what is said, and what it is by the ledger and the stored evidence."""
    found = list(_differing(said, computed))
    mine, theirs = ([f"{name} {each[at]:g}" for name, *each in found] for at in (0, 1))
    return f"{', '.join(mine)}; by what is stored it is {', '.join(theirs)}"


def _listed(waits: tuple[str, ...]) -> str:
    return " and ".join(waits) or "nothing"
