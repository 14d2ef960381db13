"""Which rows are learned from, and which are validated on? Read from a snapshot's folder."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from retrain.dataset.snapshot import Example
from retrain.errors import UsageError

UNKNOWN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Texts, and the number of each one's label; -1 for a label that the training rows do not have."""

    texts: tuple[str, ...]
    labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRows:
    """The two parts that training may see. The held-out part is not read here, and so cannot leak."""

    labels: tuple[str, ...]
    train: Rows
    validation: Rows

    @property
    def counts(self) -> dict[str, int]:
        """Label to number of training rows."""
        return {label: int((self.train.labels == number).sum()) for number, label in enumerate(self.labels)}


def read_rows(folder: Path) -> TrainingRows:
    """Read train.jsonl and validation.jsonl. Raises UsageError when they cannot be trained on."""
    train, validation = _examples(folder / "train.jsonl"), _examples(folder / "validation.jsonl")
    labels = tuple(sorted({example.label for example in train}))
    if len(labels) < 2 or not validation:
        raise UsageError(
            f"snapshot in {folder}: {len(train)} training rows with {len(labels)} labels and {len(validation)} "
            f"validation rows; expected 2 labels and 1 validation row at least. Add labelled examples"
        )
    return TrainingRows(labels=labels, train=_rows(train, labels), validation=_rows(validation, labels))


def _examples(path: Path) -> list[Example]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"snapshot part {path}: not readable ({error.strerror}); fetch the snapshot again") from error
    examples = []
    for number, line in enumerate(lines, start=1):
        try:
            examples.append(Example.model_validate_json(line))
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise UsageError(f"{path}:{number}: not an example ({reason}); fetch the snapshot again") from error
    return examples


def _rows(examples: list[Example], labels: tuple[str, ...]) -> Rows:
    number = {label: at for at, label in enumerate(labels)}
    return Rows(
        texts=tuple(example.text for example in examples),
        labels=np.array([number.get(example.label, UNKNOWN) for example in examples], dtype=np.int64),
    )
