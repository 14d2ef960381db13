"""What happened in production between two moments? Reads the log once, in bounded memory, whatever its state."""

from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

import polars as pl

from retrain.production.columns import RequiredColumns, prepared, required
from retrain.production.instants import DAY, SECOND, day_start, micros, moment, parse
from retrain.production.partitions import FILED_WRONG, Partition, partitions, within
from retrain.production.policy import ProductionPolicy
from retrain.production.quarantine import BrokenValueError, Quarantine, Reason
from retrain.production.records import Record, read_records
from retrain.production.rows import Row, Scores, read_row
from retrain.production.sample import Sample
from retrain.production.window import SCORES, Window

MINUTE = 60 * SECOND
AFTER_ALL = 1 << 62


def read_window(folder: Path, policy: ProductionPolicy, *, start: datetime, end: datetime, now: datetime) -> Window:
    """Read the rows with `start <= timestamp < end`.

    Rows may stand in the partition of the day before or after their own. A row that cannot be placed in time counts for
    the window of the row before it in its file (without one, for every window of its partition's day).
    Raises LogError if there is no log, or if no row has a required column.
    """
    reading = _Reading(folder, policy, (micros(start), micros(end), micros(now) + policy.skew_minutes * MINUTE))
    sample = Sample(policy.sample_rows)
    truncated = 0
    for row in reading.rows():
        sample.add(row)
        truncated += row.truncated
    total = sample.total()
    return Window(
        start=start,
        end=end,
        rows=_frame(sample.rows(), policy),
        total=total,
        duplicates=sample.seen() - total,
        truncated=truncated,
        quarantined=reading.quarantine.counts(),
        broken=reading.quarantine.examples(),
        broken_at=reading.quarantine.instants(),
    )


def count_rows(folder: Path, policy: ProductionPolicy, *, start: datetime, end: datetime, now: datetime) -> int:
    """Distinct rows with `start <= timestamp < end` by now: above the `total` of an earlier Window, rows came late."""
    reading = _Reading(folder, policy, (micros(start), micros(end), micros(now) + policy.skew_minutes * MINUTE))
    sample = Sample(0)
    for row in reading.rows():
        sample.add(row)
    return sample.total()


def find_rows(
    folder: Path, policy: ProductionPolicy, ids: Collection[str], *, span: tuple[datetime, datetime], now: datetime
) -> pl.DataFrame:
    """The rows with these ids, wherever they stand in the span: what labels are joined with, so never a sample."""
    start, end = span
    reading = _Reading(folder, policy, (micros(start), micros(end), micros(now) + policy.skew_minutes * MINUTE))
    found = Sample(max(len(ids), 1))
    for row in reading.rows():
        if row.id in ids:
            found.add(row)
    return _frame(found.rows(), policy)


def first_timestamp(folder: Path, policy: ProductionPolicy) -> datetime | None:
    """The earliest timestamp that stands at most a day off its partition; None if there is none.

    Reads the earliest days only: up to the first with such a row, and the day after, which may hold earlier ones.
    """
    columns = required(policy)
    earliest: int | None = None
    for partition in partitions(folder):
        first = day_start(partition.day - FILED_WRONG)
        if earliest is not None and earliest < first:
            break
        span = (first, first + 3 * DAY, AFTER_ALL)
        for file in partition.files():
            for record in _records(file, policy, span, columns):
                instant = _instant(record, policy)
                if instant is not None and span[0] <= instant < span[1]:
                    earliest = instant if earliest is None else min(earliest, instant)
    if earliest is None:
        columns.check()
        return None
    return moment(earliest)


class _Reading:
    """One pass over the files that may hold rows of a span."""

    def __init__(self, folder: Path, policy: ProductionPolicy, span: tuple[int, int, int]) -> None:
        self._folder = folder
        self._policy = policy
        self._start, self._end, self._latest = span
        self.quarantine = Quarantine(folder)

    def rows(self) -> Iterator[Row]:
        """Rows of the span in the order of the files; broken ones go to the quarantine."""
        columns = required(self._policy)
        first, last = moment(self._start).date(), moment(max(self._start, self._end - 1)).date()
        for partition in within(partitions(self._folder), first, last):
            for file in partition.files():
                yield from self._file(partition, file, columns)
        columns.check()

    def _file(self, partition: Partition, file: Path, columns: RequiredColumns) -> Iterator[Row]:
        last: int | None = None
        for record in _records(file, self._policy, (self._start, self._end, self._latest), columns):
            last = last if record.place is None else record.place
            try:
                last = instant = self._timestamp(record)
                if self._start <= instant < self._end and not isinstance(record.content, Reason):
                    yield read_row(record.content, instant, record.line, self._policy)
            except BrokenValueError as error:
                if self._concerns(last, partition):
                    self.quarantine.add(file, record.line, error.reason, last)

    def _timestamp(self, record: Record) -> int:
        if isinstance(record.content, Reason):
            raise BrokenValueError(record.content)
        instant = parse(record.content.get(self._policy.columns.timestamp))
        if instant > self._latest:
            raise BrokenValueError(Reason.FUTURE)
        return instant

    def _concerns(self, last: int | None, partition: Partition) -> bool:
        if last is not None:
            return self._start <= last < self._end
        begin = day_start(partition.day)
        return begin < self._end and self._start < begin + DAY


def _records(
    file: Path, policy: ProductionPolicy, span: tuple[int, int, int], columns: RequiredColumns
) -> Iterator[Record]:
    def prepare(frame: pl.LazyFrame) -> pl.LazyFrame:
        if not columns.all_seen:
            columns.note(file, frame.collect_schema().names()[1:])
        return prepared(frame, policy, span)

    for record in read_records(file, prepare):
        if not (columns.all_seen or isinstance(record.content, Reason)):
            columns.note(file, record.content)
        yield record


def _instant(record: Record, policy: ProductionPolicy) -> int | None:
    try:
        return None if isinstance(record.content, Reason) else parse(record.content.get(policy.columns.timestamp))
    except BrokenValueError:
        return None


def _frame(rows: list[Row], policy: ProductionPolicy) -> pl.DataFrame:
    plain: dict[str, pl.DataType] = {
        "id": pl.String(),
        "timestamp": pl.Datetime("us", "UTC"),
        **dict.fromkeys(("input", "output", "model_version"), pl.String()),
        **dict.fromkeys(("confidence", "entropy"), pl.Float64()),
        "scores": SCORES,
    }
    columns: dict[str, list[object]] = {column: [getattr(row, column) for row in rows] for column in plain}
    columns["scores"] = [_as_structs(row.scores) for row in rows]
    groups = {f"group_{group}": [row.groups[place] for row in rows] for place, group in enumerate(policy.groups)}
    return pl.DataFrame({**columns, **groups}, schema={**plain, **dict.fromkeys(groups, pl.String())})


def _as_structs(scores: Scores | None) -> list[dict[str, object]] | None:
    return None if scores is None else [{"label": label, "probability": one} for label, one in scores]
