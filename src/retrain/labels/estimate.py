"""How often is the champion right, judged by the rows that people labelled? Each counts for the rows it stands for."""

from collections.abc import Mapping, Sequence
from math import sqrt

from retrain.evaluation.proportion import wilson
from retrain.labels.choose import Stratum
from retrain.values import Value

CONFIDENCE = 0.95


class Known(Value):
    """Rows whose label was known without asking: their own, or that of a text alike."""

    rows: int = 0
    right: int = 0


class Estimate(Value):
    """The share of right answers over all rows that the labels speak for, with its interval."""

    accuracy: float
    low: float
    high: float
    confidence: float = CONFIDENCE
    labelled: int
    """Rows asked for that have a label now."""
    asked: int
    rows: int
    """Production rows that this speaks for."""


def estimate(
    strata: Sequence[Stratum], stands_for: Mapping[str, int], right: Mapping[str, bool], known: Known
) -> Estimate | None:
    """None until each stratum has a label: a part of the rows that nobody has looked at is unknown, not right.

    `right` has the rows that people labelled. Rows that came back without a label count as if left out by lot.
    """
    answered = [[row for row in stratum.chosen if row in right] for stratum in strata]
    if not strata or not all(answered):
        return None
    total = sum(stratum.stands_for for stratum in strata)
    pairs = list(zip(strata, answered, strict=True))
    share = 0.0
    for stratum, rows in pairs:
        share += stratum.stands_for / total * _ratio(rows, stands_for, right)
    error = sqrt(sum(_variance(*pair, stands_for, right) for pair in pairs)) / total
    low, high = _interval(share, error, sum(map(len, answered)))
    whole = total + known.rows
    return Estimate(
        accuracy=(share * total + known.right) / whole,
        low=(low * total + known.right) / whole,
        high=(high * total + known.right) / whole,
        labelled=sum(map(len, answered)),
        asked=sum(len(stratum.chosen) for stratum in strata),
        rows=whole,
    )


def _ratio(rows: Sequence[str], stands_for: Mapping[str, int], right: Mapping[str, bool]) -> float:
    """Within a stratum all rows have the same probability, so it cancels out."""
    return sum(stands_for[row] for row in rows if right[row]) / sum(stands_for[row] for row in rows)


def _variance(stratum: Stratum, rows: Sequence[str], stands_for: Mapping[str, int], right: Mapping[str, bool]) -> float:
    """Of the number of right answers in a stratum, of which rows were drawn without replacement.

    The share is taken with two right and two wrong answers more (Agresti and Coull 1998): thirty rows that are all
    right do not mean that all are. Without that, intervals meant to hold in 95 % of draws held in 79 %.
    """
    drawn = len(rows)
    weights = [stands_for[row] for row in rows]
    share = (_ratio(rows, stands_for, right) * drawn + 2) / (drawn + 4)
    spread = share * (1 - share) * sum(weight**2 for weight in weights) / drawn
    return stratum.rows**2 * (1 - drawn / stratum.rows) * spread / drawn


def _interval(share: float, error: float, labelled: int) -> tuple[float, float]:
    """Wilson's interval of as many rows drawn one by one as would have this error."""
    spread = share * (1 - share)
    if spread == 0:
        return wilson(share, labelled, CONFIDENCE)
    return wilson(share, max(1, round(spread / error**2)), CONFIDENCE) if error else (share, share)
