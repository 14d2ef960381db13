"""A drill measures what the monitor does to its own reference, with exact bounds, and plants what it says it plants."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from benchmarks.clinc import Traffic
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom, poisson

from retrain.drift.drill.intervals import poisson_bounds, share_bounds
from retrain.drift.drill.planted import SHARES, source
from retrain.drift.drill.run import drill, stretch
from retrain.drift.drill.sentences import refuted, said
from retrain.drift.observation import Observation
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import ReferenceProfile, build_reference
from retrain.store.drilled import PLANTED, Planted
from telemetry.written import drilled

POLICY = DriftPolicy().of_task("classification")
FOUND: tuple[Planted, ...] = ("unsure_rows", "copied_rows")
FEW = 40
"""Looks; as many as a test can wait for."""


def profile_of(traffic: Traffic, rows: Sequence[int] | NDArray[np.int64], *, days: int = 4) -> ReferenceProfile:
    made = build_reference(traffic.window(np.asarray(rows)), POLICY)
    return replace(made, end=made.start + timedelta(days=days))


@pytest.fixture(scope="module")
def steady(traffic: Traffic) -> ReferenceProfile:
    return profile_of(traffic, traffic.order(burst=1, seed=4)[:1_000])


@given(st.integers(0, 60), st.sampled_from([0.8, 0.95, 0.99]))
def test_bounds_of_a_rate_are_those_at_which_the_count_is_as_rare_as_said(count: int, confidence: float) -> None:
    low, high = poisson_bounds(count, confidence)
    assert poisson.cdf(count, high) == pytest.approx((1 - confidence) / 2)
    assert low == 0 if count == 0 else poisson.sf(count - 1, low) == pytest.approx((1 - confidence) / 2)


@given(st.integers(1, 40), st.data())
def test_bounds_of_a_share_hold_it_and_are_exact(trials: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, trials))
    low, high = share_bounds(count, trials, 0.95)
    assert 0 <= low <= count / trials <= high <= 1
    assert low == 0 if count == 0 else binom.sf(count - 1, trials, low) == pytest.approx(0.025)
    assert high == 1 if count == trials else binom.cdf(count, trials, high) == pytest.approx(0.025)


def test_a_steady_reference_keeps_its_budget_and_what_is_planted_is_found(steady: ReferenceProfile) -> None:
    found = drill(steady, POLICY, looks=FEW, seed=3, drifts=FOUND)
    assert (found.looks, found.alarms, found.window_rows) == (FEW, 0, 250)
    assert (found.per_year, found.low, found.budget) == (0.0, 0.0, 1.0)
    assert found.high == pytest.approx(3.6889 * 365.25 / FEW, rel=1e-3)
    powers = {power.drift: power for power in found.planted}
    assert set(powers) == set(FOUND)
    assert all(power.found >= 8 for power in powers.values())
    assert all((power.low, power.high) == share_bounds(power.found, power.trials, 0.95) for power in powers.values())


def test_a_reference_that_is_not_steady_refutes_the_budget(traffic: Traffic) -> None:
    """Half of the labels in the first half of the time, the others in the second: no stretch is like the rest."""
    order = traffic.order(burst=1, seed=4)
    low = [row for row in order if traffic.intents[row] < 75][:500]
    high = [row for row in order if traffic.intents[row] >= 75][:500]
    found = drill(profile_of(traffic, [*low, *high]), POLICY, looks=FEW, seed=3, drifts=())
    assert found.alarms >= 1
    assert found.low > 0
    assert "output.labels" in found.raised


@pytest.mark.parametrize("drift", PLANTED)
def test_a_planted_window_has_the_rows_and_times_of_its_host_and_the_share_changed(
    steady: ReferenceProfile, drift: Planted
) -> None:
    draws = np.random.default_rng(5)
    found = source(drift, steady.seen, draws)
    assert not isinstance(found, str)
    cut = stretch(1_000, 200, draws)
    host, window = steady.seen.taken(cut), found.into(cut, draws)
    assert window.rows["timestamp"].to_list() == host.rows["timestamp"].to_list()
    changed = sum(one != other for one, other in zip(window.texts, host.texts, strict=True))
    assert changed == pytest.approx(SHARES[drift] * 200, abs=4)
    assert _measured(window) == _measured(host) == 200


def _measured(seen: Observation) -> int:
    sizes = {len(seen.unseen), len(seen.properties.length), len(seen.properties.words), seen.rows.height}
    assert len(sizes) == 1
    return sizes.pop()


def test_what_cannot_be_planted_is_unknown_and_says_why(traffic: Traffic) -> None:
    window = traffic.window(traffic.order(burst=1, seed=4)[:300])
    dull = window.rows.with_columns(output=pl.lit("a"), confidence=pl.lit(0.5))
    made = build_reference(replace(window, rows=dull), POLICY)
    drifts: tuple[Planted, ...] = ("label_mix", "unsure_rows")
    for drift in drifts:
        why = source(drift, made.seen, np.random.default_rng(1))
        assert isinstance(why, str)
        assert "300 rows" in why


@given(st.floats(0, 50), st.floats(0, 5), st.floats(0.1, 5))
def test_the_budget_is_refuted_where_the_whole_interval_lies_above_it_and_nowhere_else(
    rate: float, below: float, budget: float
) -> None:
    low = max(0.0, rate - below)
    seen = drilled(alarms=3, per_year=rate, low=low, high=rate + 1, budget=budget).drill
    assert (refuted(seen) is not None) == seen.refuted == (low > budget)
    if seen.refuted:
        assert f"the {budget:g} allowed" in (refuted(seen) or "")


def test_a_rule_without_a_budget_is_never_refuted() -> None:
    seen = drilled(alarms=50, per_year=60.0, low=45.0, high=80.0, budget=None).drill
    assert refuted(seen) is None
    assert "keeps no budget" in next(said(seen))
