"""Which rows need a label of their own? Of rows alike one, and none that is alike to a text whose label is known."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from retrain.dataset.clean import normalised
from retrain.dataset.near import first_alike
from retrain.labels.estimate import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A production row and what the model answered."""

    id: str
    text: str
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The rows, divided by whether a label is needed."""

    stands_for: dict[str, int]
    """Id of each row that may be asked for, to the number of rows alike, itself included."""
    known: Known
    """Rows whose label is known: their own, or that of a text alike."""
    asked_before: int
    """Rows that were asked for before, or are alike to such, and have no label yet."""


def population(
    rows: Sequence[Answered], labels: Mapping[str, str], asked_before: Sequence[str], share: float
) -> Population:
    """`labels`: text to its label; `asked_before`: texts of which the label is awaited; `share` as in near.py.

    Which of the rows alike is asked for is drawn by lot, so that each of them is as likely to speak for all.
    """
    label_of = {normalised(text): label for text, label in labels.items()}
    awaited = {normalised(text) for text in asked_before} - set(label_of)
    same = defaultdict(list)
    for row in sorted(rows, key=lambda row: (_lot(row.id), row.id)):
        same[normalised(row.text)].append(row)
    fixed = [*sorted(label_of), *sorted(awaited)]
    fresh = [key for key in same if key not in label_of and key not in awaited]
    twins = first_alike([*fixed, *fresh], share, fixed=len(fixed))[len(fixed) :]
    keys = [*fixed, *fresh]
    stands_in = {key: key if twin is None else keys[twin] for key, twin in zip(fresh, twins, strict=True)}
    counts: dict[str, int] = defaultdict(int)
    known_rows = right = awaiting = 0
    for key, of_text in same.items():
        stand_in = stands_in.get(key, key)
        if stand_in in label_of:
            known_rows += len(of_text)
            right += sum(row.output == label_of[stand_in] for row in of_text)
        elif stand_in in awaited:
            awaiting += len(of_text)
        else:
            counts[same[stand_in][0].id] += len(of_text)
    return Population(stands_for=dict(counts), known=Known(rows=known_rows, right=right), asked_before=awaiting)


def _lot(row: str) -> bytes:
    # Not the lot that rows are chosen by: of many rows alike the first comes early, and would be chosen more often.
    return blake2b(f"stand-in\0{row}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
