"""What does the check measure on very many windows at once? Its own signals and its own laws of chance, side by side.

A window is a draw of row numbers with replacement, so reference and windows come from one population and a quiet year
is quiet exactly. Everything that a row contributes is looked up; the laws of chance are the product's.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from benchmarks.corpora import Corpora
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import stdtr

from retrain.drift.calibration import METHODS, Null, null_of
from retrain.drift.classifier import in_first_fold, told_apart_along, whitened
from retrain.drift.observation import NEAR_ROWS, older_half
from retrain.drift.policy import DriftPolicy
from retrain.drift.properties import Words, describe
from retrain.drift.sequential.pool import Seen
from retrain.drift.signals.signal import TAIL, grouped
from retrain.drift.statistics import fourier_features

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
CHUNK = 64


@dataclass(frozen=True)
class Measured:
    """Per row of the corpora, what no reference changes."""

    corpora: Corpora
    columns: dict[str, Floats]
    words: csr_array
    """Rows by words, 1 where a row has the word."""
    fourier: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    """Random features of the classifier's probabilities."""
    likeness: NDArray[np.float32]
    """Cosine of each known row with each row."""

    @classmethod
    def of(cls, corpora: Corpora) -> "Measured":
        """Read every row once."""
        seen = describe(corpora.texts)
        known = corpora.vectors[corpora.rows("known")]
        return cls(
            corpora=corpora,
            columns={
                "input.length": seen.length,
                "input.tokens": seen.tokens,
                "input.non_letters": seen.non_letters,
                "output.confidence": corpora.scores.max(axis=1).astype(np.float64),
                "output.entropy": corpora.entropy,
            },
            words=_table(seen.words),
            fourier=fourier_features(corpora.vectors, like=known, seed=29),
            probabilities=fourier_features(
                np.sqrt(corpora.scores), like=np.sqrt(corpora.scores[corpora.rows("known")]), seed=31
            ),
            likeness=known @ corpora.vectors.T,
        )


def stationary(corpora: Corpora, draws: np.random.Generator, rows: int, burst: int) -> Rows:
    """Known rows in the order of time; with bursts, so many of one intent follow each other."""
    known = corpora.rows("known")
    if burst == 1:
        return np.asarray(draws.choice(known, rows))
    order = known[np.argsort(corpora.intents[known], kind="stable")]
    counts = np.bincount(corpora.intents[known])
    first = np.concatenate([[0], np.cumsum(counts)])
    topic = np.repeat(corpora.intents[draws.choice(known, -(-rows // burst))], burst)[:rows]
    return np.asarray(order[first[topic] + (draws.random(rows) * counts[topic]).astype(np.int64)])


@dataclass(frozen=True)
class Signal:
    """One signal of one reference: its law of chance, and its statistic of windows given as row numbers."""

    name: str
    null: Null
    statistic: Callable[[Rows], Floats]

    def deviations(self, values: Floats) -> Floats:
        """The null's own, at the values that occur, or between near ones of them."""
        if self.null.share is not None:
            found, places = np.unique(values, return_inverse=True)
            return np.array([self.null.deviation(float(value)) for value in found])[places].reshape(values.shape)
        grid = np.linspace(values.min(), values.max() + 1e-9, 150)
        return np.interp(values, grid, [self.null.deviation(float(value)) for value in grid])


def watch(measured: Measured, reference: Rows, rows: int, policy: DriftPolicy) -> list[Signal]:
    """The signals of windows of so many rows against this reference."""
    corpora, made = measured.corpora, []

    def add(name: str, method: str, values: NDArray[np.generic], statistic: Callable[[Rows], Floats]) -> None:
        null = null_of(METHODS[method], values, current_rows=rows, draws=policy.calibration_blocks)
        made.append(Signal(name=name, null=null, statistic=statistic))

    columns = {**measured.columns, "input.unseen_words": _unseen(measured, reference)}
    for name in ("input.length", "input.tokens", "input.non_letters", "input.unseen_words"):
        own = reference[older_half(len(reference)) :] if name == "input.unseen_words" else reference
        add(name, "ks", columns[name][own], _ks(columns[name], own))
    output, names = corpora.output, np.arange(corpora.scores.shape[1]).astype(str)
    groups = grouped(names[output[reference]].tolist(), rows)
    codes = np.array([groups.get(name, max(groups.values()) + 1) for name in names.tolist()])[output]
    add("output.labels", "total_variation", codes[reference], _total_variation(codes, reference))
    add("output.confidence", "rank_shift", columns["output.confidence"][reference], _rank_shift(columns, reference))
    entropy = columns["output.entropy"]
    marks = _beyond(entropy, entropy[reference])
    add("output.entropy", "tail_share", marks[reference], _share(marks, marks[reference]))
    for name, features in (("input.embedding", measured.fourier), ("output.probabilities", measured.probabilities)):
        add(name, "mmd_rff", features[reference], _mmd(features, reference))
    features = whitened(corpora.vectors, like=corpora.vectors[reference])
    add("input.classifier", "domain_classifier", features[reference], _told_apart(features, reference))
    far, own_far = _distances(measured, reference)
    marks, own_marks = _beyond(far, own_far), _beyond(own_far, own_far)
    add("input.neighbours", "tail_share", own_marks, _share(marks, own_marks))
    return made


def values_of(signals: list[Signal], windows: Iterator[Rows] | list[Rows]) -> Floats:
    """Statistics, shape (windows, signals)."""
    return np.concatenate([np.stack([signal.statistic(part) for signal in signals], axis=1) for part in windows])


def seen_of(signals: list[Signal], values: Floats) -> Seen:
    """As the budget pools them; arrays of shape (windows, signals)."""
    nulls = [signal.null for signal in signals]
    distance = np.array([null.tail == "distance" for null in nulls])
    noise = np.array([null.noise for null in nulls])
    return Seen(
        size=np.stack([signal.deviations(values[:, place]) for place, signal in enumerate(signals)], axis=1),
        either=np.array([null.tail == "either" for null in nulls]),
        distance=distance,
        rows=np.array([float(null.rows) for null in nulls]),
        reference_rows=np.array([float(null.reference_rows) for null in nulls]),
        freedom=np.array([null.freedom for null in nulls]),
        unsure=np.array([null.unsure for null in nulls]),
        effect=np.where(distance, values**2 - noise, values),
    )


def window_p_values(seen: Seen) -> Floats:
    """Each window alone, shape (windows, signals)."""
    size = seen.size / np.sqrt(1 + seen.unsure)
    return np.asarray(np.where(seen.either, 2 * stdtr(seen.freedom, -np.abs(size)), stdtr(seen.freedom, -size)))


def _table(words: Sequence[Words]) -> csr_array:
    number = {word: place for place, word in enumerate(sorted(frozenset().union(*words)))}
    columns = [number[word] for of_row in words for word in sorted(of_row)]
    starts = np.concatenate([[0], np.cumsum([len(of_row) for of_row in words])])
    return csr_array((np.ones(len(columns)), columns, starts), shape=(len(words), len(number)))


def _unseen(measured: Measured, reference: Rows) -> Floats:
    known = measured.words[reference[: older_half(len(reference))]].sum(axis=0) > 0
    every = measured.words.sum(axis=1)
    return np.asarray(measured.words @ (~known).astype(np.float64) / np.maximum(every, 1))


def _beyond(values: Floats, reference: Floats) -> NDArray[np.float32]:
    return np.asarray(values > np.quantile(reference, TAIL), dtype=np.float32)


def _distances(measured: Measured, reference: Rows) -> tuple[Floats, Floats]:
    # Known rows come first, so their numbers are those of the lines too.
    near = measured.likeness[reference]
    own = near[:, reference].copy()
    places = np.arange(len(reference))
    own[np.abs(places[:, None] - places) <= min(NEAR_ROWS, len(reference) // 4)] = -1.0
    return (1.0 - near.max(axis=0)).astype(np.float64), (1.0 - own.max(axis=1)).astype(np.float64)


def _counts(codes: Rows, windows: Rows, width: int) -> Floats:
    flat = codes[windows] + width * np.arange(len(windows))[:, None]
    return np.bincount(flat.ravel(), minlength=width * len(windows)).reshape(len(windows), width).astype(np.float64)


def _ks(values: Floats, reference: Rows) -> Callable[[Rows], Floats]:
    """The largest distance lies at a row of the window, on it or just before it, so only these are looked at."""
    old = np.sort(values[reference])
    # Of each row: the reference's share up to it, and below it.
    upto = np.searchsorted(old, values, "right") / len(old)
    below = np.searchsorted(old, values, "left") / len(old)

    def run(windows: Rows) -> Floats:
        rows = windows.shape[1]
        steps = np.arange(rows + 1) / rows
        over = steps[1:] - np.sort(upto[windows], axis=1)
        under = np.sort(below[windows], axis=1) - steps[:-1]
        return np.asarray(np.maximum(over.max(axis=1), under.max(axis=1)))

    return run


def _total_variation(codes: Rows, reference: Rows) -> Callable[[Rows], Floats]:
    width = int(codes.max()) + 1
    before = np.bincount(codes[reference], minlength=width) / len(reference)
    return lambda windows: np.abs(_counts(codes, windows, width) / windows.shape[1] - before).sum(axis=1) / 2


def _rank_shift(columns: dict[str, Floats], reference: Rows) -> Callable[[Rows], Floats]:
    values = columns["output.confidence"]
    old = np.sort(values[reference])
    place = (np.searchsorted(old, values, "left") + np.searchsorted(old, values, "right")) / len(old) - 1
    return lambda windows: np.asarray(place[windows].mean(axis=1))


def _share(marks: NDArray[np.float32], own: NDArray[np.float32]) -> Callable[[Rows], Floats]:
    share = float(own.mean(dtype=np.float64))
    return lambda windows: marks[windows].mean(axis=1, dtype=np.float64) - share


def _mmd(features: NDArray[np.float32], reference: Rows) -> Callable[[Rows], Floats]:
    before = features[reference].mean(axis=0, dtype=np.float64)
    return lambda windows: np.asarray(np.linalg.norm(_means(features, windows) - before, axis=1))


def _told_apart(features: NDArray[np.float32], reference: Rows) -> Callable[[Rows], Floats]:
    """Folds as in a check: alternate runs of rows, those of the window going on where the reference ends."""
    even = in_first_fold(len(reference))
    before = [features[reference[fold]].mean(axis=0, dtype=np.float64) for fold in (even, ~even)]

    def run(windows: Rows) -> Floats:
        even = in_first_fold(len(reference) + windows.shape[1])[len(reference) :]
        one, other = (_means(features, windows[:, fold]) - old for fold, old in zip((even, ~even), before, strict=True))
        return told_apart_along(one, other)

    return run


def _means(features: NDArray[np.float32], windows: Rows) -> Floats:
    """Of each window's rows; few windows at a time, so that they stay in a processor's cache."""
    pieces = range(0, len(windows), CHUNK)
    return np.concatenate([features[windows[i : i + CHUNK]].mean(axis=1) for i in pieces]).astype(np.float64)
