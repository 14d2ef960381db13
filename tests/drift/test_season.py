"""Is a window compared with the same hours of the reference, and is a reference that lacks them refused?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from retrain.drift.check import score
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import ReferenceProfile, build_reference
from retrain.drift.season import in_season, season_unknown
from retrain.production.window import Window

from .conftest import MakeWindow

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY_WORDS, NIGHT_WORDS = "where is my parcel now", "error"


def traffic(make: MakeWindow, hours: range, per_hour: int, seed: int = 0) -> Window:
    """By day long requests, by night short ones."""
    draws = np.random.default_rng(seed)
    moments = [MONDAY + hour * HOUR + n * HOUR / per_hour for hour in hours for n in range(per_hour)]
    texts = [
        (DAY_WORDS if 8 <= moment.hour < 20 else NIGHT_WORDS) + " please" * int(draws.integers(4)) for moment in moments
    ]
    window = make(texts)
    rows = window.rows.with_columns(timestamp=pl.Series(moments, dtype=pl.Datetime("us", "UTC")))
    return Window(start=moments[0], end=MONDAY + hours.stop * HOUR, rows=rows, total=len(texts))


@pytest.fixture
def reference(make_window: MakeWindow) -> ReferenceProfile:
    return build_reference(traffic(make_window, range(72), 50), DriftPolicy())


def test_day_words_at_night_are_drift_against_the_nights_and_nothing_against_all_hours(
    make_window: MakeWindow, reference: ReferenceProfile
) -> None:
    usual, strange = traffic(make_window, range(74, 76), 150, seed=1), traffic(make_window, range(82, 84), 150, seed=1)
    at_night = replace(strange, rows=strange.rows.with_columns(pl.col("timestamp") - 8 * HOUR))
    drifted = {
        (season, window is usual): score(
            window, reference, DriftPolicy.model_validate({"season": season, "window_hours": 1}), model="m"
        ).drifted
        for season in ("none", "hour")
        for window in (usual, at_night)
    }
    assert "input.length" in drifted["hour", False]
    # Blocks of days and nights make chance so wide that it hides anything: quiet, and blind.
    assert drifted["hour", True] == drifted["none", True] == ()
    assert "input.length" not in drifted["none", False]


def test_both_sides_hold_the_hours_in_the_same_shares(make_window: MakeWindow, reference: ReferenceProfile) -> None:
    window = traffic(make_window, range(79, 81), 100).rows.head(150)
    current = build_reference(Window(start=MONDAY, end=MONDAY + HOUR, rows=window, total=150), DriftPolicy()).seen
    sides = in_season(reference.seen, current, DriftPolicy(season="hour"))
    assert not isinstance(sides, str)
    shares = [np.mean([t.hour == 7 for t in side.rows["timestamp"].to_list()]) for side in sides]
    assert shares[0] == pytest.approx(shares[1], abs=0.02)
    assert shares[1] == pytest.approx(100 / 150)
    assert {t.hour for t in sides[0].rows["timestamp"].to_list()} == {7, 8}


def test_hours_that_the_reference_does_not_know_are_not_compared(make_window: MakeWindow) -> None:
    morning = build_reference(traffic(make_window, range(12), 100), DriftPolicy())
    policy = DriftPolicy(season="hour")
    report = score(traffic(make_window, range(20, 22), 100), morning, policy, model="m")
    assert report.scores == ()
    assert "fewer than 30 rows of hour 20 UTC, hour 21 UTC" in report.not_watched["every signal"]


@pytest.mark.parametrize(
    ("season", "hours", "per_hour", "said"),
    [
        ("none", 2, 600, None),
        ("hour", 47, 30, "spans 47 h, 48 needed"),
        ("hour", 48, 30, None),
        ("hour", 48, 14, "28 of hour 0 UTC"),
        ("weekday", 312, 4, "spans 312 h, 336 needed"),
        ("weekday", 313, 4, None),
    ],
)
def test_a_reference_that_does_not_know_the_season_is_refused_with_a_sentence(
    make_window: MakeWindow, season: str, hours: int, per_hour: int, said: str | None
) -> None:
    policy = DriftPolicy.model_validate({"season": season})
    seen = build_reference(traffic(make_window, range(hours), per_hour), policy).seen
    reason = season_unknown(seen, hours, policy)
    assert (reason is None) == (said is None)
    assert said is None or said in str(reason)
