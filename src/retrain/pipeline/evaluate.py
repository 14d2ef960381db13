"""Is the challenger better? Both answer the same held-out rows now, and the gate reads what came of it."""

from collections.abc import Mapping

from retrain.base import locate
from retrain.dataset.snapshot import texts
from retrain.evaluation.compare import Answers, compare, majority_baseline
from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.metrics import calibration_error
from retrain.pipeline.answers import ANSWERS, answer_lines
from retrain.pipeline.claim import Run
from retrain.pipeline.further import further, size_mb
from retrain.pipeline.prepare import PreparedSnapshot
from retrain.pipeline.questions import Questions, questions
from retrain.pipeline.reload import loaded_anew
from retrain.pipeline.train import TrainedVersion
from retrain.promotion.decision import PromotionDecision
from retrain.promotion.gate import decide, worth_loading
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
    asked = questions(texts(heldout), site.spec)
    more = len(asked.texts) - len(heldout)
    run.tell("evaluate", f"{len(versions)} versions answer {len(heldout)} held-out rows and {more} other texts")
    scored = _scored(run, versions, asked)
    mine = scored[0].predictions[: len(heldout)]
    theirs = majority_baseline(prepared.snapshot.train, len(heldout))
    if champion is not None:
        theirs = list(scored[1].predictions[: len(heldout)])
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
        size_mb=size_mb(site, trained.digest),
        **further(site, heldout, asked, scored, champion),
    )
    if worth_loading(report, site.spec.promotion):
        run.tell("evaluate", "the stored version is fetched anew, and loaded in a fresh process")
        report = report.model_copy(update={"loaded": loaded_anew(site, trained.digest, texts(heldout), mine)})
    decision = decide(report, site.spec.promotion)
    run.tell("evaluate", f"the gate says {decision.verdict} for version {short(trained.digest)}")
    files = {ANSWERS: answer_lines(heldout, mine), **asked.files(scored)}
    digest = _store(run, report, decision, files)
    return Evaluated(digest=digest, report=report, decision=decision)


def _scored(run: Run, versions: list[str], asked: Questions) -> tuple[Scored, ...]:
    site = run.site
    folders = [site.versions.fetch(version, site.settings.cache / "versions") for version in versions]
    # Each on the base it was trained on: the spec may name another one by now.
    bases = [locate(read_model_file(folder).base, site.spec.path(".")) for folder in folders]
    places = tuple(VersionAt(folder=folder, base=base) for folder, base in zip(folders, bases, strict=True))
    threads = site.spec.training.threads
    job = ScoringJob(versions=places, texts=asked.texts, watched=asked.watched, threads=threads)
    return process.score(job).scored


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
