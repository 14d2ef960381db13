"""Is the model right less often? As far as its confidence, and the labels there are by now, can tell."""

import numpy as np

from retrain.drift.observation import Observation
from retrain.drift.performance.estimate import sure_of
from retrain.drift.performance.labelled import not_at_random
from retrain.drift.performance.rules import STRETCH
from retrain.drift.signals.signal import Found, NotWatched, marked, numeric

MIN_LABELLED = 30


def estimated(reference: Observation, current: Observation) -> Found:
    """By how much the estimated accuracy falls, against the reference. Only a fall counts."""
    name = "performance.estimated"
    old, new = (sure_of(reference.answers, side) for side in (reference, current))
    if isinstance(old, str) or isinstance(new, str):
        return NotWatched(name=name, reason=old if isinstance(old, str) else str(new))
    return numeric(name, "mean_rise", STRETCH * (1 - old), STRETCH * (1 - new))


def labelled(reference: Observation, current: Observation) -> Found:
    """Wrong answers among the rows that have a label by now. Only a rise counts."""
    name = "performance.labelled"
    for side, called in ((reference, "reference"), (current, "window")):
        if len(side.wrong) < MIN_LABELLED:
            has = f"{len(side.wrong)} rows of the {called} have a label"
            return NotWatched(name=name, reason=f"{has}, {MIN_LABELLED} needed")
        picked = not_at_random(side)
        if picked is not None:
            return NotWatched(name=name, reason=f"{called}: {picked}")
    return marked(name, "tail_share", np.asarray(reference.wrong), np.asarray(current.wrong))
