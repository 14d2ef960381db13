"""Which reference rows is a window compared with, when traffic has a rhythm? Those of its own hours or weekdays."""

from math import ceil

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retrain.drift.observation import RUN_ROWS, Observation
from retrain.drift.policy import DriftPolicy
from retrain.drift.signals import MIN_REFERENCE

LEAST_OF_EACH = MIN_REFERENCE
"""Reference rows below which an hour or a weekday is not known, as for any signal."""
SPANS = {"hour": 48.0, "weekday": 336.0}
"""Hours until a season has been seen whole twice: each window then has another of its kind to be compared with."""
PERIODS = {"hour": 1.0, "weekday": 24.0}
"""Hours of one of its times; the first one may have begun before the reference did."""
NAMES = {"hour": "hour {} UTC", "weekday": "weekday {}"}
"""Weekdays count from 1, Monday, in UTC like all times of a log."""


def in_season(
    reference: Observation, current: Observation, policy: DriftPolicy
) -> tuple[Observation, Observation] | str:
    """Both sides with the same share of rows from each hour or weekday; or why they cannot be compared.

    Rows of a time that the reference does not know are left out of the window.
    """
    if policy.season == "none":
        return reference, current
    old, new = (_times(side, policy.season) for side in (reference, current))
    known = {time: np.flatnonzero(old == time) for time in np.unique(new).tolist()}
    known = {time: rows for time, rows in known.items() if len(rows) >= LEAST_OF_EACH}
    kept = np.flatnonzero(np.isin(new, list(known)))
    if not len(kept):
        names = ", ".join(NAMES[policy.season].format(time) for time in np.unique(new).tolist())
        return f"the reference holds fewer than {LEAST_OF_EACH} rows of {names}"
    wanted = {time: int((new == time).sum()) for time in known}
    times_as_many = min(len(rows) / wanted[time] for time, rows in known.items())
    taken = [_spread_out(rows, int(times_as_many * wanted[time])) for time, rows in known.items()]
    return reference.taken(np.sort(np.concatenate(taken))), current.taken(kept) if len(kept) < len(new) else current


def _spread_out(rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """About so many rows: runs of neighbours as long as they must be, over the whole time, since bursts must stay."""
    runs = np.array_split(rows, max(1, len(rows) // RUN_ROWS))
    return np.concatenate([run[: max(1, round(len(run) * count / len(rows)))] for run in runs])


def season_unknown(reference: Observation, hours: float, policy: DriftPolicy) -> str | None:
    """Why this reference does not know the season; `hours` is the time that it spans."""
    if policy.season == "none":
        return None
    if ceil(hours / PERIODS[policy.season]) * PERIODS[policy.season] < SPANS[policy.season]:
        return (
            f"the drift reference spans {hours:.0f} h, {SPANS[policy.season]:.0f} needed to know each {policy.season} "
            f"(drift.season); it is gathered further"
        )
    times, counts = np.unique(_times(reference, policy.season), return_counts=True)
    few = [(time, count) for time, count in zip(times.tolist(), counts.tolist(), strict=True) if count < LEAST_OF_EACH]
    if not few:
        return None
    found = ", ".join(f"{count} of {NAMES[policy.season].format(time)}" for time, count in few)
    return (
        f"the drift reference does not hold enough rows of each {policy.season}, {LEAST_OF_EACH} needed: {found}; "
        f"it is gathered further, or raise drift.max_rows"
    )


def _times(side: Observation, season: str) -> NDArray[np.int64]:
    moments = side.rows["timestamp"].dt
    return (moments.hour() if season == "hour" else moments.weekday()).cast(pl.Int64).to_numpy()
