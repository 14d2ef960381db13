"""Which drift is planted in a drill? Recipes that need nothing but the reference's own rows, and a seed.

A share of a window's rows is replaced or changed; the sizes are stated in `SHARES`, and a drill's power is the power
against these. What looks like out-of-scope traffic is the reference's own doubtful rows: nothing outside is needed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retrain.drift.observation import Observation
from retrain.drift.properties import describe, unseen_share, vocabulary
from retrain.store.drilled import Planted

SHARES: Mapping[Planted, float] = {"label_mix": 0.4, "unsure_rows": 0.2, "new_words": 0.2, "copied_rows": 0.2}
"""Share of the rows. 0.2: the drift that a window of 100 rows should not hide (the default of `min_rows` rests on it).
0.4 of the mix: rows replaced by rows of one half of the labels move half as many from one half to the other."""
UNSURE = 0.1
"""The least sure tenth of the reference stands in for rows that the model does not know."""
WORD = re.compile(r"\w+")
COPIES = 3
"""Rows that the copies are of, as when a client sends the same few messages again and again."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """A drift of one trial: the same in all its windows."""

    drift: Planted
    reference: Observation
    rows: Numbers
    """Numbers of the reference's rows that others are replaced by."""

    def into(self, window: Numbers, draws: np.random.Generator) -> Observation:
        """The reference's rows of these numbers, with the drift in them."""
        count = max(1, round(SHARES[self.drift] * len(window)))
        if self.drift == "copied_rows":
            start = draws.integers(len(window) - count + 1)
            return _replaced(self.reference, window, np.arange(start, start + count), np.resize(self.rows, count))
        places = np.sort(draws.choice(len(window), count, replace=False))
        if self.drift == "new_words":
            return _spelled_backwards(self.reference, window, places)
        return _replaced(self.reference, window, places, draws.choice(self.rows, count))


def source(drift: Planted, reference: Observation, draws: np.random.Generator) -> Source | str:
    """What a trial plants, or why it cannot be planted in this reference."""
    rows = RECIPES[drift](reference, draws)
    return rows if isinstance(rows, str) else Source(drift=drift, reference=reference, rows=rows)


def drawn(reference: Observation, sources: Numbers, window: Numbers) -> Observation:
    """Rows of the reference in any order and any number of times, at the times of the window's own rows."""
    seen = reference.properties
    at = reference.rows["timestamp"][window]
    embedded = np.flatnonzero(np.isin(sources, reference.embedded))
    found = np.searchsorted(reference.embedded, sources[embedded])
    return replace(
        reference.taken(window),
        rows=reference.rows[sources].with_columns(timestamp=at),
        properties=replace(
            seen,
            length=seen.length[sources],
            tokens=seen.tokens[sources],
            non_letters=seen.non_letters[sources],
            scripts=tuple(seen.scripts[row] for row in sources),
            words=tuple(seen.words[row] for row in sources),
        ),
        unseen=reference.unseen[sources],
        embedded=embedded,
        vectors=None if reference.vectors is None else reference.vectors[found],
        distances=None if reference.distances is None else reference.distances[found],
    )


def _one_half_of_labels(reference: Observation, draws: np.random.Generator) -> Numbers | str:
    """Rows with the labels of one half, drawn anew in each trial."""
    outputs = np.array(reference.outputs, dtype=object)
    names = sorted(set(reference.outputs))
    if len(names) < 2 or len(names) > reference.rows.height / 2:
        return f"{len(names)} different outputs in {reference.rows.height} rows: no half of them means anything"
    half = draws.permutation(np.array(names, dtype=object))[: len(names) // 2]
    return np.flatnonzero(np.isin(outputs, half))


def _least_sure(reference: Observation, _draws: np.random.Generator) -> Numbers | str:
    """Rows that the model was least sure of."""
    confidence = reference.column("confidence")
    known = np.flatnonzero(~np.isnan(confidence))
    if len(known) < reference.rows.height / 2 or np.ptp(confidence[known]) == 0:
        return f"confidence is known in {len(known)} of {reference.rows.height} rows, or the same in all of them"
    return known[np.argsort(confidence[known], kind="stable")][: max(1, round(UNSURE * len(known)))]


def _a_few(reference: Observation, draws: np.random.Generator) -> Numbers | str:
    """The rows that copies are made of."""
    return draws.choice(reference.rows.height, COPIES, replace=False)


def _none(_reference: Observation, _draws: np.random.Generator) -> Numbers | str:
    return np.arange(0)


RECIPES: Mapping[Planted, Callable[[Observation, np.random.Generator], Numbers | str]] = {
    "label_mix": _one_half_of_labels,
    "unsure_rows": _least_sure,
    "new_words": _none,
    "copied_rows": _a_few,
}


def _replaced(reference: Observation, window: Numbers, places: Numbers, sources: Numbers) -> Observation:
    rows = window.copy()
    rows[places] = sources
    return drawn(reference, rows, window)


def _spelled_backwards(reference: Observation, window: Numbers, places: Numbers) -> Observation:
    """Words that the vocabulary does not have, in texts with the same lengths, letters and answers.

    Where embeddings are watched these rows have none: a drill loads no model.
    """
    changed = drawn(reference, window, window)
    texts = changed.texts
    for place in places:
        texts[place] = WORD.sub(lambda word: word.group()[::-1], texts[place])
    measured = describe(texts)
    unseen = changed.unseen.copy()
    of_new = unseen_share([measured.words[place] for place in places], vocabulary(reference.properties.words))
    # Rows of the older half are measured by no vocabulary, changed or not: those that are stay a fair sample.
    unseen[places] = np.where(np.isnan(unseen[places]), np.nan, np.maximum(unseen[places], of_new))
    kept = ~np.isin(changed.embedded, places)
    return replace(
        changed,
        rows=changed.rows.with_columns(input=pl.Series(texts, dtype=pl.String)),
        properties=measured,
        unseen=unseen,
        embedded=changed.embedded[kept],
        vectors=None if changed.vectors is None else changed.vectors[kept],
        distances=None if changed.distances is None else changed.distances[kept],
    )
