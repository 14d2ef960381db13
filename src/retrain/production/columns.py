"""Does the log have the columns that are needed, and how are they read from Parquet?"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from retrain.errors import LogError
from retrain.production.instants import EARLIEST
from retrain.production.policy import ProductionPolicy
from retrain.production.records import LINE, PLACE

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


def prepared(frame: pl.LazyFrame, policy: ProductionPolicy, span: tuple[int, int, int]) -> pl.LazyFrame:
    """The columns in use, long texts cut, and rows outside the span (start, end, latest) left out where it is cheap."""
    schema = frame.collect_schema()
    names = policy.columns
    wanted = [*dict(names).values(), *(f"group_{group}" for group in policy.groups)]
    chosen = frame.select(LINE, *(column for column in dict.fromkeys(wanted) if column in schema.names()))
    texts = [column for column in {names.input, names.output} if _is_text(schema.get(column))]
    chosen = chosen.with_columns(
        # One character more than is kept tells the reader that a text was cut.
        *(pl.col(column).cast(pl.String).str.slice(0, policy.max_input_chars + 1) for column in texts),
    )
    when = schema.get(names.timestamp)
    return _placed(chosen, names.timestamp, span) if isinstance(when, pl.Datetime | pl.Date) else chosen


def _is_text(kind: pl.DataType | None) -> bool:
    return isinstance(kind, pl.String | pl.Categorical | pl.Enum)


def _placed(frame: pl.LazyFrame, column: str, span: tuple[int, int, int]) -> pl.LazyFrame:
    """Rows of the span, and broken ones that follow a row of the span."""
    start, end, latest = span
    instant = pl.col(column).dt.epoch("us")
    # -1 is read as an unreadable timestamp; small numbers would be taken for seconds.
    known = pl.when(instant >= EARLIEST).then(instant).when(instant.is_not_null()).then(-1)
    good = pl.when((instant >= EARLIEST) & (instant <= latest)).then(instant).forward_fill()
    placed = frame.with_columns(known.alias(column), good.alias(PLACE))
    return placed.filter(pl.col(PLACE).is_null() | ((pl.col(PLACE) >= start) & (pl.col(PLACE) < end)))
