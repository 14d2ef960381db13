"""Is a planted segment found, and the drift called what it is? On made-up topics; the benchmark has real text."""

from collections.abc import Callable

import numpy as np
import pytest
from benchmarks.clinc import window_of
from benchmarks.drift_planted import damaged, typos, upper

from retrain.drift.attribution.attribute import attribution
from retrain.drift.check import observed
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import build_reference
from retrain.drift.report import DriftKind

POLICY = DriftPolicy(calibration_blocks=100)
REFERENCE, ROWS, PLANTED = 500, 300, 45
TRIALS = 10
WORDS = [
    "".join(pair) + tail
    for pair in zip("bdfgklmnprstvz" * 20, "aeiou" * 56, "ndrlst" * 47, strict=False)
    for tail in ("ora", "ista", "ement")
]
"""Words that look like none of each other; a topic has twelve, and all share thirty."""
Change = Callable[[str, np.random.Generator], str]


def topics(draws: np.random.Generator, numbers: list[int]) -> list[str]:
    """A text of each topic: four of its words and four that all have."""
    shared = WORDS[:30]
    return [" ".join([*draws.choice(WORDS[30 + 12 * n : 42 + 12 * n], 4), *draws.choice(shared, 4)]) for n in numbers]


def trial(seed: int, planted: Callable[[np.random.Generator, int], tuple[list[str], list[int]]]) -> tuple[bool, str]:
    """Whether the planted rows are found among the first five segments, and what the whole is called."""
    draws = np.random.default_rng(seed)
    usual, new = draws.integers(8, size=REFERENCE + ROWS - PLANTED).tolist(), planted(draws, PLANTED)
    texts = topics(draws, usual)
    order = draws.permutation(ROWS)
    window = [(*texts[REFERENCE:], *new[0])[row] for row in order]
    labels = [(*usual[REFERENCE:], *new[1])[row] for row in order]
    before = window_of(texts[:REFERENCE], output=[f"topic {n}" for n in usual[:REFERENCE]])
    after = window_of(window, output=[f"topic {n}" for n in labels])
    profile = build_reference(before, POLICY)
    told, members = attribution(profile.seen, observed(after, profile, POLICY, None), POLICY, 0.0)
    marks = order >= ROWS - PLANTED
    found = any((rows & marks).sum() > max(marks.sum(), rows.sum()) / 2 for rows in members[:5])
    return found, told.kind or ""


def fresh(draws: np.random.Generator, rows: int) -> tuple[list[str], list[int]]:
    return topics(draws, [9] * rows), draws.integers(8, size=rows).tolist()


def more_of_one(draws: np.random.Generator, rows: int) -> tuple[list[str], list[int]]:
    return topics(draws, [3] * rows), [3] * rows


def written(change: Change) -> Callable[[np.random.Generator, int], tuple[list[str], list[int]]]:
    def planted(draws: np.random.Generator, rows: int) -> tuple[list[str], list[int]]:
        numbers = draws.integers(8, size=rows).tolist()
        return [change(text, draws) for text in topics(draws, numbers)], numbers

    return planted


@pytest.mark.parametrize(
    ("planted", "kind"),
    [
        (fresh, "new topic"),
        (more_of_one, "change of mix"),
        (written(upper), "change of style"),
        (written(typos), "change of style"),
        (written(damaged), "broken data"),
        (written(lambda _text, _draws: "null"), "broken data"),
    ],
    ids=["new topic", "one topic more", "upper case", "typos", "encoding", "constant"],
)
def test_a_planted_segment_is_found_and_the_kind_is_right_in_nine_of_ten_trials(
    planted: Callable[[np.random.Generator, int], tuple[list[str], list[int]]], kind: DriftKind
) -> None:
    seen = [trial(seed, planted) for seed in range(TRIALS)]
    assert sum(found for found, _ in seen) >= 0.9 * TRIALS
    assert sum(called == kind for _, called in seen) >= 0.9 * TRIALS, [called for _, called in seen]
