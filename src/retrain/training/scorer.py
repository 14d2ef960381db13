"""What do versions answer to texts, and how fast is each for one text alone?"""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from retrain.base import locate
from retrain.training.classify_torch import Classifier
from retrain.training.job import Scored, ScoringJob, ScoringResult
from retrain.training.prediction import Prediction

TIMED_ROWS = 50
WARM_UP_ROWS = 3


def score(job: ScoringJob) -> ScoringResult:
    """Each version in turn, so that only one is in memory."""
    scored = []
    for version in job.versions:
        locate(version.base.folder.as_posix(), Path("/"), pinned=version.base.digest)
        classifier = Classifier.load(version.folder, version.base)
        predictions = _with_watched(classifier, job, classifier.predict(job.texts))
        scored.append(Scored(predictions=predictions, latency_p95_ms=latency_p95_ms(classifier, job.texts)))
    return ScoringResult(scored=tuple(scored))


def _with_watched(classifier: Classifier, job: ScoringJob, answers: Sequence[Prediction]) -> tuple[Prediction, ...]:
    """The answers, with the probabilities that were asked for; a label the version does not know has none."""
    texts = [text for text in job.texts if text in job.watched]
    rows = iter(classifier.scores(texts) if texts else ())
    told = []
    for text, answer in zip(job.texts, answers, strict=True):
        if text not in job.watched:
            told.append(answer)
            continue
        known: dict[str, float] = dict(zip(classifier.labels, next(rows).tolist(), strict=True))
        scores = {label: known[label] for label in job.watched[text] if label in known}
        told.append(answer.model_copy(update={"scores": scores}))
    return tuple(told)


def latency_p95_ms(classifier: Classifier, texts: Sequence[str]) -> float:
    """95th percentile over the first rows, one at a time; a few are run before, since they also set up memory."""
    for text in texts[:WARM_UP_ROWS]:
        classifier.predict([text])
    taken = []
    for text in texts[:TIMED_ROWS]:
        start = time.perf_counter()
        classifier.predict([text])
        taken.append((time.perf_counter() - start) * 1000)
    return float(np.percentile(taken, 95)) if taken else 0.0
