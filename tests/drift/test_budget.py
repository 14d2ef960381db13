"""Does the budget pool what windows say, and say no more than its one reference allows?"""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest
from benchmarks.clinc import Traffic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import binom

from retrain.drift.check import score
from retrain.drift.monitor import Monitor, advance, pool_window, unjudged
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import build_reference
from retrain.drift.report import Deviation, DriftReport
from retrain.drift.sequential.budget import needed
from retrain.drift.sequential.pool import KEPT, empty, pooled, seen, sizes
from retrain.drift.sequential.replay import not_armed, replay

from .conftest import MakeReport, MakeWindow

POLICY = DriftPolicy()
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def deviation(size: float, *, rows: int = 300, reference_rows: int = 1_000, effect: float = 0.2) -> Deviation:
    return Deviation(
        size=size, tail="rise", rows=rows, reference_rows=reference_rows, freedom=20, effect=effect if size > 0 else 0.0
    )


def run(windows: Sequence[dict[str, Deviation]], policy: DriftPolicy = POLICY) -> tuple[list[str], Monitor]:
    monitor, states = Monitor(), list[str]()
    for window in windows:
        monitor, state = pool_window(monitor, window, policy)
        states.append(state)
    return states, monitor


def test_one_freak_window_is_a_warning_and_a_second_one_an_alarm() -> None:
    quiet, freak = {"a": deviation(0.0)}, {"a": deviation(30.0)}
    assert run([freak, *[quiet] * 10])[0].count("alarm") == 0
    assert run([*[quiet] * 5, freak, *[quiet] * 10])[0].count("alarm") == 0
    assert run([*[quiet] * 5, freak, freak])[0][-2:] == ["warning", "alarm"]


@quick
@given(
    sizes=st.lists(st.floats(-37, 37), min_size=1, max_size=30),
    place=st.integers(0, 30),
    rows=st.integers(1, 100_000),
    signals=st.integers(1, 4),
)
def test_no_single_window_raises_an_alarm_whatever_it_holds(
    sizes: list[float], place: int, rows: int, signals: int
) -> None:
    quiet = {str(number): deviation(0.0) for number in range(signals)}
    freak = {str(number): deviation(sizes[number % len(sizes)], rows=rows) for number in range(signals)}
    windows = [quiet] * 30
    windows[min(place, 29)] = freak
    assert "alarm" not in run(windows)[0]


def test_many_windows_say_together_what_none_says_alone() -> None:
    faint = {"a": deviation(1.5, reference_rows=5_000)}
    states, monitor = run([faint] * 40)
    assert states[0] == "quiet"
    assert "alarm" in states
    assert monitor.evidence is not None
    assert monitor.evidence.total >= monitor.evidence.needed


def test_a_reference_that_errs_is_never_taken_for_drift_however_many_windows_repeat_its_error() -> None:
    # Every window carries the same two standard deviations of a reference of the window's own size.
    memory, window = empty(1), seen([deviation(2.0 / np.sqrt(2), rows=1_000, reference_rows=1_000)])
    for _ in range(5_000):
        memory = pooled(memory, window, np.array([99.0]))
    assert sizes(memory).max() < 2.0


def test_an_effect_below_the_floor_counts_for_nothing_and_one_above_it_does() -> None:
    small, large = ({"a": deviation(5.0, effect=effect)} for effect in (0.029, 0.031))
    assert set(run([small] * 20)[0]) == {"quiet"}
    assert run([large] * 20)[0][-1] == "alarm"


@pytest.mark.parametrize(
    ("hours", "false", "evidence"), [(24, 1, 365.25), (168, 1, 52.18), (1, 1, 8_766), (24, 2, 182.6)]
)
def test_more_looks_and_a_smaller_budget_ask_for_more_evidence(hours: float, false: float, evidence: float) -> None:
    policy = DriftPolicy(window_hours=hours, false_retrains_per_year=false)
    assert needed(policy) == pytest.approx(evidence, rel=1e-3)


def test_each_signal_more_is_paid_for() -> None:
    one, many = ({str(n): deviation(3.0 if n == 0 else 0.0) for n in range(count)} for count in (1, 8))
    found = [run([window])[1].evidence for window in (one, many)]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].total == pytest.approx(8 * found[1].total, rel=1e-4)


def test_an_alarm_ends_after_calm_windows_and_the_next_begins_from_nothing() -> None:
    quiet, strong = {"a": deviation(0.0)}, {"a": deviation(5.0)}
    states, monitor = run([*[strong] * 60, *[quiet] * 8])
    assert states[-1] == "quiet"
    assert states[60:].count("alarm") <= 6, "a memory holds little more than what the alarm needed"
    assert run([*[strong] * 60, *[quiet] * 8, strong])[0][-1] != "alarm"
    assert not monitor.alarmed


def test_a_signal_that_is_not_watched_for_a_while_keeps_what_it_said() -> None:
    _, before = run([{"a": deviation(2.0), "b": deviation(0.0)}])
    after, _ = pool_window(before, {"b": deviation(0.0)}, POLICY)
    assert after.pooled["a"] == before.pooled["a"]
    assert len(after.pooled["a"]) == len(KEPT)


@quick
@given(
    st.lists(
        st.tuples(
            st.floats(-37, 37), st.integers(1, 10**6), st.integers(1, 10**6), st.floats(1, 1e6), st.floats(-1, 1)
        ),
        max_size=12,
    )
)
def test_every_window_gets_a_state_and_the_same_windows_the_same_bytes(
    found: list[tuple[float, int, int, float, float]],
) -> None:
    windows = [
        {"a": Deviation(size=s, tail="distance", rows=n, reference_rows=m, freedom=f, unsure=0.05, effect=e)}
        for s, n, m, f, e in found
    ]
    states, monitor = run(windows)
    assert set(states) <= {"quiet", "warning", "alarm"}
    assert monitor.canonical() == run(windows)[1].canonical()
    assert Monitor.model_validate_json(monitor.canonical()) == monitor


def test_a_window_that_was_judged_is_not_judged_again(make_report: MakeReport) -> None:
    monitor, _ = advance(Monitor(), make_report(day=3, drifted=True), POLICY)
    for day in (3, 2):
        assert advance(monitor, make_report(day=day, drifted=True), POLICY) == (monitor, "insufficient_data")
        reason = unjudged(monitor, make_report(day=day), POLICY)
        assert reason is not None
        assert "no row counts twice" in reason


def test_a_budget_is_not_promised_on_a_small_reference() -> None:
    for small in ({"reference_rows": 999}, {"max_rows": 999}):
        with pytest.raises(ValidationError, match="rule: windows, which promises none"):
            DriftPolicy.model_validate(small)
    assert DriftPolicy(reference_rows=300, rule="windows").rule == "windows"


@pytest.mark.parametrize(("p_value", "state"), [(0.051, "quiet"), (0.049, "alarm")])
def test_the_p_value_rule_looks_at_one_window(make_report: MakeReport, p_value: float, state: str) -> None:
    report = make_report()
    scores = tuple(score.model_copy(update={"p_value": p_value}) for score in report.scores)
    assert advance(Monitor(), report.model_copy(update={"scores": scores}), DriftPolicy(rule="p_value"))[1] == state


@pytest.mark.parametrize(("verdict", "state"), [(None, "quiet"), (False, "quiet"), (True, "alarm")])
def test_the_evidently_rule_takes_its_word(make_report: MakeReport, verdict: bool | None, state: str) -> None:
    report = make_report(drifted=True).model_copy(update={"evidently": verdict})
    assert advance(Monitor(), report, DriftPolicy(rule="evidently"))[1] == state


def judged(traffic: Traffic, make: MakeWindow, texts: list[str]) -> tuple[DriftReport, str]:
    reference = build_reference(traffic.window(traffic.order(burst=1, seed=8)[:1_000]), POLICY)
    report = score(make(texts), reference, POLICY, model="m")
    return report, advance(Monitor(), report, POLICY)[1]


@pytest.mark.parametrize(
    ("texts", "states"),
    [
        ([], {"insufficient_data"}),
        (["one row"], {"insufficient_data"}),
        (["the same text"] * 300, {"quiet", "warning"}),
        ([""] * 300, {"quiet", "warning"}),
        (["\U0001f600 нет"] * 1_000, {"quiet", "warning"}),
    ],
)
def test_odd_windows_get_a_named_state_and_no_alarm(
    traffic: Traffic, make_window: MakeWindow, texts: list[str], states: set[str]
) -> None:
    report, state = judged(traffic, make_window, texts)
    assert state in states
    assert all(s.p_value is None or 0 <= s.p_value <= 1 for s in report.scores)


def test_p_values_of_quiet_windows_are_as_small_as_they_say(traffic: Traffic) -> None:
    small, count = dict.fromkeys(("input.length", "output.confidence", "output.entropy"), 0), 40
    for seed in range(8):
        order = traffic.order(burst=3, seed=300 + seed)
        reference = build_reference(traffic.window(order[:1_000]), POLICY)
        for start in range(1_000, 2_500, 300):
            report = score(traffic.window(order[start : start + 300]), reference, POLICY, model="m")
            for s in report.scores:
                if s.signal in small and s.p_value is not None:
                    small[s.signal] += s.p_value <= 0.1
    # Eight references, each in five windows: their errors are shared, so the bound is that of a fifth.
    assert max(small.values()) <= binom.ppf(0.999, count, 0.2)
    assert sum(small.values()) > 0


def test_a_steady_reference_arms_and_one_that_moves_in_its_middle_does_not(traffic: Traffic) -> None:
    policy = DriftPolicy(window_hours=4)
    order = traffic.order(burst=1, seed=12)
    steady = build_reference(traffic.window(order[:3_000]), policy)
    figures = replay(steady, policy)
    assert (figures.looks, figures.alarms) == (6, 0)
    assert not_armed(steady, figures) is None
    rows = traffic.window(order[:2_000]).rows.vstack(traffic.window(order[2_000:3_000], outside=0.9).rows)
    window = traffic.window(order[:3_000])
    moments = window.rows["timestamp"]
    moved = build_reference(
        type(window)(start=window.start, end=window.end, rows=rows.with_columns(timestamp=moments), total=3_000), policy
    )
    figures = replay(moved, policy)
    reason = not_armed(moved, figures)
    assert figures.alarms >= 1
    assert reason is not None
    assert "false alarms in 6 windows of the drift reference itself" in reason
    assert "drift.season" in reason


def test_a_reference_below_a_thousand_rows_is_not_armed(traffic: Traffic) -> None:
    small = build_reference(traffic.window(traffic.order(burst=1, seed=13)[:999]), POLICY)
    reason = not_armed(small, replay(small, POLICY))
    assert reason == "the drift reference holds 999 rows, 1000 needed for a budget of false alarms"


def test_evidence_is_in_the_report_of_days(make_report: MakeReport) -> None:
    later = make_report(day=1).model_copy(update={"start": make_report().end + timedelta(hours=5)})
    monitor, _ = advance(Monitor(), make_report(day=0), POLICY)
    assert unjudged(monitor, later, POLICY) is None
