"""Is a text embedded once, and does a broken cache cost time and nothing else?"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from benchmarks.clinc import window_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from retrain.drift.check import score
from retrain.drift.embedding_cache import EmbeddingCache
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import build_reference

WIDTH = 6


class Counting:
    """Vectors made of a text's letters, and what was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        rows = [np.random.default_rng(list(text.encode())).standard_normal(WIDTH) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), WIDTH)


def cache(folder: Path, counting: Counting, *, base: str = "base", limit: int = 1 << 20) -> EmbeddingCache:
    return EmbeddingCache(folder, counting.embed, base=base, limit=limit)


def test_a_second_check_of_a_window_embeds_nothing_again(tmp_path: Path) -> None:
    texts = [f"where is my parcel {number % 83} {number}" for number in range(400)]
    policy = DriftPolicy(embeddings=True, rule="windows")
    reports, asked = [], []
    for _ in range(2):
        counting = Counting()
        embed = cache(tmp_path, counting).embed
        profile = build_reference(window_of(texts[:300]), policy, embed=embed)
        reports.append(score(window_of(texts[300:]), profile, policy, model="m", embed=embed).canonical())
        asked.append(len(counting.asked))
    assert asked == [400, 0]
    assert reports[0] == reports[1]


@settings(max_examples=40, deadline=None)
@given(calls=st.lists(st.lists(st.text(max_size=3), max_size=6), min_size=1, max_size=5))
def test_vectors_are_those_of_the_texts_in_their_order_and_each_text_is_asked_for_once(
    tmp_path_factory: pytest.TempPathFactory, calls: list[list[str]]
) -> None:
    folder, counting, plain = tmp_path_factory.mktemp("cache"), Counting(), Counting()
    for texts in calls:
        found = cache(folder, counting).embed(texts)
        assert found.shape == (len(texts), WIDTH)
        assert np.array_equal(found, plain.embed(texts))
    assert sorted(counting.asked) == sorted({text for texts in calls for text in texts})


def test_another_base_knows_nothing_of_the_first_ones_vectors(tmp_path: Path) -> None:
    counting = Counting()
    for base in ("one", "other", "one"):
        cache(tmp_path, counting, base=base).embed(["a"])
    assert counting.asked == ["a", "a"]


def torn(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize("damage", [torn, flipped, lambda _: b""], ids=["torn", "flipped", "empty"])
def test_a_damaged_file_is_rebuilt_and_never_believed(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    first, counting = cache(tmp_path, Counting()).embed(["a", "b"]), Counting()
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert np.array_equal(cache(tmp_path, counting).embed(["a", "b"]), first)
    assert counting.asked == ["a", "b"]
    assert np.array_equal(cache(tmp_path, counting).embed(["b"]), first[1:])
    assert counting.asked == ["a", "b"]


def test_the_cache_stays_below_its_limit_and_what_was_used_lately_stays(tmp_path: Path) -> None:
    counting = Counting()
    one_file = 128 + 32 + 4 * WIDTH
    for number in range(8):
        cache(tmp_path, counting, limit=3 * one_file).embed([f"text {number}"])
        for age, file in enumerate(sorted(tmp_path.iterdir(), key=lambda each: -each.stat().st_mtime)):
            os.utime(file, (1_000_000 - age, 1_000_000 - age))
        cache(tmp_path, counting).embed(["text 0"])
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 3 * one_file
    assert counting.asked.count("text 0") == 1
    assert counting.asked.count("text 1") == 1
    cache(tmp_path, counting).embed(["text 1"])
    assert counting.asked.count("text 1") == 2


def test_a_folder_that_cannot_be_written_costs_time_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    counting = Counting()
    for _ in range(2):
        assert cache(tmp_path / "file" / "cache", counting).embed(["a"]).shape == (1, WIDTH)
    assert counting.asked == ["a", "a"]
