"""How are sampled rows kept until somebody looks at them? As the file has them: most are crowded out before."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retrain.production.columns import numbers_of
from retrain.production.policy import ProductionPolicy
from retrain.production.rows import Row, read_row
from retrain.production.slices import LINE
from retrain.production.tables import of_rows, of_sound

Numbers = NDArray[np.int64]


class Piece(Protocol):
    """Rows that came together."""

    def __len__(self) -> int:
        """How many there are."""

    def at(self, numbers: Numbers) -> "Piece":
        """Some of them."""

    def raw(self, number: int) -> object:
        """One as it was given: two that are equal are the same row, written twice."""

    def row(self, number: int) -> Row:
        """One of them, read."""

    def table(self, policy: ProductionPolicy) -> pl.DataFrame:
        """All of them, as a window has them."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """Rows from a format that is read line by line."""

    rows: list[Row]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.rows)

    def at(self, numbers: Numbers) -> "Parsed":
        """Some of them."""
        return Parsed([self.rows[number] for number in numbers.tolist()])

    def raw(self, number: int) -> object:
        """One of them."""
        return self.rows[number]

    def row(self, number: int) -> Row:
        """One of them."""
        return self.rows[number]

    def table(self, policy: ProductionPolicy) -> pl.DataFrame:
        """All of them."""
        return of_rows(self.rows, policy)


@dataclass(frozen=True, slots=True)
class Unread:
    """Sound rows of a slice."""

    texts: pl.DataFrame
    """What is read one by one, and the line numbers."""
    numbers: NDArray[np.float64]
    """A row a line, a column a number of the policy."""
    instants: pl.Series
    policy: ProductionPolicy

    def __len__(self) -> int:
        """How many there are."""
        return self.texts.height

    def at(self, numbers: Numbers) -> "Unread":
        """Some of them."""
        return Unread(self.texts[numbers], self.numbers[numbers], self.instants[numbers], self.policy)

    def raw(self, number: int) -> object:
        """One of them, wherever it stood."""
        return self.texts.columns, self.texts.drop(LINE).row(number), self.numbers[number].tobytes()

    def row(self, number: int) -> Row:
        """One of them, as `read_row` reads it."""
        record, line = self.texts.row(number, named=True), self.texts[LINE][number]
        return read_row(record, self.instants[number], line, self.policy, self.numbers[number].tobytes())

    def table(self, policy: ProductionPolicy) -> pl.DataFrame:
        """All of them."""
        return of_sound(self.texts, self.instants, self.numbers, policy)


def unread(frame: pl.DataFrame, instants: pl.Series, policy: ProductionPolicy) -> Unread:
    """Rows of a slice; columns that are looked at as numbers alone are kept as such."""
    texts = {*dict(policy.columns).values(), *(f"group_{group}" for group in policy.groups)}
    beside = [name for name in policy.numbers if name in frame.columns and name not in texts]
    return Unread(frame.drop(beside), numbers_of(frame, policy), instants, policy)


def joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The same rows in fewer pieces: a column of many rows is as quickly read as one of few."""
    alike: dict[tuple[object, ...], list[Unread]] = {}
    for piece in pieces:
        if isinstance(piece, Unread):
            alike.setdefault(tuple(piece.texts.schema.items()), []).append(piece)
        else:
            yield piece
    for same in alike.values():
        yield Unread(
            pl.concat([piece.texts for piece in same]),
            np.concatenate([piece.numbers for piece in same]),
            pl.concat([piece.instants for piece in same]),
            same[0].policy,
        )
