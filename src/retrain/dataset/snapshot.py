"""What is trained on? An immutable snapshot in three parts, or a refusal that says what is missing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from pydantic import Field

from retrain.values import Value

Part = Literal["train", "validation", "heldout"]


class Example(Value):
    """One labelled text."""

    text: str
    label: str
    source: Literal["standing", "production"]
    id: str | None = None
    """Of the production row, when it comes from one."""
    at: datetime | None = None
    """When production saw it."""
    labeller: str | None = None
    groups: dict[str, str] = Field(default_factory=dict)
    """Group attribute to value, e.g. {"channel": "app"}."""


class Snapshot(Value):
    """The rows of one training run, by part. Its digest is that of the stored bundle."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    heldout: tuple[Example, ...]
    removed: dict[str, int]
    """Reason to number of rows left out, e.g. {"exact duplicate": 31, "leaks into held-out": 4}."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label of the training part, sorted: the classes of the challenger."""
        return tuple(sorted({example.label for example in self.train}))

    @property
    def clean(self) -> int:
        """Clean examples in all parts together."""
        return len(self.train) + len(self.validation) + len(self.heldout)


class Refusal(Value):
    """A valid no. Ends a run in success, with its reasons."""

    reasons: tuple[str, ...]
    found: int
    needed: int


def texts(examples: Iterable[Example]) -> list[str]:
    """The texts, in order."""
    return [example.text for example in examples]
