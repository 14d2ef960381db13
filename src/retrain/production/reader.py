"""What happened in production between two moments? Reads the log once, in bounded memory, whatever its state."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from retrain.production.columns import required
from retrain.production.instants import DAY, SECOND, day_start, micros, moment
from retrain.production.partitions import FILED_WRONG, partitions
from retrain.production.policy import ProductionPolicy
from retrain.production.reading import Reading, Span, earliest
from retrain.production.rows import Row
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
    reading = Reading(folder, policy, _span(start, end, now, policy))
    sample = Sample(policy.sample_rows, policy)
    reading.into(sample)
    total = sample.total()
    return Window(
        start=start,
        end=end,
        rows=_frame(sample.rows(), policy),
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
    return _frame(found.rows(), policy)


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


def _frame(rows: list[Row], policy: ProductionPolicy) -> pl.DataFrame:
    plain: dict[str, pl.DataType] = {
        "id": pl.String(),
        "timestamp": pl.Datetime("us", "UTC"),
        **dict.fromkeys(("input", "output", "model_version"), pl.String()),
        **dict.fromkeys(("confidence", "entropy"), pl.Float64()),
        "scores": SCORES,
    }
    columns: dict[str, object] = {column: [getattr(row, column) for row in rows] for column in plain}
    columns["scores"] = _scores(rows)
    groups = {f"group_{group}": [row.groups[place] for row in rows] for place, group in enumerate(policy.groups)}
    kinds = dict.fromkeys(groups, pl.String())
    return pl.DataFrame({**columns, **groups}, schema={**plain, **kinds}).with_columns(_numbers(rows, policy))


def _numbers(rows: list[Row], policy: ProductionPolicy) -> list[pl.Series]:
    table = np.frombuffer(b"".join(row.numbers for row in rows)).reshape(len(rows), len(policy.numbers))
    return [pl.Series(f"number_{name}", table[:, place]).fill_nan(None) for place, name in enumerate(policy.numbers)]


def _scores(rows: list[Row]) -> pl.Series:
    """Built by column: a struct at a time costs more than all the rest of a window."""
    given = [(place, *pair) for place, row in enumerate(rows) for pair in row.scores or ()]
    columns = zip(*given, strict=True) if given else ((), (), ())
    kinds: dict[str, pl.DataType] = {"row": pl.UInt32(), "label": pl.String(), "probability": pl.Float32()}
    pairs = pl.DataFrame(dict(zip(kinds, columns, strict=True)), schema=kinds)
    lists = pairs.group_by("row", maintain_order=True).agg(scores=pl.struct("label", "probability"))
    every = pl.DataFrame({"row": pl.arange(len(rows), dtype=pl.UInt32, eager=True)})
    return every.join(lists, on="row", how="left", maintain_order="left")["scores"].cast(SCORES)
