"""What is to be seen of a challenger that waits, now that labels have come? Its evaluation, with what came since."""

from collections.abc import Sequence

from retrain.dataset import stored
from retrain.dataset.snapshot import Example, Snapshot, texts
from retrain.evaluation.compare import Answers, compare, majority_baseline
from retrain.evaluation.comparison import Comparison, EvaluationReport
from retrain.evaluation.evidence import Fresh
from retrain.pipeline.answered_before import AnsweredBefore
from retrain.pipeline.compared import PREDICTIONS, compared_answers
from retrain.pipeline.fresh import fresh_rows
from retrain.pipeline.reviewing import review_seen
from retrain.pipeline.scoring import scored as answers_of
from retrain.pipeline.site import Site
from retrain.pipeline.train import version_of
from retrain.store.certificate import Pending
from retrain.store.state import State
from retrain.training.prediction import Prediction

Answered = Sequence[tuple[str, str]]
"""What challenger and champion answered to each fresh row."""


def looked_again(site: Site, state: State, pending: Pending) -> EvaluationReport:
    """The evaluation that left it open, with what people said, and what fresh rows say beside the held-out ones."""
    report = EvaluationReport.model_validate_json(site.evaluations.read(pending.evaluation, "evaluation.json"))
    report = report.model_copy(update={"review": review_seen(site, pending.challenger, pending.champion)})
    if "labels" not in pending.waits_for:
        return report
    snapshot = stored.get(site.snapshots, version_of(site, pending.challenger).lineage.snapshot)
    rows = fresh_rows(site, state, pending, snapshot)
    answered = _answered(site, pending, snapshot, rows)
    won, lost = _won_and_lost(rows, answered)
    fresh = Fresh(since=pending.since, rows=len(rows), won=won, lost=lost, error=pending.error)
    together = _together(site, pending, (snapshot, rows), answered)
    return report.model_copy(update={"fresh": fresh, "together": together})


def _answered(site: Site, pending: Pending, snapshot: Snapshot, rows: Sequence[Example]) -> Answered:
    """Each row is answered once by either model; what was answered at an earlier look is not asked again."""
    before = AnsweredBefore(site, pending)
    missing = [text for text in texts(rows) if text not in before]
    if missing:
        versions = [each for each in (pending.challenger, pending.champion) if each is not None]
        scored = [[each.label for each in one.predictions] for one in answers_of(site, versions, missing)]
        if pending.champion is None:
            scored.append([each.label for each in majority_baseline(snapshot.train, len(missing))])
        before.add(missing, *scored)
    return [before.of(row.text) for row in rows]


def _won_and_lost(rows: Sequence[Example], answered: Answered) -> tuple[int, int]:
    both = [(row.label, new, old) for row, (new, old) in zip(rows, answered, strict=True)]
    won = sum(new == label != old for label, new, old in both)
    return won, sum(old == label != new for label, new, old in both)


def _together(
    site: Site, pending: Pending, what: tuple[Snapshot, Sequence[Example]], answered: Answered
) -> Comparison | None:
    """Held-out and fresh rows in one comparison; none where there is nothing to add, or nothing to add it to."""
    (snapshot, rows), about = what, (pending.challenger, pending.champion)
    if not rows or PREDICTIONS not in site.evaluations.manifest(pending.evaluation).files:
        return None
    new, old = compared_answers(site, pending.evaluation, about, snapshot)
    mine, theirs = ([_labelled(each[at]) for each in answered] for at in (0, 1))
    return compare(
        (*snapshot.heldout, *rows),
        Answers(old.version, (*old.predictions, *theirs)),
        Answers(new.version, (*new.predictions, *mine)),
        site.spec.evaluation,
    )


def _labelled(label: str) -> Prediction:
    """How sure a model was of a fresh row is not kept, and a comparison asks for labels alone."""
    return Prediction(label=label, confidence=0.0)
