"""Why was a row not used, how many were there, and where does one look?"""

from collections import Counter
from enum import StrEnum
from pathlib import Path

from retrain.production.window import BrokenRow

EXAMPLES = 20
EXAMPLES_OF_EACH = 5
KEPT_INSTANTS = 2_000
"""Broken rows whose place in time is remembered; of more, every second, fourth, eighth..."""


class Reason(StrEnum):
    """What can be wrong with a row. A closed set, so that it can label a metric."""

    UNREADABLE_FILE = "unreadable file"
    LINE_TOO_LONG = "line is longer than 64 MiB"
    NOT_UTF8 = "not UTF-8"
    NOT_JSON = "not JSON"
    NOT_CSV = "not CSV"
    NOT_OBJECT = "not a JSON object"
    NO_TIMESTAMP = "timestamp is missing or blank"
    BAD_TIMESTAMP = "timestamp is unreadable"
    FUTURE = "timestamp in the future"
    NO_INPUT = "input is missing or blank"
    BAD_INPUT = "input is not text"
    NO_OUTPUT = "output is missing or blank"
    BAD_OUTPUT = "output is not text"
    NO_VERSION = "model_version is missing or blank"
    BAD_VERSION = "model_version is not text"
    NO_ID = "id is missing or blank"
    BAD_ID = "id is not text of at most 200 characters"
    NAN_CONFIDENCE = "confidence is NaN"
    BAD_CONFIDENCE = "confidence is not a number from 0 to 1"
    BAD_SCORES = "scores are not probabilities by label"
    NO_LABEL = "label is missing or blank"
    BAD_LABEL = "label is not text"
    BAD_LABELLER = "labeller is not human, outcome or model:<name>"


class BrokenValueError(ValueError):
    """A value that makes its row broken. It is caught where rows are read, and never leaves this stage."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Quarantine:
    """Counts broken rows by reason and remembers a few of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._counts: Counter[Reason] = Counter()
        self._examples: list[BrokenRow] = []
        self._instants: list[int] = []
        self._stride = 1

    def add(self, file: Path, line: int, reason: Reason, instant: int | None = None) -> None:
        """Count one broken row; `instant` is about when it was logged, where that is known."""
        if instant is not None and self._counts.total() % self._stride == 0:
            self._instants.append(instant)
            if len(self._instants) > KEPT_INSTANTS:
                self._instants, self._stride = self._instants[::2], self._stride * 2
        self._counts[reason] += 1
        if self._counts[reason] <= EXAMPLES_OF_EACH and len(self._examples) < EXAMPLES:
            name = file.relative_to(self._folder).as_posix()
            # A file name need not be UTF-8, and a report must be.
            printable = name.encode("utf-8", "replace").decode()
            self._examples.append(BrokenRow(file=printable, line=line, reason=reason.value))

    def counts(self) -> dict[str, int]:
        """Reason to number, by name."""
        return {reason.value: self._counts[reason] for reason in sorted(self._counts)}

    def examples(self) -> tuple[BrokenRow, ...]:
        """The rows remembered."""
        return tuple(self._examples)

    def instants(self) -> tuple[int, ...]:
        """About when broken rows were logged, in microseconds, in order: evenly thinned when there were many."""
        return tuple(sorted(self._instants))
