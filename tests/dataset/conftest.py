"""A small corpus with every blemish that cleaning knows, drawn from a seed."""

import csv
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from retrain.dataset.policy import DatasetPolicy
from retrain.dataset.snapshot import Example

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
LABELLERS = (None, "human", "outcome", "model:small")

Corpus = Callable[[int], list[Example]]


def _word(rng: random.Random) -> str:
    return "".join(rng.choice("abcdefghijklmnoprstuvwz") for _ in range(rng.randint(3, 8)))


def _blemished(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text))
    return rng.choice(
        (text, text.upper(), f"  {text} ", f"{text}?", text[:place] + "x" + text[place + 1 :], f"{text} x")
    )


def _corpus(seed: int) -> list[Example]:
    rng = random.Random(seed)
    rows = []
    for number in range(220):
        text = " ".join(_word(rng) for _ in range(rng.randint(6, 9)))
        for copy in range(rng.choice((1, 1, 1, 2, 4))):
            labeller = rng.choice(LABELLERS)
            at = None if labeller is None else MONDAY + timedelta(hours=rng.randrange(3))
            label = f"label {(number + (rng.random() < 0.1)) % 4}"
            source = "production" if at else "standing"
            said = text if copy == 0 else _blemished(text, rng)
            rows.append(Example(text=said, label=label, source=source, at=at, labeller=labeller))
    return rows


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    """From a seed, some 400 rows of 220 texts: copies, near copies, conflicts, labellers of every kind."""
    return _corpus


@pytest.fixture(scope="session")
def policy() -> DatasetPolicy:
    return DatasetPolicy(examples="examples", min_examples=50)


@pytest.fixture(scope="session")
def banking(real_data: Path) -> Callable[[str], list[Example]]:
    """Banking77's `train` or `test` rows."""

    def read(part: str) -> list[Example]:
        with (real_data / f"banking77_{part}.csv").open(encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream)
            return [Example(text=row["text"], label=row["category"], source="standing") for row in rows]

    return read
