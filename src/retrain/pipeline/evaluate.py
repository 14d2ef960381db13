"""Is the challenger better? Both answer the same held-out rows now, and the gate reads what came of it."""

from collections.abc import Mapping

from retrain.dataset.snapshot import texts
from retrain.evaluation.compare import Answers, compare, majority_baseline
from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.metrics import calibration_error
from retrain.pipeline.answers import ANSWERS, answer_lines
from retrain.pipeline.certificate import best_of, budget_of
from retrain.pipeline.claim import Run
from retrain.pipeline.drifted import what_drifted
from retrain.pipeline.further import further, size_mb
from retrain.pipeline.prepare import PreparedSnapshot
from retrain.pipeline.questions import Questions, questions
from retrain.pipeline.reload import loaded_anew
from retrain.pipeline.reviewing import review_seen
from retrain.pipeline.scoring import scored as answers_of
from retrain.pipeline.train import TrainedVersion
from retrain.promotion.decision import PromotionDecision
from retrain.promotion.gate import decide, worth_loading
from retrain.promotion.report import render
from retrain.store.state import State
from retrain.training.job import Scored
from retrain.values import Value, canonical_json, counted, short


class Evaluated(Value):
    """The evidence, what the gate makes of it, and where it is stored."""

    digest: str
    report: EvaluationReport
    decision: PromotionDecision


def evaluate(run: Run, trained: TrainedVersion, prepared: PreparedSnapshot) -> Evaluated:
    """Compare with the champion of this moment, and with the best ever, and store the evidence."""
    site, heldout = run.site, prepared.snapshot.heldout
    state = site.ledger.state()
    asked = questions(texts(heldout), site.spec)
    versions = list(dict.fromkeys(_players(trained.digest, state)))
    more = len(asked.texts) - len(heldout)
    rows = f"{counted(len(heldout), 'held-out row')}, {counted(more, 'other text')}"
    run.tell("evaluate", f"{counted(len(versions), 'version')} to answer {rows}")
    scored = dict(zip(versions, answers_of(site, versions, asked.texts, watched=asked.watched), strict=True))
    mine = scored[trained.digest].predictions[: len(heldout)]
    report = _report(run, state, (trained, prepared), (asked, scored))
    if worth_loading(report, site.spec.promotion):
        run.tell("evaluate", "the stored version is fetched anew, and loaded in a fresh process")
        report = report.model_copy(update={"loaded": loaded_anew(site, trained.digest, texts(heldout), mine)})
    decision = decide(report, site.spec.promotion)
    run.tell("evaluate", f"the gate says {decision.verdict} for version {short(trained.digest)}")
    files = {ANSWERS: answer_lines(heldout, mine), **asked.files([scored[each] for each in versions])}
    digest = _store(run, report, decision, files)
    return Evaluated(digest=digest, report=report, decision=decision)


def _players(challenger: str, state: State) -> list[str]:
    """Challenger, champion and best champion ever, in this order, as far as there are such."""
    return [challenger, *(each.version for each in (state.champion, best_of(state)) if each)]


def _report(
    run: Run,
    state: State,
    what: tuple[TrainedVersion, PreparedSnapshot],
    said: tuple[Questions, Mapping[str, Scored]],
) -> EvaluationReport:
    """All that the gate is shown, but whether the stored version loads."""
    site, (trained, prepared), (asked, scored) = run.site, what, said
    heldout, champion, best = prepared.snapshot.heldout, state.champion, best_of(state)

    def answers(version: str) -> Answers:
        return Answers(version, scored[version].predictions[: len(heldout)])

    challenger = answers(trained.digest)
    stand_in = Answers(None, majority_baseline(prepared.snapshot.train, len(heldout)))
    drifted = what_drifted(run, heldout, champion)
    policy, anchor = site.spec.evaluation, None
    if best and champion and best.version != champion.version:
        anchor = compare(heldout, answers(best.version), challenger, policy)
    rival = answers(champion.version) if champion else stand_in
    pair = [scored[version] for version in _players(trained.digest, state)[: 2 if champion else 1]]
    return EvaluationReport(
        comparison=compare(heldout, rival, challenger, policy, drifted=drifted),
        snapshot=prepared.digest,
        train_accuracy=trained.version.train_accuracy,
        latency_p95_ms=pair[0].latency_p95_ms,
        calibration_error=calibration_error([row.label for row in heldout], challenger.predictions),
        budget=budget_of(site, state, len(heldout)),
        best=best.version if best else None,
        anchor=anchor,
        size_mb=size_mb(site, trained.digest),
        review=review_seen(site, trained.digest, champion.version if champion else None),
        **further(site, heldout, asked, pair, champion),
    )


def _store(run: Run, report: EvaluationReport, decision: PromotionDecision, evidence: Mapping[str, bytes]) -> str:
    """The evidence with the policy it was judged by, so that `audit` can recompute the verdict."""
    files: dict[str, bytes] = {
        **evidence,
        "evaluation.json": report.canonical(),
        "decision.json": decision.canonical(),
        "policy.json": canonical_json(run.site.spec.promotion.model_dump(mode="json")),
        "report.md": render(report, decision).encode(),
    }
    return run.site.evaluations.put(files, {"verdict": decision.verdict, "challenger": decision.challenger})
