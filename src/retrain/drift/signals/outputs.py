"""How do a classifier's answers differ? Its labels, its probabilities, and how sure it is."""

import zlib

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retrain.drift.observation import Observation
from retrain.drift.signals.signal import Found, NotWatched, Signal, categories, numeric, too_few
from retrain.drift.statistics import fourier_features

PLACES = 512
"""Numbers a row of probabilities has, whatever the number of labels; more labels share them."""
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
    before, after = _matrix(old), _matrix(new)
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


def _matrix(scores: pl.Series) -> NDArray[np.float32]:
    """Square roots of the probabilities, so that distances are Hellinger's; what is not kept stands last.

    A label's place is a digest of its name. Places for the reference's most frequent labels were tried: those are
    frequent by chance, too, and become rarer in any window (half of all quiet windows drifted).
    """
    pairs = pl.DataFrame({"row": np.arange(len(scores)), "scores": scores}).explode("scores").unnest("scores")
    names = pairs["label"].unique(maintain_order=True).drop_nulls().to_list()
    places = {name: zlib.crc32(name.encode()) % PLACES for name in names}
    columns = pairs["label"].replace_strict(places, return_dtype=pl.Int64).to_numpy()
    out = np.zeros((len(scores), PLACES + 1), dtype=np.float32)
    np.add.at(out, (pairs["row"].to_numpy(), columns), pairs["probability"].fill_null(0.0).to_numpy())
    out[:, -1] = np.maximum(0.0, 1.0 - out.sum(axis=1))
    return np.sqrt(np.minimum(out, 1.0))
