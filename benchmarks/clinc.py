"""What is a stream of real text with a known drift? CLINC150, answered by a small classifier of hashed words."""

import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retrain.production.window import Window

DATA = Path(os.environ.get("RETRAIN_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
START = datetime(2026, 3, 2, tzinfo=UTC)
WIDTH = 2_048


def window_of(inputs: Sequence[str], **columns: object) -> Window:
    """A window of these inputs, a second apart."""
    rows = len(inputs)
    moments = [START + timedelta(seconds=second) for second in range(rows)]
    given = {"output": ["a"] * rows, "confidence": [None] * rows, "entropy": [None] * rows, **columns}
    frame = pl.DataFrame(
        {"id": [str(row) for row in range(rows)], "timestamp": moments, "input": list(inputs), **given},
        schema_overrides={
            "id": pl.String,
            "timestamp": pl.Datetime("us", "UTC"),
            "input": pl.String,
            "output": pl.String,
            "confidence": pl.Float64,
            "entropy": pl.Float64,
        },
    ).with_columns(model_version=pl.lit("v1"))
    return Window(start=START, end=START + timedelta(hours=24), rows=frame, total=rows)


@dataclass(frozen=True)
class Traffic:
    """Texts in and out of scope, each with the classifier's answer."""

    texts: tuple[str, ...]
    intents: NDArray[np.int64]
    outside: tuple[str, ...]
    centroids: NDArray[np.float32]
    names: tuple[str, ...]

    def order(self, *, burst: int, seed: int) -> NDArray[np.int64]:
        """Every text once, in random order; with bursts, so many rows of one intent follow each other."""
        draws = np.random.default_rng(seed)
        units: list[NDArray[np.int64]] = []
        for intent in range(len(self.names)):
            rows = draws.permutation(np.flatnonzero(self.intents == intent))
            units.extend(rows[: len(rows) // burst * burst].reshape(-1, burst))
        return np.array(units)[draws.permutation(len(units))].ravel()

    def window(self, rows: NDArray[np.int64], *, outside: float = 0.0, seed: int = 0) -> Window:
        """These rows, a share of them replaced by queries that are out of scope."""
        texts = [self.texts[row] for row in rows]
        draws = np.random.default_rng(seed)
        for place in draws.choice(len(rows), round(outside * len(rows)), replace=False):
            texts[place] = self.outside[draws.integers(len(self.outside))]
        return answered(texts, hashed(texts) @ self.centroids.T, self.names)


def answered(texts: Sequence[str], likeness: NDArray[np.floating], names: Sequence[str]) -> Window:
    """These texts with the likeliest name, by their likeness to each, shape (texts, names)."""
    logits = 20 * likeness
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores /= scores.sum(axis=1, keepdims=True)
    return window_of(
        texts,
        output=[names[best] for best in scores.argmax(axis=1)],
        confidence=scores.max(axis=1),
        entropy=-(scores * np.log(scores + 1e-12)).sum(axis=1),
    )


def hashed(texts: Sequence[str]) -> NDArray[np.float32]:
    """One vector of length 1 a text."""
    out = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in set(text.split()):
            # Longer words say more: a cheap stand-in for inverse document frequency.
            out[row, zlib.crc32(word.encode()) % WIDTH] += len(word)
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def read_traffic(folder: Path = DATA) -> Traffic:
    """The corpus of that folder: half of its training rows teach the classifier, the other splits are traffic."""
    corpus = json.loads((folder / "clinc150_full.json").read_text(encoding="utf-8"))
    names = tuple(sorted({intent for _, intent in corpus["test"]}))
    number = {name: place for place, name in enumerate(names)}
    centroids = np.zeros((len(names), WIDTH), dtype=np.float32)
    trained = corpus["train"][::2]
    np.add.at(centroids, [number[intent] for _, intent in trained], hashed([text for text, _ in trained]))
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    served = corpus["test"] + corpus["val"]
    return Traffic(
        texts=tuple(text for text, _ in served),
        intents=np.array([number[intent] for _, intent in served]),
        outside=tuple(text for text, _ in corpus["oos_test"]),
        centroids=centroids,
        names=names,
    )
