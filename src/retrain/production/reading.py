"""Which rows of the log lie in a span of time? One pass over its files; broken ones go to the quarantine."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import polars as pl

from retrain.production.columns import RequiredColumns, chosen, cut, instants, readable, required
from retrain.production.instants import DAY, day_start, moment, parse
from retrain.production.partitions import partitions, within
from retrain.production.policy import ProductionPolicy
from retrain.production.quarantine import BrokenValueError, Quarantine, Reason
from retrain.production.records import Record, read_records
from retrain.production.rows import read_row
from retrain.production.sample import Sample, Sound
from retrain.production.slices import FIRST_ROWS, LINE, Slices, UnreadableFileError
from retrain.production.sound import ids, sound


class Span(NamedTuple):
    """Instants with `start <= instant < end`; those after `latest` come from a wrong clock."""

    start: int
    end: int
    latest: int

    def has(self, instant: int) -> bool:
        """Whether an instant belongs to it."""
        return self.start <= instant < self.end

    def among(self, found: pl.Series) -> pl.Series:
        """Which of many instants belong to it; null stays null."""
        return found.is_between(self.start, self.end, closed="left")


@dataclass(slots=True)
class _At:
    """How far a file has been read."""

    file: Path
    day: bool
    """Whether the day of its partition ends in the span: rows that cannot be placed in time then count, once."""
    last: int | None = None
    """The last good instant so far."""


class Reading:
    """What one pass finds."""

    def __init__(self, folder: Path, policy: ProductionPolicy, span: Span) -> None:
        self._folder = folder
        self._policy = policy
        self._span = span
        self._columns = required(policy)
        self._step = FIRST_ROWS
        self.truncated = 0
        self.quarantine = Quarantine(folder)

    def into(self, sample: Sample) -> None:
        """Show every sound row of the span to a sample, in the order of the files.

        Raises LogError if there is no log, or if no row has a required column.
        """
        first, last = moment(self._span.start).date(), moment(max(self._span.start, self._span.end - 1)).date()
        for partition in within(partitions(self._folder), first, last):
            for file in partition.files():
                at = _At(file, self._span.has(day_start(partition.day) + DAY - 1))
                if file.name.endswith(".parquet"):
                    self._parquet(at, sample)
                else:
                    self._lines(at, sample)
        self._columns.check()

    def _lines(self, at: _At, sample: Sample) -> None:
        for record in read_records(at.file):
            if not (self._columns.all_seen or isinstance(record.content, Reason)):
                self._columns.note(at.file, record.content)
            self._record(record, at, sample)

    def _parquet(self, at: _At, sample: Sample) -> None:
        slices = Slices(at.file, self._step)
        try:
            for piece in slices:
                self._columns.note(at.file, slices.names)
                self._slice(slices, piece, at, sample)
            self._step = slices.step
        except UnreadableFileError as error:
            self._record(Record(error.line, Reason.UNREADABLE_FILE), at, sample)

    def _slice(self, slices: Slices, piece: pl.LazyFrame, at: _At, sample: Sample) -> None:
        """Times first: most files of the neighbouring days hold nothing else that matters."""
        known = instants(slices.moments(piece, self._policy.columns.timestamp))
        good = known.set(known > self._span.latest, None)
        before = good.forward_fill().fill_null(pl.lit(at.last, dtype=pl.Int64))
        inside = self._span.among(good).fill_null(value=False)
        lost = good.is_null() & self._span.among(before).fill_null(value=at.day)
        if (inside | lost).any():
            frame = cut(slices.whole(chosen(piece, slices.names, self._policy)), self._policy)
            frame = frame.with_columns(readable(frame, self._policy.columns.timestamp))
            sure = inside & sound(frame, self._policy)
            # Nearly always all rows are, and then no column needs to be copied.
            self._sound(*((frame, good) if sure.all() else (frame.filter(sure), good.filter(sure))), sample)
            doubtful = (inside | lost) & ~sure
            for row, last in zip(frame.filter(doubtful).iter_rows(named=True), before.filter(doubtful), strict=True):
                at.last = last
                self._record(Record(row.pop(LINE), row), at, sample)
        at.last = before[-1]

    def _sound(self, frame: pl.DataFrame, found: pl.Series, sample: Sample) -> None:
        if frame.height:
            sample.add_sound(Sound(frame, ids(frame, self._policy), found))

    def _record(self, record: Record, at: _At, sample: Sample) -> None:
        try:
            instant = self._timestamp(record)
            at.last = instant
            if self._span.has(instant) and not isinstance(record.content, Reason):
                row = read_row(record.content, instant, record.line, self._policy)
                self.truncated += row.truncated
                sample.add(row)
        except BrokenValueError as error:
            if at.day if at.last is None else self._span.has(at.last):
                self.quarantine.add(at.file, record.line, error.reason, at.last)

    def _timestamp(self, record: Record) -> int:
        if isinstance(record.content, Reason):
            raise BrokenValueError(record.content)
        instant = parse(record.content.get(self._policy.columns.timestamp))
        if instant > self._span.latest:
            raise BrokenValueError(Reason.FUTURE)
        return instant


def earliest(file: Path, policy: ProductionPolicy, span: Span, columns: RequiredColumns) -> int | None:
    """The earliest instant of a file that belongs to the span."""
    if file.name.endswith(".parquet"):
        return _earliest_in_parquet(file, policy.columns.timestamp, span, columns)
    found: int | None = None
    for record in read_records(file):
        if isinstance(record.content, Reason):
            continue
        columns.note(file, record.content)
        try:
            instant = parse(record.content.get(policy.columns.timestamp))
        except BrokenValueError:
            continue
        if span.has(instant):
            found = instant if found is None else min(found, instant)
    return found


def _earliest_in_parquet(file: Path, when: str, span: Span, columns: RequiredColumns) -> int | None:
    slices = Slices(file)
    found: list[int] = []
    try:
        for piece in slices:
            columns.note(file, slices.names)
            known = instants(slices.moments(piece, when))
            inside = known.filter(span.among(known))
            found = [min([*found, *inside.to_list()])] if len(inside) else found
    except UnreadableFileError:
        pass
    return found[0] if found else None
