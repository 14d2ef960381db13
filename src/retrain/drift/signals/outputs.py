"""How do a classifier's answers differ? Its labels, its probabilities, and how sure it is."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retrain.drift.observation import Observation
from retrain.drift.signals.signal import Found, NotWatched, Signal, categories, numeric, too_few
from retrain.drift.statistics import fourier_features

TOP_LABELS = 64
"""Labels whose probability is looked at, those with most of it in the reference; the others count together."""
SEED = 31
SCORES_MISSING = "the {} was stored without the labels' probabilities"


def labels(reference: Observation, current: Observation) -> Found:
    """The shares of the labels."""
    return categories("output.labels", reference.rows["output"].to_list(), current.rows["output"].to_list())


def probabilities(reference: Observation, current: Observation) -> Found:
    """Black-box shift detection: the distribution of the predicted probabilities, by random features."""
    name = "output.probabilities"
    for side, called in ((reference, "reference"), (current, "window")):
        if "scores" not in side.rows.columns:
            return NotWatched(name=name, reason=SCORES_MISSING.format(called))
    old, new = (side.rows.filter(pl.col("scores").list.len() > 0)["scores"] for side in (reference, current))
    reason = too_few(len(old), reference.rows.height, len(new), current.rows.height)
    if reason is not None:
        return NotWatched(name=name, reason=reason)
    known = _top(old)
    before, after = _matrix(old, known), _matrix(new, known)
    if np.ptp(np.vstack([before, after]), axis=0).max() == 0:
        return NotWatched(name=name, reason="constant: the same in every row of the reference and the window")
    features = [fourier_features(side, like=before, seed=SEED) for side in (before, after)]
    return Signal(name=name, method="mmd_rff", reference=features[0], current=features[1])


def confidence(reference: Observation, current: Observation) -> Found:
    """How sure the model says it is, by rank: what shifts it as a whole, up or down."""
    return numeric("output.confidence", "rank_shift", reference.column("confidence"), current.column("confidence"))


def entropy(reference: Observation, current: Observation) -> Found:
    """Rows as unsure as the reference's least sure ones."""
    return numeric("output.entropy", "tail_share", reference.column("entropy"), current.column("entropy"))


def _top(scores: pl.Series) -> list[str]:
    pairs = scores.explode().struct.unnest()
    mass = pairs.group_by("label").agg(pl.col("probability").cast(pl.Float64).sum())
    return mass.sort(["probability", "label"], descending=[True, False])["label"].head(TOP_LABELS).to_list()


def _matrix(scores: pl.Series, known: list[str]) -> NDArray[np.float32]:
    """Square roots of the probabilities, the rest in the last column: so that distances are Hellinger's."""
    pairs = pl.DataFrame({"row": np.arange(len(scores)), "scores": scores}).explode("scores").unnest("scores")
    places = pl.DataFrame({"label": known, "place": np.arange(len(known))})
    found = pairs.join(places, on="label", how="inner", maintain_order="left")
    out = np.zeros((len(scores), len(known) + 1), dtype=np.float32)
    np.add.at(out, (found["row"].to_numpy(), found["place"].to_numpy()), found["probability"].to_numpy())
    out[:, -1] = np.maximum(0.0, 1.0 - out.sum(axis=1))
    return np.sqrt(np.minimum(out, 1.0))
