"""How good is one model on the held-out rows?"""

from collections import Counter
from collections.abc import Sequence

from retrain.evaluation.comparison import Metrics
from retrain.training.prediction import Prediction

BINS = 10


def measure(truth: Sequence[str], predicted: Sequence[str]) -> Metrics:
    """Accuracy, and macro averages over the labels that occur in the truth: a label no row has cannot be judged."""
    of = list(measure_labels(truth, predicted).values())
    return Metrics(
        accuracy=sum(true == said for true, said in zip(truth, predicted, strict=True)) / len(truth),
        precision=sum(each.precision for each in of) / len(of),
        recall=sum(each.recall for each in of) / len(of),
        f1=sum(each.f1 for each in of) / len(of),
    )


def measure_labels(truth: Sequence[str], predicted: Sequence[str]) -> dict[str, Metrics]:
    """Each occurring label against all others. A label that was never answered has precision 0."""
    if not truth:
        raise ValueError("no held-out rows to measure on, at least one needed; gather more examples")
    occurs, answered = Counter(truth), Counter(predicted)
    right = Counter(true for true, said in zip(truth, predicted, strict=True) if true == said)
    return {label: _of_label(right[label], rows, answered[label]) for label, rows in sorted(occurs.items())}


def calibration_error(truth: Sequence[str], predictions: Sequence[Prediction]) -> float:
    """Expected calibration error: how far confidence lies from accuracy in ten equal-width bins, weighted by rows."""
    if not truth:
        raise ValueError("no held-out rows to measure calibration on, at least one needed; gather more examples")
    gaps = [0.0] * BINS
    for true, prediction in zip(truth, predictions, strict=True):
        gaps[min(int(prediction.confidence * BINS), BINS - 1)] += (true == prediction.label) - prediction.confidence
    return sum(abs(gap) for gap in gaps) / len(truth)


def _of_label(right: int, rows: int, answered: int) -> Metrics:
    recall = right / rows
    return Metrics(
        accuracy=recall,
        precision=right / answered if answered else 0.0,
        recall=recall,
        f1=2 * right / (rows + answered),
    )
