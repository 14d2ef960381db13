"""Is the model right less often? As far as its doubt, and the labels there are by now, can tell."""

import numpy as np

from retrain.drift.observation import Observation
from retrain.drift.performance.estimate import doubted
from retrain.drift.signals.signal import Found, NotWatched, marked

MIN_LABELLED = 30


def estimated(reference: Observation, current: Observation) -> Found:
    """Rows that the model is probably wrong on: more doubtful than its accuracy leaves room for. Only a rise counts."""
    name = "performance.estimated"
    if reference.answers is None:
        return NotWatched(name=name, reason="no answers of this champion whose truth is known")
    sides = [doubted(reference.answers, side) for side in (reference, current)]
    for side in sides:
        if isinstance(side, str):
            return NotWatched(name=name, reason=side)
    old, new = (side for side in sides if not isinstance(side, str))
    return marked(name, "tail_share", old, new)


def labelled(reference: Observation, current: Observation) -> Found:
    """Wrong answers among the rows that have a label by now. Only a rise counts."""
    name = "performance.labelled"
    old, new = (side.wrong for side in (reference, current))
    for rows, called in ((old, "reference"), (new, "window")):
        if len(rows) < MIN_LABELLED:
            return NotWatched(name=name, reason=f"{len(rows)} rows of the {called} have a label, {MIN_LABELLED} needed")
    return marked(name, "tail_share", np.asarray(old), np.asarray(new))
