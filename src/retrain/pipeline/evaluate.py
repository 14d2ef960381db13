"""Is the challenger better? Both answer the same held-out rows now, and the gate reads what came of it."""

from retrain.base import locate
from retrain.dataset.snapshot import texts
from retrain.evaluation.compare import Answers, compare, majority_baseline
from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.metrics import calibration_error
from retrain.pipeline.answers import ANSWERS, answer_lines
from retrain.pipeline.claim import Run
from retrain.pipeline.prepare import PreparedSnapshot
from retrain.pipeline.reviewing import review_seen
from retrain.pipeline.train import TrainedVersion
from retrain.promotion.decision import PromotionDecision
from retrain.promotion.gate import decide
from retrain.promotion.report import render
from retrain.training import process
from retrain.training.artifact import read_model_file
from retrain.training.job import Scored, ScoringJob, VersionAt
from retrain.values import Value, canonical_json, short


class Evaluated(Value):
    """The evidence, what the gate makes of it, and where it is stored."""

    digest: str
    report: EvaluationReport
    decision: PromotionDecision


def evaluate(run: Run, trained: TrainedVersion, prepared: PreparedSnapshot) -> Evaluated:
    """Compare with the champion of this moment and store the evidence."""
    site, heldout = run.site, prepared.snapshot.heldout
    champion = site.ledger.state().champion
    versions = [trained.digest] if champion is None else [trained.digest, champion.version]
    run.tell("evaluate", f"{len(versions)} versions answer {len(heldout)} held-out rows")
    scored = _scored(run, versions, texts(heldout))
    mine = scored[0].predictions
    theirs = majority_baseline(prepared.snapshot.train, len(heldout)) if champion is None else scored[1].predictions
    report = EvaluationReport(
        comparison=compare(
            heldout,
            Answers(champion.version if champion else None, theirs),
            Answers(trained.digest, mine),
            site.spec.evaluation,
        ),
        snapshot=prepared.digest,
        train_accuracy=trained.version.train_accuracy,
        latency_p95_ms=scored[0].latency_p95_ms,
        calibration_error=calibration_error([row.label for row in heldout], mine),
        review=review_seen(site, trained.digest, champion.version if champion else None),
    )
    decision = decide(report, site.spec.promotion)
    run.tell("evaluate", f"the gate says {decision.verdict} for version {short(trained.digest)}")
    digest = _store(run, report, decision, scored, answer_lines(heldout, mine))
    return Evaluated(digest=digest, report=report, decision=decision)


def _scored(run: Run, versions: list[str], rows: list[str]) -> tuple[Scored, ...]:
    site = run.site
    folders = [site.versions.fetch(version, site.settings.cache / "versions") for version in versions]
    # Each on the base it was trained on: the spec may name another one by now.
    bases = [locate(read_model_file(folder).base, site.spec.path(".")) for folder in folders]
    places = tuple(VersionAt(folder=folder, base=base) for folder, base in zip(folders, bases, strict=True))
    return process.score(ScoringJob(versions=places, texts=tuple(rows), threads=site.spec.training.threads)).scored


def _store(
    run: Run, report: EvaluationReport, decision: PromotionDecision, scored: tuple[Scored, ...], answers: bytes
) -> str:
    """The evidence with the policy it was judged by, so that `audit` can recompute the verdict."""
    predictions = [[prediction.model_dump(mode="json") for prediction in one.predictions] for one in scored]
    files: dict[str, bytes] = {
        "evaluation.json": report.canonical(),
        "decision.json": decision.canonical(),
        "policy.json": canonical_json(run.site.spec.promotion.model_dump(mode="json")),
        "predictions.json": canonical_json(predictions),
        ANSWERS: answers,
        "report.md": render(report, decision).encode(),
    }
    return run.site.evaluations.put(files, {"verdict": decision.verdict, "challenger": decision.challenger})
