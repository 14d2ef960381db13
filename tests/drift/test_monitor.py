"""Is an alarm raised when enough windows drift, kept until enough are quiet, and untouched by empty words?"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from retrain.drift.monitor import Monitor, advance
from retrain.drift.policy import DriftPolicy

from .conftest import MakeReport

POLICY = DriftPolicy(rule="windows")
fixture_is_pure = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
policies = st.builds(
    lambda after, more, clear: DriftPolicy(
        rule="windows", alarm_after=after, alarm_within=after + more, clear_after=clear
    ),
    st.integers(1, 3),
    st.integers(0, 2),
    st.integers(1, 3),
)


def run(make_report: MakeReport, drifted: list[bool], policy: DriftPolicy = POLICY) -> list[str]:
    monitor = Monitor()
    states: list[str] = []
    for day, one in enumerate(drifted):
        monitor, state = advance(monitor, make_report(day=day, drifted=one), policy)
        states.append(state)
    return states


@pytest.mark.parametrize(
    ("windows", "states"),
    [
        ("....", ["quiet"] * 4),
        ("x...", ["warning", "quiet", "quiet", "quiet"]),
        ("xx", ["warning", "alarm"]),
        ("x.x", ["warning", "quiet", "alarm"]),
        ("x..x", ["warning", "quiet", "quiet", "warning"]),
        ("xx.x..", ["warning", "alarm", "alarm", "alarm", "alarm", "quiet"]),
        ("xx..x", ["warning", "alarm", "alarm", "quiet", "warning"]),
    ],
)
def test_two_of_three_raise_and_two_quiet_ones_clear(make_report: MakeReport, windows: str, states: list[str]) -> None:
    assert run(make_report, [window == "x" for window in windows]) == states


@fixture_is_pure
@given(st.lists(st.booleans(), max_size=12), policies)
def test_no_alarm_begins_without_enough_drifted_windows(
    make_report: MakeReport, drifted: list[bool], policy: DriftPolicy
) -> None:
    states = run(make_report, drifted, policy)
    for place, state in enumerate(states):
        if state == "alarm" and (place == 0 or states[place - 1] != "alarm"):
            assert drifted[place]
            assert sum(drifted[max(0, place + 1 - policy.alarm_within) : place + 1]) >= policy.alarm_after


@fixture_is_pure
@given(st.lists(st.booleans(), max_size=12), policies)
def test_an_alarm_ends_only_after_enough_quiet_windows_in_a_row(
    make_report: MakeReport, drifted: list[bool], policy: DriftPolicy
) -> None:
    states = run(make_report, drifted, policy)
    for place in range(1, len(states)):
        if states[place - 1] == "alarm":
            streak = not any(drifted[max(0, place + 1 - policy.clear_after) : place + 1])
            long_enough = place + 1 >= policy.clear_after
            assert (states[place] == "quiet") == (streak and long_enough)


@fixture_is_pure
@given(st.lists(st.booleans(), max_size=6))
def test_a_window_that_says_too_little_changes_nothing(make_report: MakeReport, drifted: list[bool]) -> None:
    monitor = Monitor()
    for day, one in enumerate(drifted):
        monitor, _ = advance(monitor, make_report(day=day, drifted=one), POLICY)
    few = (
        make_report(day=9, rows=99),
        make_report(day=9, reference_rows=999, drifted=True),
        make_report(day=9, watched=False),
    )
    for report in few:
        assert advance(monitor, report, POLICY) == (monitor, "insufficient_data")


def test_exactly_the_rows_asked_for_are_enough(make_report: MakeReport) -> None:
    assert advance(Monitor(), make_report(rows=100, reference_rows=1_000), POLICY)[1] == "quiet"


def test_a_monitor_survives_its_json_form(make_report: MakeReport) -> None:
    monitor, _ = advance(Monitor(), make_report(drifted=True), POLICY)
    assert Monitor.model_validate_json(monitor.canonical()) == monitor


def test_a_policy_under_which_no_alarm_is_possible_is_refused() -> None:
    with pytest.raises(ValidationError, match="make alarm_within at least 4"):
        DriftPolicy(alarm_after=4, alarm_within=3)
