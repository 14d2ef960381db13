"""Does the challenger still know what was held out before, or only what came since?"""

from collections.abc import Collection, Sequence

from retrain.dataset.snapshot import Example
from retrain.evaluation.soundness import Remembered
from retrain.training.prediction import Prediction


def remembered(
    heldout: Sequence[Example],
    earlier: Collection[str],
    champion: Sequence[Prediction],
    challenger: Sequence[Prediction],
) -> Remembered:
    """The comparison on held-out rows whose text is among the `earlier` ones, and on the others."""
    old, new = [0, 0, 0], [0, 0, 0]
    for row, before, now in zip(heldout, champion, challenger, strict=True):
        side = old if row.text in earlier else new
        side[0] += 1
        side[1] += before.label == row.label != now.label
        side[2] += now.label == row.label != before.label
    return Remembered(
        rows=old[0],
        only_champion_right=old[1],
        only_challenger_right=old[2],
        newer=new[0],
        newer_only_champion_right=new[1],
        newer_only_challenger_right=new[2],
    )
