"""What happened in production between two moments? Reads the log once, in bounded memory, whatever its state."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import polars as pl

from retrain.production.columns import required
from retrain.production.instants import DAY, SECOND, day_start, micros, moment
from retrain.production.partitions import FILED_WRONG, partitions
from retrain.production.policy import ProductionPolicy
from retrain.production.reading import Reading, Span, earliest
from retrain.production.sample import Sample
from retrain.production.window import Window

MINUTE = 60 * SECOND
AFTER_ALL = 1 << 62


def read_window(folder: Path, policy: ProductionPolicy, *, start: datetime, end: datetime, now: datetime) -> Window:
    """Read the rows with `start <= timestamp < end`.

    Rows may stand in the partition of the day before or after their own. A row that cannot be placed in time counts for
    the window of the row before it in its file. Without one it counts once, for the window in which its partition's day
    ends: it may have come at any hour of that day, and one bad batch must not make each short window look broken.
    Raises LogError if there is no log, or if no row has a required column.
    """
    reading = Reading(folder, policy, _span(start, end, now, policy))
    sample = Sample(policy.sample_rows, policy)
    reading.into(sample)
    total = sample.total()
    return Window(
        start=start,
        end=end,
        rows=sample.table(),
        total=total,
        estimated=sample.estimated,
        duplicates=sample.seen() - total,
        truncated=reading.truncated,
        quarantined=reading.quarantine.counts(),
        broken=reading.quarantine.examples(),
        broken_at=reading.quarantine.instants(),
    )


def count_rows(folder: Path, policy: ProductionPolicy, *, start: datetime, end: datetime, now: datetime) -> int:
    """Distinct rows with `start <= timestamp < end` by now: above the `total` of an earlier Window, rows came late."""
    sample = Sample(0, policy)
    Reading(folder, policy, _span(start, end, now, policy)).into(sample)
    return sample.total()


def find_rows(
    folder: Path, policy: ProductionPolicy, ids: Collection[str], *, span: tuple[datetime, datetime], now: datetime
) -> pl.DataFrame:
    """The rows with these ids, wherever they stand in the span: what labels are joined with, so never a sample."""
    start, end = span
    found = Sample(max(len(ids), 1), policy, only=ids)
    Reading(folder, policy, _span(start, end, now, policy)).into(found)
    return found.table()


def first_timestamp(folder: Path, policy: ProductionPolicy) -> datetime | None:
    """The earliest timestamp that stands at most a day off its partition; None if there is none.

    Reads the earliest days only: up to the first with such a row, and the day after, which may hold earlier ones.
    """
    columns = required(policy)
    found: int | None = None
    for partition in partitions(folder):
        first = day_start(partition.day - FILED_WRONG)
        if found is not None and found < first:
            break
        span = Span(first, first + 3 * DAY, AFTER_ALL)
        of_files = [earliest(file, policy, span, columns) for file in partition.files()]
        found = min((one for one in (found, *of_files) if one is not None), default=None)
    if found is None:
        columns.check()
        return None
    return moment(found)


def _span(start: datetime, end: datetime, now: datetime, policy: ProductionPolicy) -> Span:
    return Span(micros(start), micros(end), micros(now) + policy.skew_minutes * MINUTE)
