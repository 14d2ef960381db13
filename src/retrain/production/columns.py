"""Does the log have the columns that are needed, and how are they read from Parquet?"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retrain.errors import LogError
from retrain.production.instants import EARLIEST, parse
from retrain.production.policy import ProductionPolicy
from retrain.production.quarantine import BrokenValueError
from retrain.production.rows import number
from retrain.production.slices import LINE

REQUIRED = ("timestamp", "input", "output", "model_version")
REMEDY = "Say in the spec under production.columns what this log calls it"
SHOWN = 30


class RequiredColumns:
    """Remembers which required columns no row has had yet."""

    def __init__(self, called: Mapping[str, str], remedy: str) -> None:
        """`called`: the contract's name of each column to the log's own; `remedy`: what to do if one is missing."""
        self._missing = dict(called)
        self._remedy = remedy
        self._file: Path | None = None
        self._found: list[str] = []

    @property
    def all_seen(self) -> bool:
        """Whether there is nothing left to look for."""
        return not self._missing

    def note(self, file: Path, names: Iterable[str]) -> None:
        """See the columns of a row or of a file with rows."""
        if not self._missing:
            return
        here = set(names)
        if self._file is None:
            self._file, self._found = file, sorted(here)
        self._missing = {column: called for column, called in self._missing.items() if called not in here}

    def check(self) -> None:
        """Raise LogError if rows were seen and none had a required column."""
        if self._file is None or not self._missing:
            return
        column, called = next(iter(self._missing.items()))
        found = ", ".join(repr(one[:40]) for one in self._found[:SHOWN]) or "none"
        raise LogError(
            f"{str(self._file)!r}: no row has the {column} column {called!r}; columns found: {found}. "
            f"{self._remedy} ({column})"
        )


def required(policy: ProductionPolicy) -> RequiredColumns:
    """The columns that a production log must have."""
    return RequiredColumns({column: str(getattr(policy.columns, column)) for column in REQUIRED}, REMEDY)


def chosen(piece: pl.LazyFrame, names: tuple[str, ...], policy: ProductionPolicy) -> pl.LazyFrame:
    """The columns in use, categories as text."""
    wanted = [*dict(policy.columns).values(), *(f"group_{group}" for group in policy.groups), *policy.numbers]
    found = piece.select(LINE, *(column for column in dict.fromkeys(wanted) if column in names))
    kinds = found.collect_schema().items()
    categories = [name for name, kind in kinds if isinstance(kind, pl.Categorical | pl.Enum)]
    return found.with_columns(pl.col(categories).cast(pl.String)) if categories else found


def cut(frame: pl.DataFrame, policy: ProductionPolicy) -> pl.DataFrame:
    """Long texts cut; one character more than is kept tells the reader that one was."""
    limit = policy.max_input_chars
    texts = [name for name in {policy.columns.input, policy.columns.output} if frame.schema.get(name) == pl.String]
    # Counting bytes is quick, and texts this long are rare.
    long = [name for name in texts if (frame[name].str.len_bytes() > limit).any()]
    return frame.with_columns(pl.col(long).str.slice(0, limit + 1)) if long else frame


def instants(moments: pl.Series) -> pl.Series:
    """Microseconds since 1970; null where there is no plausible instant."""
    if isinstance(moments.dtype, pl.Datetime | pl.Date):
        found = moments.dt.epoch("us")
        return found.set(found < EARLIEST, None)
    return pl.Series(moments.name, [_instant(value) for value in moments], dtype=pl.Int64)


def readable(frame: pl.DataFrame, column: str) -> list[pl.Series]:
    """Instants in the place of dates, where there are any: Python knows no years above 9999."""
    if not isinstance(frame.schema.get(column), pl.Datetime | pl.Date):
        return []
    found = frame[column].dt.epoch("us")
    # -1 is read as an unreadable timestamp; small numbers would be taken for seconds.
    return [found.set(found < EARLIEST, -1)]


def numbers_of(frame: pl.DataFrame, policy: ProductionPolicy) -> NDArray[np.float64]:
    """The policy's numbers, a row a line; NaN for what is unknown, as in rows that are read one by one."""
    table = np.full((frame.height, len(policy.numbers)), np.nan)
    for place, name in enumerate(policy.numbers):
        if name in frame.columns:
            table[:, place] = _floats(frame[name])
    table[~np.isfinite(table)] = np.nan
    return table


def _floats(column: pl.Series) -> NDArray[np.float64]:
    if column.dtype.is_numeric():
        return np.asarray(column.cast(pl.Float64).to_numpy(), dtype=np.float64)
    return np.array([number(value) for value in column], dtype=np.float64)


def _instant(value: object) -> int | None:
    try:
        return parse(value)
    except BrokenValueError:
        return None
