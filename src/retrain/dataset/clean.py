"""Which examples are fit to learn from? One row a text, under one label, neither empty nor too long.

Of several rows with the same text after normalisation the most trusted stays: a human's label before an outcome, an
outcome before a standing example, that before a model's; among equals the one production saw last, so that a correction
wins. When equals of the same moment name different labels, nobody can tell, and all rows of that text are left out.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from retrain.dataset.policy import DatasetPolicy
from retrain.dataset.snapshot import Example

LONG_AGO = datetime.min.replace(tzinfo=UTC)
MODEL, STANDING, OUTCOME, HUMAN = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One text that stays, with its canonical form."""

    key: str
    example: Example
    first_seen: datetime
    """When any row of this text was first seen; standing examples count as always known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """The rows that stay, by key, and how many do not, by reason."""

    rows: tuple[Row, ...]
    removed: Counter[str]


def normalised(text: str) -> str:
    """The form under which two texts are the same: compatibility forms, case and white space do not count."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def trust(example: Example) -> int:
    """How far the label is believed. Unnamed labellers count as a standing example's author."""
    labeller = example.labeller or ""
    if labeller.startswith("model:"):
        return MODEL
    return {"human": HUMAN, "outcome": OUTCOME}.get(labeller, STANDING)


def seen_at(example: Example) -> datetime:
    """When production saw it, comparable; a stamp without a zone is UTC, as everywhere in the logs."""
    if example.at is None:
        return LONG_AGO
    return example.at if example.at.tzinfo else example.at.replace(tzinfo=UTC)


def clean(examples: Iterable[Example], policy: DatasetPolicy) -> Cleaned:
    """One row a text, whatever the order of the examples; the rest counted by reason."""
    removed: Counter[str] = Counter()
    same: defaultdict[str, list[Example]] = defaultdict(list)
    for example in examples:
        key = normalised(example.text)
        reason = _unfit(example, key, policy)
        if reason:
            removed[reason] += 1
        else:
            same[key].append(example)
    rows = [row for key in sorted(same) if (row := _resolved(key, same[key], removed))]
    return Cleaned(rows=tuple(rows), removed=removed)


def _unfit(example: Example, key: str, policy: DatasetPolicy) -> str | None:
    if not key:
        return "empty text"
    if not example.label.strip():
        return "missing label"
    return "too long" if len(example.text) > policy.max_chars else None


def _resolved(key: str, same: Sequence[Example], removed: Counter[str]) -> Row | None:
    best = max((trust(example), seen_at(example)) for example in same)
    leading = [example for example in same if (trust(example), seen_at(example)) == best]
    if len({example.label for example in leading}) > 1:
        removed["conflicting labels"] += len(same)
        return None
    stays = min(leading, key=Example.canonical)
    overruled = sum(example.label != stays.label for example in same)
    removed["overruled label"] += overruled
    removed["exact duplicate"] += len(same) - 1 - overruled
    return Row(key=key, example=stays, first_seen=min(map(seen_at, same)))
