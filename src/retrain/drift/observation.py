"""What is measured of each row, in the reference and in a window alike?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retrain.drift.performance.answers import Answers
from retrain.drift.properties import Properties, Words, describe, unseen_share
from retrain.production.window import Window

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]

# Samples keep rows in runs: thinned one by one, bursts would vanish from a long reference and stay in a short window.
RUN_ROWS = 50
# Rows this close in time count as one conversation, which repeats itself. Ten times the bursts of three that made
# independent tests useless (a nominal 1 % of false alarms became 92 %).
NEAR_ROWS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The rows of a log that could not be used."""

    rows: int
    good: int
    """Distinct rows that could."""
    at: tuple[int, ...]
    """About when the broken ones were logged, microseconds since 1970: all of them, or evenly thinned."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observation:
    """Rows in the order of time, and one value of each measure a row."""

    rows: pl.DataFrame
    properties: Properties
    unseen: NDArray[np.float64]
    """Share of words that the older half of the reference does not have; NaN for the rows of that half."""
    embedded: NDArray[np.int64]
    """Numbers of the rows that `vectors` are of."""
    vectors: Vectors | None
    """Embeddings of length 1; None when they are not watched."""
    distances: NDArray[np.float64] | None
    """Cosine distance of each embedded row to the nearest reference row not close to it in time."""
    broken: Broken | None = None
    """None where it was not recorded."""
    answers: Answers | None = None
    """Of a reference: answers of its champion whose truth is known, which accuracy is estimated from."""

    def taken(self, numbers: NDArray[np.int64]) -> "Observation":
        """Only these rows, measured as they were among all; numbers ascend, so the order of time stays."""
        inside = np.isin(self.embedded, numbers)
        measured = self.properties
        return Observation(
            rows=self.rows[numbers],
            properties=Properties(
                length=measured.length[numbers],
                tokens=measured.tokens[numbers],
                non_letters=measured.non_letters[numbers],
                scripts=tuple(measured.scripts[number] for number in numbers),
                words=tuple(measured.words[number] for number in numbers),
            ),
            unseen=self.unseen[numbers],
            embedded=np.searchsorted(numbers, self.embedded[inside]),
            vectors=None if self.vectors is None else self.vectors[inside],
            distances=None if self.distances is None else self.distances[inside],
            broken=self._broken_beside(numbers),
            answers=self.answers,
        )

    def _broken_beside(self, numbers: NDArray[np.int64]) -> Broken | None:
        """The broken rows that follow one of these rows in time."""
        if self.broken is None:
            return None
        at = np.array(self.broken.at, dtype=np.int64)
        before = np.searchsorted(self.rows["timestamp"].dt.epoch("us").to_numpy(), at, side="right") - 1
        kept = at[np.isin(np.maximum(before, 0), numbers)]
        return Broken(
            rows=round(self.broken.rows * len(kept) / max(1, len(at))),
            good=round(self.broken.good * len(numbers) / max(1, self.rows.height)),
            at=tuple(kept.tolist()),
        )

    @property
    def texts(self) -> list[str]:
        """The inputs."""
        return self.rows["input"].to_list()

    @property
    def outputs(self) -> list[str]:
        """What was answered."""
        return self.rows["output"].to_list()

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Of the rows that have a label by now, in the order of time: whether the answer was another."""
        if "label" not in self.rows.columns:
            return np.zeros(0, dtype=np.bool_)
        known = self.rows.filter(pl.col("label").is_not_null())
        return (known["label"] != known["output"]).to_numpy()

    def column(self, name: str) -> NDArray[np.float64]:
        """A numeric column of the log; NaN where it is not known."""
        if name not in self.rows.columns:
            return np.full(self.rows.height, np.nan)
        return self.rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def observe_reference(
    rows: pl.DataFrame, known: Words, embedded: NDArray[np.int64], vectors: Vectors | None
) -> Observation:
    """Measure the reference's rows, each against the others."""
    properties = describe(rows["input"].to_list())
    return Observation(
        rows=rows,
        properties=properties,
        unseen=_own_unseen(properties.words, known),
        embedded=embedded,
        vectors=vectors,
        distances=None if vectors is None else _own_distances(vectors, embedded),
    )


def observe_window(
    rows: pl.DataFrame, known: Words, embedded: NDArray[np.int64], pair: tuple[Vectors, Vectors] | None
) -> Observation:
    """Measure a window's rows against the reference; `pair` is the window's vectors and the reference's."""
    properties = describe(rows["input"].to_list())
    return Observation(
        rows=rows,
        properties=properties,
        unseen=unseen_share(properties.words, known),
        embedded=embedded,
        vectors=None if pair is None else pair[0],
        distances=None if pair is None or not _comparable(*pair) else _distances(*pair),
    )


def broken_of(window: Window) -> Broken:
    """What of a window could not be used."""
    return Broken(rows=sum(window.quarantined.values()), good=window.total, at=window.broken_at)


def in_runs(rows: int, limit: int) -> NDArray[np.int64]:
    """Numbers of at most `limit` rows: all of them, or runs of neighbours spread evenly over the time."""
    if rows <= limit:
        return np.arange(rows)
    length = min(RUN_ROWS, limit)
    starts = np.linspace(0, rows - length, limit // length).astype(np.int64)
    return np.unique(starts[:, None] + np.arange(length))


def older_half(rows: int) -> int:
    """How many of the oldest reference rows make the vocabulary.

    Rows measured against a vocabulary that they are no part of compare fairly with a window's. With each row measured
    against all the others, a burst brings its own words: a nominal 5 % of false alarms became 44 % (CLINC150, bursts of
    three, 300 windows); with 30 rows around each left out too, 12 % without bursts; with halves 5 %, and 9 % in bursts.
    """
    return rows // 2


def _own_unseen(words: Sequence[Words], known: Words) -> NDArray[np.float64]:
    older = older_half(len(words))
    return np.concatenate([np.full(older, np.nan), unseen_share(words[older:], known)])


def _comparable(vectors: Vectors, reference: Vectors) -> bool:
    return bool(vectors.shape[1] == reference.shape[1])


def _distances(vectors: Vectors, reference: Vectors) -> NDArray[np.float64]:
    nearest: NDArray[np.float64] = (vectors @ reference.T).max(axis=1).astype(np.float64)
    return 1.0 - nearest


def _own_distances(vectors: Vectors, embedded: NDArray[np.int64]) -> NDArray[np.float64]:
    near = min(NEAR_ROWS, len(vectors) // 4)
    likeness = vectors @ vectors.T
    likeness[np.abs(embedded[:, None] - embedded[None, :]) <= near] = -1.0
    nearest: NDArray[np.float64] = likeness.max(axis=1, initial=-1.0).astype(np.float64)
    return 1.0 - nearest
