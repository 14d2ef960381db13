"""How does a run go from its claim to a promotion or a reasoned no? Each step is in the ledger, each can be resumed."""

import shutil
from typing import Literal

from retrain.dataset.snapshot import Refusal
from retrain.errors import ClaimLost, RetrainError
from retrain.evaluation.comparison import Comparison, Interval, Metrics
from retrain.pipeline.answered import answered
from retrain.pipeline.claim import Asked, NotNow, Run, Tell, claim, taken_over
from retrain.pipeline.due import examples_counted
from retrain.pipeline.evaluate import Evaluated, evaluate
from retrain.pipeline.prepare import prepare
from retrain.pipeline.probation import terms_for
from retrain.pipeline.site import Site
from retrain.pipeline.suite_file import read_suite
from retrain.pipeline.train import train
from retrain.promotion.best import beats_best
from retrain.promotion.spending import decided
from retrain.promotion.waiting import awaited, labels_to_decide, waits_for
from retrain.store.events import Ended, Promoted, Spent
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.state import Cause, State
from retrain.training.cost import Meter, added, priced
from retrain.training.version import Cost
from retrain.values import Value, short

Outcome = Literal["promoted", "held", "inconclusive", "refused", "already_running"]


GENERATION = (
    "task is generation: drift of a generator is checked, but training one and comparing two are not built "
    "yet, so nothing was trained and the champion stays; train it elsewhere (`retrain check` says what changed)"
)


class Compared(Value):
    """The comparison without its slices, which stand in the evaluation report."""

    rows: int
    champion_version: str | None
    champion: Metrics
    challenger: Metrics
    difference: Interval
    p_value: float


class RunResult(Value):
    """What `retrain run` answers."""

    model: str
    outcome: Outcome
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """Examples and labels that were of no use or left out, and why."""
    version: str | None = None
    """The challenger, promoted or not."""
    comparison: Compared | None = None
    cost: Cost | None = None
    report: str | None = None
    """Address of the evaluation report."""
    card: str | None = None
    """Address of the challenger's model card."""


def silent(_stage: str, _sentence: str) -> None:
    """Tell nobody."""


def retrain(site: Site, *, cause: Cause, reason: str, tell: Tell = silent, request: str | None = None) -> RunResult:
    """Run one retrain, or go on with one that died. A request id that was answered before gets the same answer again.

    A refusal, a hold and "another run is at work" are answers. An exception means that the world is broken; the run is
    then ended in the ledger as failed, unless this process dies too: then its claim passes to the next run.
    """
    if site.spec.task == "generation":
        return RunResult(model=site.model, outcome="refused", reasons=(GENERATION,))
    # What the caller named wrongly is said before it becomes a failed run in the ledger.
    site.base()
    read_suite(site.spec)
    asked = Asked(cause=cause, reason=reason, request=request)
    run = claim(site, asked, tell)
    if isinstance(run, NotNow) and (before := answered(site, request)) is not None:
        return RunResult(model=site.model, outcome=before.outcome, reasons=before.reasons, version=before.version)
    if isinstance(run, NotNow):
        return RunResult(model=site.model, outcome="already_running" if run.running else "refused", reasons=run.reasons)
    try:
        return _claimed(run)
    except ClaimLost as lost:
        return RunResult(model=site.model, outcome="already_running", reasons=(str(lost),))
    except (RetrainError, OSError, ValueError) as error:
        _end_as_failed(run, error)
        if taken_over(run):
            # Whoever took over on this machine may have removed what this run still worked with: no fault of the world.
            reasons = (f"another run took over from run {short(run.claim.id)}; its results do not count", str(error))
            return RunResult(model=site.model, outcome="already_running", reasons=reasons)
        raise


def _claimed(run: Run) -> RunResult:
    meter = Meter()
    with meter.stage("prepare"):
        snapshot = prepare(run)
    if isinstance(snapshot, Refusal):
        missing, counted = max(snapshot.needed - snapshot.found, 0), examples_counted(run.site)
        ended = Ended(claim=run.claim.id, outcome="refused", missing=missing, counted=counted)
        run.append(ended, snapshot.reasons)
        return RunResult(model=run.site.model, outcome="refused", reasons=snapshot.reasons)
    trained = train(run, snapshot)
    while True:
        with meter.stage("evaluate"):
            seen = evaluate(run, trained, snapshot)
        cost = _total(run.site, trained.version.cost, meter)
        entry = _conclude(run, seen, _spent(cost))
        if entry is not None:
            break
        # Someone changed the champion by hand meanwhile: what was shown is about another one, so it is shown again.
        run.tell("evaluate", "the champion changed meanwhile: comparing again")
    # The workspace is only a shortcut for a run that dies; once the ledger has the outcome, nobody needs it.
    shutil.rmtree(run.site.settings.work / run.site.model, ignore_errors=True)
    return _result(run, seen, entry, cost).model_copy(update={"notes": snapshot.notes})


def _conclude(run: Run, seen: Evaluated, cost: Spent) -> LedgerEntry | None:
    """Append the verdict; none when the champion is no longer the one the comparison was made against."""
    decision = seen.decision
    if decision.verdict != "promote":
        outcome: Literal["held", "inconclusive"] = "held" if decision.verdict == "hold" else "inconclusive"
        return _left(run, seen, _ended(run, seen, cost, outcome), _by_hand(run, seen, cost))
    event = Promoted(
        claim=run.claim.id,
        version=decision.challenger,
        over=decision.champion,
        snapshot=seen.report.snapshot,
        challenger_accuracy=seen.report.comparison.challenger.accuracy,
        cost=cost,
        evaluation=seen.digest,
        by="run",
        decided=decided(seen.report, waits=False),
        beats_best=beats_best(seen.report, run.site.spec.promotion),
        probation=terms_for(run.site, seen.report),
    )
    evidence = {"evaluation": seen.digest, "version": decision.challenger, "dataset": seen.report.snapshot}

    def draft(newest: LedgerEntry | None) -> Draft | None:
        state = newest.state if newest else State()
        run.check_standing(state)
        if (state.champion.version if state.champion else None) != decision.champion:
            return None
        if decision.champion == decision.challenger:
            return _by_hand(run, seen, cost)
        return Draft(event=event, reasons=decision.reasons, actor=run.site.actor, evidence=evidence)

    return run.site.ledger.append(draft)


def _ended(run: Run, seen: Evaluated, cost: Spent, outcome: Literal["held", "inconclusive"]) -> Ended:
    """What the decision used stands in it, and what could still decide about the challenger."""
    policy = run.site.spec.promotion
    waits = waits_for(seen.decision, policy) if outcome == "inconclusive" else ()
    return Ended(
        claim=run.claim.id,
        outcome=outcome,
        challenger=seen.decision.challenger,
        cost=cost,
        evaluation=seen.digest,
        decided=decided(seen.report, waits="labels" in waits),
        waits_for=waits,
        awaited=awaited(waits, policy, labels_to_decide(seen.report, policy)) if waits else None,
    )


def _by_hand(run: Run, seen: Evaluated, cost: Spent) -> Draft:
    """Somebody promoted it by hand meanwhile: nothing is left to promote or to wait for, but the run has an end."""
    evidence = {"evaluation": seen.digest, "version": seen.decision.challenger}
    reasons = ("it was made champion by hand meanwhile",)
    return Draft(event=_ended(run, seen, cost, "held"), reasons=reasons, actor=run.site.actor, evidence=evidence)


def _left(run: Run, seen: Evaluated, ended: Ended, by_hand: Draft) -> LedgerEntry | None:
    """Append that the champion stays; none when a challenger would wait beside another champion than it met."""
    decision = seen.decision
    evidence = {"evaluation": seen.digest, "version": decision.challenger}

    def draft(newest: LedgerEntry | None) -> Draft | None:
        state = newest.state if newest else State()
        run.check_standing(state)
        now = state.champion.version if state.champion else None
        if ended.waits_for and now == decision.challenger:
            return by_hand
        # What waits is looked at again against the champion that it was compared with, or not at all.
        if ended.waits_for and now != decision.champion:
            return None
        return Draft(event=ended, reasons=decision.reasons, actor=run.site.actor, evidence=evidence)

    return run.site.ledger.append(draft)


def _end_as_failed(run: Run, error: Exception) -> None:
    try:
        run.append(Ended(claim=run.claim.id, outcome="failed"), (str(error),))
    except RetrainError:
        # The store is away as well: the claim then expires by itself, and the first error is the one to show.
        return


def _total(site: Site, training: Cost, meter: Meter) -> Cost:
    policy = site.spec.training
    return priced(added(training, meter.cost), price_per_hour=policy.price_per_hour, currency=policy.currency)


def _spent(cost: Cost) -> Spent:
    wall = sum(cost.wall_seconds.values())
    rest = cost.model_dump(include={"cpu_seconds", "gpu_seconds", "money", "currency"})
    return Spent(wall_seconds=wall, stages=dict(cost.wall_seconds), **rest)


def _result(run: Run, seen: Evaluated, entry: LedgerEntry, cost: Cost) -> RunResult:
    """What the ledger says came of the run, which is not always what the gate said."""
    challenger = seen.decision.challenger
    outcome: Outcome = "promoted"
    if isinstance(entry.event, Ended):
        # A run that was compared never ended as failed: that is an exception.
        outcome = "inconclusive" if entry.event.outcome == "inconclusive" else "held"
    run.tell("done", f"{outcome}: version {short(challenger)}")
    return RunResult(
        model=run.site.model,
        outcome=outcome,
        reasons=entry.reasons,
        version=challenger,
        comparison=_compared(seen.report.comparison),
        cost=cost,
        report=run.site.evaluations.address(seen.digest, "report.md"),
        card=run.site.versions.address(challenger, "card.md"),
    )


def _compared(comparison: Comparison) -> Compared:
    return Compared.model_validate(comparison.model_dump(include=set(Compared.model_fields)))
