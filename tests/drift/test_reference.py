"""Is a stored reference the one that was built?"""

from collections.abc import Sequence

import numpy as np
import pytest
from benchmarks.clinc import Traffic
from numpy.typing import NDArray

from retrain.drift.observation import NEAR_ROWS, RUN_ROWS, in_runs
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import build_reference, from_files, to_files
from retrain.errors import LogError

from .conftest import MakeWindow


def vowels(texts: Sequence[str]) -> NDArray[np.float32]:
    vectors = np.array([[text.count(letter) + 0.1 for letter in "aeiou"] for text in texts], dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


@pytest.mark.parametrize("embeddings", [False, True])
def test_what_is_read_back_is_what_was_built(traffic: Traffic, embeddings: bool) -> None:
    window = traffic.window(traffic.order(burst=1, seed=1)[:400])
    built = build_reference(window, DriftPolicy(embeddings=embeddings), embed=vowels, champion="c" * 64)
    files = to_files(built)
    read = from_files(files)
    assert to_files(read) == files
    assert (read.digest, read.champion, read.vocabulary) == (built.digest, "c" * 64, built.vocabulary)
    assert read.seen.rows.equals(window.rows)
    assert np.array_equal(read.seen.unseen, built.seen.unseen, equal_nan=True)
    assert ("embeddings.npy" in files) == embeddings
    if embeddings:
        assert read.seen.vectors is not None
        assert np.array_equal(read.seen.vectors, vowels(window.rows["input"].to_list()))


def test_another_champion_or_row_makes_another_digest(make_window: MakeWindow) -> None:
    window, other = make_window(["one", "two"]), make_window(["one", "three"])
    policy = DriftPolicy()
    digests = {
        build_reference(window, policy, champion="a").digest,
        build_reference(window, policy, champion="b").digest,
        build_reference(other, policy, champion="a").digest,
    }
    assert len(digests) == 3
    assert build_reference(window, policy, champion="a").digest in digests


def test_a_reference_without_rows_is_refused_with_the_next_step(make_window: MakeWindow) -> None:
    with pytest.raises(LogError, match="no rows, at least 1000 expected; let production log"):
        build_reference(make_window([]), DriftPolicy())


@pytest.mark.parametrize(("rows", "limit"), [(10, 500), (520, 500), (20_000, 5_000), (20_000, 777)])
def test_a_sample_keeps_runs_of_neighbours_from_start_to_end(rows: int, limit: int) -> None:
    kept = in_runs(rows, limit)
    assert len(set(kept.tolist())) == len(kept) <= limit
    assert len(kept) > limit - RUN_ROWS or len(kept) == rows
    assert (kept[0], kept[-1]) == (0, rows - 1)
    assert (np.diff(kept) == 1).mean() >= 1 - 1 / (RUN_ROWS - 1)
    # Whoever draws the page knows only how many rows were compared, and must find the same ones.
    assert np.array_equal(in_runs(rows, len(kept)), kept)


def test_the_older_half_is_the_vocabulary_and_only_the_newer_one_is_measured(make_window: MakeWindow) -> None:
    reference = build_reference(make_window(["old word", "old", "old new", "fresh"]), DriftPolicy())
    assert reference.vocabulary == {"old", "word"}
    assert np.array_equal(reference.seen.unseen, [np.nan, np.nan, 0.5, 1.0], equal_nan=True)


def test_a_row_is_no_neighbour_of_those_close_to_it_in_time(make_window: MakeWindow) -> None:
    texts = [f"{'aeiou'[row % 5] * 9}{'aeiou'[row % 4]}" for row in range(400)]
    texts[100] = texts[100 + NEAR_ROWS] = "aaaaeeee"
    texts[200] = texts[200 + NEAR_ROWS + 1] = "ooooiiii"
    policy = DriftPolicy(embeddings=True)
    distances = build_reference(make_window(texts), policy, embed=vowels).seen.distances
    assert distances is not None
    assert distances[100] > 0.01
    assert distances[200] == pytest.approx(0, abs=1e-6)
