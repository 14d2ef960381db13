"""Every number follows from the newest entry and the last evaluation, and is one of the closed list."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from retrain.promotion.decision import PromotionDecision
from retrain.store.events import Ended, Event, RolledBack
from retrain.store.fold import fold
from retrain.store.folder import FolderStore
from retrain.store.judged import Accuracy, Performance
from retrain.store.ledger import LedgerEntry
from retrain.store.state import State
from retrain.telemetry import metrics as m
from retrain.telemetry.exporter_prometheus_client import exposition
from retrain.telemetry.sample import MAX_LABEL, Sample, safe
from retrain.telemetry.samples import MAX_GROUPS, samples_of
from retrain.telemetry.view import Evidence, ModelReader, ModelView
from telemetry.written import (
    COST,
    START,
    alarm,
    append,
    checked,
    claimed,
    drilled,
    evaluation,
    full,
    promoted,
    report_of,
)

Seen = dict[tuple[str, tuple[str, ...]], float]
UNJUDGED = PromotionDecision(verdict="hold", champion=None, challenger="v2", checks=())


def seen(samples: Iterable[Sample]) -> Seen:
    found = list(samples)
    named = {(each.metric.name.removeprefix("retrain_"), each.labels): each.value for each in found}
    assert len(named) == len(found), "a series is told once"
    assert all(len(each.labels) == len(each.metric.labels) for each in found)
    return named


def of(store: FolderStore) -> Seen:
    view = ModelReader(store, "shop").look()
    assert view is not None
    return seen(samples_of([view]))


def entry_of(state: State) -> LedgerEntry:
    return LedgerEntry(
        number=7,
        model="shop",
        at=START,
        actor="a",
        event=checked(),
        reasons=(),
        evidence={},
        previous=None,
        state=state,
    )


def test_a_full_model_tells_every_metric_of_the_list_that_a_model_has(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    full(store)
    told = {name for name, _ in of(store)}
    of_the_store = {m.STORE_UP.name, m.SCRAPE_SECONDS.name, m.BUILD_INFO.name}
    assert told == {each.name.removeprefix("retrain_") for each in m.METRICS if each.name not in of_the_store}


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("ledger_entries_total", (), 14),
        ("check_state", ("alarm",), 1),
        ("check_state", ("quiet",), 0),
        ("checks_total", ("alarm",), 1),
        ("window_seconds", (), 86_400),
        ("window_unusable_rows", (), 3),
        ("window_late_rows", (), 2),
        ("drift_score", ("input.length",), 0.5),
        ("drift_threshold", ("output.labels",), 0.25),
        ("drift_change_ratio", ("label",), 0.2),
        ("drift_change_ratio", ("group",), 0),
        ("drift_explained_ratio", ("label",), 0.75),
        ("drift_kind", ("new_topic",), 1),
        ("drift_kind", ("broken_data",), 0),
        ("drift_evidence", (), 512),
        ("drift_evidence_needed", (), 365),
        ("drift_signal_evidence", ("input.length",), 512),
        ("drift_p_value", ("input.length",), 0.015625),
        ("reference_refused", (), 0),
        ("drill_timestamp_seconds", (), START.timestamp()),
        ("drill_looks", (), 300),
        ("drill_false_alarms", (), 0),
        ("drill_false_alarms_high_per_year", (), 4.5),
        ("drill_budget_per_year", (), 1),
        ("drill_power_ratio", ("copied_rows",), 0.9),
        ("drill_power_low_ratio", ("copied_rows",), 0.5625),
        ("drill_delay_windows", ("copied_rows",), 2),
        ("propose_only", (), 0),
        ("production_accuracy_ratio", ("estimated",), 0.75),
        ("production_accuracy_low_ratio", ("labelled",), 0.25),
        ("production_accuracy_rows", ("labelled",), 40),
        ("production_accuracy_expected_ratio", (), 0.9375),
        ("production_accuracy_low_windows", (), 1),
        ("fairness_state", ("breach",), 1),
        ("fairness_state", ("within_limit",), 0),
        ("fairness_limit_ratio", (), 0.125),
        ("fairness_gaps", ("within_limit",), 3),
        ("fairness_gaps", ("not_enough_evidence",), 2),
        ("fairness_gap_state", ("channel=fax", "error", "not_enough_evidence"), 1),
        ("fairness_gap_low_ratio", ("channel=app", "label refund"), 0.1875),
        ("due", (), 1),
        ("waiting", ("budget",), 1),
        ("waiting", ("cooldown",), 0),
        ("budget_runs_used", (), 4),
        ("running", (), 1),
        ("claim_expires_timestamp_seconds", (), START.timestamp() + 86_400),
        ("runs_started_total", ("drift",), 3),
        ("runs_started_total", ("manual",), 0),
        ("runs_taken_over_total", (), 1),
        ("runs_total", ("refused",), 1),
        ("runs_total", ("inconclusive",), 1),
        ("runs_total", ("promoted",), 0),
        ("last_run_outcome", ("inconclusive",), 1),
        ("challenger_waiting", ("labels",), 1),
        ("challenger_waiting", ("review",), 1),
        ("challenger_waiting_since_timestamp_seconds", (), START.timestamp()),
        ("challenger_waiting_ends_timestamp_seconds", (), START.timestamp() + 14 * 86_400),
        ("challenger_labels_needed", (), 240),
        ("challenger_reviewers_missing", (), 2),
        ("last_run_outcome", ("refused",), 0),
        ("promotions_total", ("hand",), 3),
        ("rollbacks_total", ("manual",), 1),
        ("rollbacks_total", ("probation",), 0),
        ("run_seconds_total", (), 2 * COST.wall_seconds),
        ("run_cost_total", (), 2.5),
        ("last_run_seconds", ("tune",), 40),
        ("last_run_seconds", ("other",), 2),
        ("last_run_seconds", ("probe",), 0),
        ("evaluation_up", (), 1),
        ("heldout_accuracy_ratio", ("champion",), 0.75),
        ("heldout_accuracy_ratio", ("challenger",), 0.875),
        ("overfit_gap_ratio", (), 0.125),
        ("latency_p95_seconds", (), 0.0125),
        ("group_accuracy_ratio", ("channel=app", "challenger"), 0.875),
        ("group_enough", ("channel=app",), 1),
        ("gate_check", ("fair", "unknown"), 1),
        ("gate_check", ("fair", "pass"), 0),
    ],
)
def test_what_the_entries_say_is_what_is_told(tmp_path: Path, name: str, labels: tuple[str, ...], value: float) -> None:
    store = FolderStore(tmp_path)
    full(store)
    assert of(store)[name, ("shop", *labels)] == value


def test_counters_begin_at_zero_so_that_the_first_event_is_an_increase() -> None:
    told = seen(samples_of([ModelView(model="shop", entry=entry_of(State()))]))
    counters = {each.name.removeprefix("retrain_") for each in m.METRICS if each.kind == "counter"}
    assert {name for name, _ in told if name.endswith("_total")} == counters
    assert all(value == 0 for (name, _), value in told.items() if name in counters - {"ledger_entries_total"})


def test_unknown_is_not_zero() -> None:
    told = {name for name, _ in seen(samples_of([ModelView(model="shop", entry=entry_of(State()))]))}
    assert not told & {"drift_score", "window_rows", "last_check_timestamp_seconds", "due", "budget_runs_used"}
    assert not told & {"heldout_accuracy_ratio", "labels_missing", "champion_since_timestamp_seconds", "evaluation_up"}


def test_what_was_not_measured_is_told_by_no_number(tmp_path: Path) -> None:
    """A gap without evidence, a signal without a p-value, a drift that could not be planted, an accuracy not known."""
    store = FolderStore(tmp_path)
    unknown = Performance(estimated=Accuracy(reason="no answers"), labelled=Accuracy(rows=3, reason="3 labels"))
    append(store, promoted(), alarm(1).model_copy(update={"performance": unknown}), drilled(budget=None))
    told = of(store)
    assert not {"production_accuracy_ratio", "production_accuracy_rows", "drill_budget_per_year"} & {n for n, _ in told}
    assert ("fairness_gap_ratio", ("shop", "channel=fax", "error")) not in told
    assert ("drift_p_value", ("shop", "output.labels")) not in told
    assert ("drill_power_ratio", ("shop", "label_mix")) not in told
    assert told["propose_only", ("shop",)] == 0


def test_a_refuted_budget_is_told_and_gone_with_its_reference(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    append(store, promoted(), drilled(alarms=12, per_year=15.0, low=8.0, high=26.0))
    assert of(store)["propose_only", ("shop",)] == 1
    append(store, promoted("v2", "v1"))
    assert not {name for name, _ in of(store) if name.startswith(("drill_", "propose_"))}


def test_a_window_with_too_few_rows_is_the_state_and_the_last_judged_one_keeps_its_scores(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    append(store, promoted(), alarm(1), checked("insufficient_data", 2, waiting=("backoff",)))
    told = of(store)
    assert told["check_state", ("shop", "insufficient_data")] == 1
    assert told["check_state", ("shop", "alarm")] == 0
    assert told["drift_score", ("shop", "input.length")] == 0.5
    assert told["waiting", ("shop", "backoff")] == 1
    assert told["due", ("shop",)] == 0


def test_a_first_champion_was_compared_with_nobody(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    digest = evaluation(store, champion=None)
    append(store, claimed(), promoted("v2", None, claim="c1", evaluation=digest, cost=COST))
    told = of(store)
    assert told["heldout_accuracy_ratio", ("shop", "challenger")] == 0.875
    assert told["promotions_total", ("shop", "run")] == told["runs_total", ("shop", "promoted")] == 1
    assert ("heldout_accuracy_ratio", ("shop", "champion")) not in told
    assert not {"accuracy_difference_low_ratio", "accuracy_difference_p_value"} & {name for name, _ in told}


def with_groups(groups: list[tuple[str, int]]) -> ModelView:
    evidence = Evidence(report=report_of(groups), decision=UNJUDGED)
    return ModelView(model="shop", entry=entry_of(State()), evidence=evidence)


def test_only_the_largest_groups_are_told() -> None:
    told = seen(samples_of([with_groups([(f"user={number}", number) for number in range(1, 500)])]))
    groups = {labels[1] for name, labels in told if name == "group_rows"}
    assert groups == {f"user={number}" for number in range(500 - MAX_GROUPS, 500)}


@given(st.lists(st.text(st.characters(), max_size=200), max_size=8, unique=True))
def test_any_name_of_a_group_is_read_back_as_it_was_told(names: list[str]) -> None:
    samples = list(samples_of([with_groups([(name, 10) for name in names])]))
    text = exposition(samples, "")[0].decode("utf-8")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    read = {each.labels["group"] for each in families["retrain_group_rows"].samples} if names else set()
    assert read == {safe(name) for name in names}
    assert all(len(name) <= MAX_LABEL for name in read)
    assert len(seen(samples)) == len(samples)


def test_long_names_that_begin_alike_stay_apart() -> None:
    one, other = (safe("x" * 500 + end) for end in "ab")
    assert one != other


EVENTS = st.one_of(
    st.builds(checked, st.sampled_from(["quiet", "warning", "alarm", "insufficient_data"]), st.integers(0, 99)),
    st.builds(promoted, st.sampled_from(["v1", "v2"])),
    st.builds(claimed, st.sampled_from(["c1", "c2"])),
    st.builds(lambda outcome: Ended(claim="c1", outcome=outcome, cost=COST), st.sampled_from(["held", "refused"])),
    st.builds(lambda alarms: drilled(alarms=alarms), st.integers(0, 9)),
    st.just(RolledBack(version="v1", withdrawn="v2")),
)


@settings(max_examples=60, deadline=None)
@given(events=st.lists(EVENTS, max_size=20))
def test_counters_never_fall_and_one_state_holds_whatever_happens(events: list[Event]) -> None:
    state = State()
    before: Seen = {}
    for event in events:
        if isinstance(event, RolledBack) and not state.predecessors:
            continue
        state = fold(state, event, START)
        told = seen(samples_of([ModelView(model="shop", entry=entry_of(state))]))
        counters = {key: value for key, value in told.items() if key[0].endswith("_total")}
        assert counters.keys() == (before or counters).keys()
        assert all(value >= before.get(key, 0) for key, value in counters.items())
        assert sum(value for (name, _), value in told.items() if name == "check_state") == 1
        before = counters
