"""What is known of the accuracy of a window's answers?"""

from retrain.drift.observation import Observation
from retrain.drift.performance.estimate import estimate
from retrain.drift.performance.labelled import labelled_accuracy
from retrain.store.judged import Performance


def performance(reference: Observation, current: Observation) -> Performance:
    """Estimated from doubt, and counted from labels."""
    answers = reference.answers
    return Performance(
        estimated=estimate(answers, current),
        labelled=labelled_accuracy(current),
        expected=None if answers is None or len(answers.right) == 0 else answers.accuracy,
    )
