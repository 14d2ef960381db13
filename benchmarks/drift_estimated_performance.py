"""How far is accuracy estimated without labels from the truth, and how often do its bounds hold it?

    python -m benchmarks.drift_estimated_performance [--trials 60]

CLINC150 with MiniLM and a probe; 1,500 answers whose truth is known, windows of 1,000 rows. A window's truth is the
accuracy of its own rows; what the probe was never taught it answers wrongly. The multiples of the estimate and of its
bounds were chosen on Banking77 (`--corpus banking77` shows how), with CLINC150 as the strange rows, and are scored here
on CLINC150. Embedding takes most of the time, once.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from benchmarks.clinc import DATA, START
from benchmarks.corpora import embedded, informal, read_corpora, taught
from numpy.typing import NDArray

from retrain.drift.observation import Observation, observe_window
from retrain.drift.performance.answers import Answers
from retrain.drift.performance.estimate import estimate
from retrain.drift.performance.rules import RULES, confidence_fall

KNOWN, ROWS = 1_500, 1_000
SHARES = (0.05, 0.1, 0.2, 0.4)
TARGET = 0.025
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Answered:
    """Rows of all kinds, each with what the model made of it."""

    kinds: NDArray[np.str_]
    scores: NDArray[np.float32]
    right: NDArray[np.bool_]
    groups: NDArray[np.int64]
    """What a prior shift moves: the true label."""

    @property
    def confidence(self) -> NDArray[np.float64]:
        """Probability of the answer."""
        return np.asarray(self.scores.max(axis=1), dtype=np.float64)

    @property
    def entropy(self) -> NDArray[np.float64]:
        """Of all probabilities, in nats."""
        return np.asarray(-(self.scores * np.log(self.scores + 1e-12)).sum(axis=1), dtype=np.float64)


@dataclass(frozen=True)
class Drift:
    """One kind of change, and how much of it."""

    kind: str
    share: float

    @property
    def usual(self) -> bool:
        """Up to a fifth of the rows changed, as in published figures."""
        return self.share <= 0.2 or self.kind == "prior shift"


DRIFTS = (
    Drift("none", 0.0),
    *(Drift(kind, share) for kind in ("out of scope", "new domain", "new intents") for share in SHARES),
    *(Drift("prior shift", share) for share in (0.3, 0.6)),
    *(Drift("style", share) for share in (0.2, 0.5, 1.0)),
)


def clinc() -> Answered:
    """The corpus that is scored."""
    seen = read_corpora()
    right = (seen.output == seen.intents) & (seen.intents >= 0)
    return Answered(kinds=seen.kinds, scores=seen.scores, right=right, groups=seen.intents)


def banking() -> Answered:
    """The corpus that the multiples were chosen on: eight intents new, CLINC150 as domain and scope."""
    other = read_corpora()
    train, test = (pl.read_csv(DATA / f"banking77_{part}.csv") for part in ("train", "test"))
    names = sorted(set(train["category"]))
    new = set(names[::10])
    number = {name: place for place, name in enumerate(n for n in names if n not in new)}
    few = train.filter(~pl.col("category").is_in(sorted(new)) & (pl.int_range(pl.len()).over("category") < 30))
    labels = [number.get(name, -1) for name in test["category"]]
    hurried = [informal(text) for text in test["text"].to_list()[::2]]
    vectors = embedded("banking", [*few["text"], *test["text"], *hurried])
    strange = {
        kind: other.vectors[other.rows(of)][:1_500]
        for kind, of in (("new domain", "known"), ("out of scope", "out of scope"))
    }
    served = np.vstack([vectors[few.height :], *strange.values()])
    scores = taught(vectors[: few.height], np.array([number[name] for name in few["category"]]), served)
    kinds = ["known" if label >= 0 else "new intents" for label in labels]
    kinds += ["style" if label >= 0 else "none of these" for label in labels[::2]]
    groups = np.array([*labels, *labels[::2], *[-1] * sum(map(len, strange.values()))])
    kinds += [kind for kind, rows in strange.items() for _ in rows]
    return Answered(kinds=np.array(kinds), scores=scores, right=scores.argmax(axis=1) == groups, groups=groups)


def trials(seen: Answered, drift: Drift, count: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Rows whose truth is known, and a window's: never the same ones."""
    for trial in range(count):
        draws = np.random.default_rng((seed, trial, int(drift.share * 1_000), len(drift.kind)))
        usual = draws.permutation(np.flatnonzero(seen.kinds == "known"))
        known, rest = usual[:KNOWN], usual[KNOWN:]
        if drift.kind == "prior shift":
            favoured = np.isin(seen.groups[rest], draws.choice(seen.groups.max() + 1, 15, replace=False))
            chance = np.where(favoured, drift.share / favoured.mean(), (1 - drift.share) / (1 - favoured.mean()))
            yield known, draws.choice(rest, ROWS, replace=False, p=chance / chance.sum())
            continue
        strange = round(drift.share * ROWS)
        pool = np.flatnonzero(seen.kinds == drift.kind)
        taken = draws.choice(pool, strange, replace=strange > len(pool)) if strange else rest[:0]
        yield known, draws.permutation(np.concatenate([rest[: ROWS - strange], taken]))


def observed(seen: Answered, rows: Rows) -> Observation:
    """These rows as a check sees them."""
    frame = pl.DataFrame(
        {
            "timestamp": [START + timedelta(seconds=second) for second in range(len(rows))],
            "input": "",
            "output": "",
            "confidence": seen.confidence[rows],
            "entropy": seen.entropy[rows],
        }
    )
    return observe_window(frame, frozenset(), np.arange(0), None)


def errors(seen: Answered, drift: Drift, count: int, seed: int) -> NDArray[np.float64]:
    """A line a trial: the estimates of each rule and of no change less the truth, held or not, width, the fall of
    the confidence and the true one."""
    lines = []
    confidence, entropy = seen.confidence, seen.entropy
    for known, rows in trials(seen, drift, count, seed):
        answers = Answers(
            right=seen.right[known], confidence=confidence[known], entropy=entropy[known], source="the corpus"
        )
        truth = float(seen.right[rows].mean())
        found = [rule(answers, entropy[rows], confidence[rows]) for rule in RULES.values()]
        told = estimate(answers, observed(seen, rows))
        assert told.low is not None
        assert told.high is not None
        held = told.low <= truth <= told.high
        falls = confidence_fall(answers, confidence[rows]), answers.accuracy - truth
        lines.append([*(one - truth for one in (*found, answers.accuracy)), held, told.high - told.low, *falls])
    return np.array(lines)


def main() -> None:
    """Print the table."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--trials", type=int, default=60)
    words.add_argument("--corpus", choices=("clinc150", "banking77"), default="clinc150")
    told = words.parse_args()
    seen = clinc() if told.corpus == "clinc150" else banking()
    names = [*RULES, "no change"]
    accuracy = seen.right[seen.kinds == "known"].mean()
    print(f"{told.corpus}: accuracy {accuracy:.3f} without drift, {told.trials} windows a row")
    print("mean error (mean absolute error) of the estimated accuracy\n")
    print(f"| drift | {' | '.join(names)} | bounds hold (nominal 0.95) | width | true fall / fall of confidence |")
    print("| --- |" + " --- |" * (len(names) + 3))
    tables = [errors(seen, drift, told.trials, seed=11) for drift in DRIFTS]
    for drift, found in zip(DRIFTS, tables, strict=True):
        cells = [f"{found[:, place].mean():+.3f} ({np.abs(found[:, place]).mean():.3f})" for place in range(len(names))]
        _line(f"{drift.kind} {drift.share:.0%}", cells, found)
    usual = [found for drift, found in zip(DRIFTS, tables, strict=True) if drift.usual]
    for what, chosen in (("all of these", tables), ("with at most a fifth of the rows changed", usual)):
        joined = np.vstack(chosen)
        _line(f"mean absolute error, {what}", [f"{np.abs(joined[:, p]).mean():.4f}" for p in range(len(names))], joined)
    print(f"\ntarget: mean absolute error {TARGET}")


def _line(name: str, cells: list[str], found: NDArray[np.float64]) -> None:
    held, width, seen, true = found[:, -4:].mean(axis=0)
    ratio = f"{true / seen:.1f}" if abs(seen) > 0.01 else "-"
    print(f"| {name} | {' | '.join(cells)} | {held:.3f} | {width:.2f} | {ratio} |")


if __name__ == "__main__":
    main()
