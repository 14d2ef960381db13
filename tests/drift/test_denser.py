"""Are many small new topics, none of them a cluster, found as one? And does chance alone name no dense place?"""

import numpy as np
import pytest
from numpy.typing import NDArray

from retrain.drift.attribution.neighbours import CUTS, MIN_ROWS, denser, densities
from retrain.drift.observation import Vectors

REFERENCE, ROWS, PLANTED = 600, 300, 40
WIDE = 24
OLD_TOPICS, NEW_TOPICS = 40, 20


def places(draws: np.random.Generator, centres: Vectors, topics: NDArray[np.int64]) -> Vectors:
    found = centres[topics] + 0.15 * draws.standard_normal((len(topics), WIDE))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)


def world(seed: int) -> tuple[np.random.Generator, Vectors]:
    """Topics all around, and new ones that share a corner: two rows of each come."""
    draws = np.random.default_rng(seed)
    centres = draws.standard_normal((OLD_TOPICS + NEW_TOPICS, WIDE))
    centres[OLD_TOPICS:] += 1.2 * draws.standard_normal(WIDE)
    return draws, np.asarray(centres / np.linalg.norm(centres, axis=1, keepdims=True), dtype=np.float32)


def test_a_domain_of_twenty_topics_with_two_rows_each_lies_where_the_window_is_densest() -> None:
    found = 0
    for seed in range(10):
        draws, centres = world(seed)
        old = places(draws, centres, draws.integers(OLD_TOPICS, size=REFERENCE))
        usual = draws.integers(OLD_TOPICS, size=ROWS - PLANTED)
        new = places(draws, centres, np.concatenate([usual, OLD_TOPICS + np.arange(PLANTED) % NEW_TOPICS]))
        order = draws.permutation(ROWS)
        planted = order >= ROWS - PLANTED
        _, after = denser(old, new[order])
        inside = [(after[:, cut] > 0) & planted for cut in range(len(CUTS))]
        found += any(
            rows.sum() > PLANTED / 2 and rows.sum() > after[:, cut].sum() / 2 for cut, rows in enumerate(inside)
        )
    assert found >= 9


def test_without_drift_window_rows_are_no_denser_than_reference_rows() -> None:
    gaps = []
    for seed in range(40):
        draws, centres = world(seed)
        topics = draws.integers(OLD_TOPICS, size=REFERENCE + ROWS)
        both = places(draws, centres, topics)
        before, after = denser(both[:REFERENCE], both[REFERENCE:])
        gaps.append(after.mean(axis=0) - before.mean(axis=0))
    means, errors = np.mean(gaps, axis=0), np.std(gaps, axis=0) / np.sqrt(len(gaps))
    assert (np.abs(means) < 3 * errors + 1e-9).all(), (means, errors)


def test_both_sides_count_alike_however_many_rows_they_have() -> None:
    draws, centres = world(1)
    both = places(draws, centres, draws.integers(OLD_TOPICS, size=1_500))
    before, after = densities(both[:1_200], both[1_200:])
    assert np.concatenate([before, after]).mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("old", "new"), [(0, 300), (300, 0), (MIN_ROWS - 1, 300), (300, MIN_ROWS - 1)])
def test_of_too_few_rows_nothing_is_said(old: int, new: int) -> None:
    some = np.eye(WIDE, dtype=np.float32)[np.zeros(max(old, new), dtype=np.int64)]
    before, after = denser(some[:old], some[:new])
    assert (before.shape, after.shape) == ((old, 0), (new, 0))


def test_rows_that_all_lie_in_one_place_are_no_denser_than_each_other() -> None:
    same = np.eye(WIDE, dtype=np.float32)[np.zeros(400, dtype=np.int64)]
    before, after = densities(same[:200], same[200:])
    assert np.isfinite(np.concatenate([before, after])).all()
