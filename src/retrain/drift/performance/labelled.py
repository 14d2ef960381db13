"""How often was the model right, as far as anybody has said since? The labelled rows, if they are a fair sample."""

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import binomtest, mannwhitneyu

from retrain.drift.observation import Observation
from retrain.store.judged import Accuracy

CONFIDENCE = 0.95
SUSPICIOUS = 0.01
"""Below this p-value, labelled rows are said to differ from the others: one fair sample in a hundred is slandered."""
MIN_COMPARED = 20


def labelled_accuracy(side: Observation) -> Accuracy:
    """Accuracy over the rows with a label, with Wilson's interval; unknown when there is none."""
    wrong = side.wrong
    if len(wrong) == 0:
        return Accuracy(reason=f"none of {side.rows.height} rows has a label yet")
    right = int((~wrong).sum())
    bounds = binomtest(right, len(wrong)).proportion_ci(CONFIDENCE, method="wilson")
    return Accuracy(
        value=right / len(wrong),
        low=float(bounds.low),
        high=float(bounds.high),
        rows=len(wrong),
        method="wilson",
        note=not_at_random(side),
    )


def not_at_random(side: Observation) -> str | None:
    """How the labelled rows differ from the others, when they do by more than chance: then they speak for no others."""
    if "label" not in side.rows.columns:
        return None
    has = side.rows["label"].is_not_null().to_numpy()
    for column in ("entropy", "confidence"):
        values = side.column(column)
        inside, outside = _known(values[has]), _known(values[~has])
        if min(len(inside), len(outside)) < MIN_COMPARED or np.ptp(np.concatenate([inside, outside])) == 0:
            continue
        if mannwhitneyu(inside, outside).pvalue < SUSPICIOUS:
            return (
                f"the {len(inside)} labelled rows are no random sample: mean {column} {inside.mean():.2f}, "
                f"{outside.mean():.2f} in the others"
            )
        return None
    return None


def labelled_rows(side: Observation) -> pl.DataFrame:
    """The rows that have a label."""
    if "label" not in side.rows.columns:
        return side.rows.clear().with_columns(label=pl.lit(None, dtype=pl.String))
    return side.rows.filter(pl.col("label").is_not_null())


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[~np.isnan(values)]
