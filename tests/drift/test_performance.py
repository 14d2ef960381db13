"""Is accuracy that is estimated or counted near the truth, within its bounds, and unknown where it must be?"""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from benchmarks.clinc import window_of
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from retrain.drift.check import score
from retrain.drift.observation import Observation, observe_window
from retrain.drift.performance.answers import MIN_ANSWERS, Answers
from retrain.drift.performance.estimate import estimate
from retrain.drift.performance.known import performance
from retrain.drift.performance.labelled import labelled_accuracy
from retrain.drift.performance.rules import RULES, stretched
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import build_reference
from retrain.drift.watched import NAMES
from retrain.production.window import Window

ONLY = DriftPolicy(signals={name: name.startswith("performance.") for name in NAMES})


def model(rows: int, seed: int, strange: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Confidence and rightness of a calibrated model; strange rows are answered half as surely and wrongly."""
    draws = np.random.default_rng(seed)
    confidence = draws.beta(8, 1.2, rows)
    right = draws.random(rows) < confidence
    unknown = draws.random(rows) < strange
    return np.where(unknown, confidence * 0.5, confidence), right & ~unknown


def answers(rows: int = 1_000, seed: int = 1) -> Answers:
    confidence, right = model(rows, seed)
    return Answers(right=right, confidence=confidence, entropy=1 - confidence, source="a test")


def window(rows: int, seed: int, strange: float = 0.0, labelled: np.ndarray | None = None) -> tuple[Window, float]:
    confidence, right = model(rows, seed, strange)
    labels = np.where(right, "a", "b").astype(object)
    if labelled is not None:
        labels[~labelled] = None
    made = window_of(["text"] * rows, confidence=confidence, entropy=1 - confidence, label=labels.tolist())
    return replace(made, rows=made.rows.with_columns(pl.col("label").cast(pl.String))), float(right.mean())


def seen(made: Window) -> Observation:
    return observe_window(made.rows, frozenset(), np.arange(0), None)


@pytest.mark.parametrize("strange", [0.0, 0.1, 0.3])
def test_the_estimate_follows_the_truth_and_its_bounds_hold_it(strange: float) -> None:
    for seed in range(10):
        made, truth = window(600, 100 + seed, strange)
        told = estimate(answers(seed=seed), seen(made))
        assert told.value is not None
        assert told.low is not None
        assert told.high is not None
        assert abs(told.value - truth) < 0.06
        assert told.low <= truth <= told.high


def test_a_model_less_sure_is_estimated_to_be_right_less_often_by_every_rule() -> None:
    known, (quiet, _), (moved, _) = answers(), window(800, 2), window(800, 2, 0.3)
    for rule in RULES.values():
        before, after = (
            rule(known, side["entropy"].to_numpy(), side["confidence"].to_numpy()) for side in (quiet.rows, moved.rows)
        )
        assert after < before - 0.05
        assert rule(known, known.entropy, known.confidence) == pytest.approx(known.accuracy, abs=0.005)


@given(
    arrays.arrays(np.float64, st.integers(30, 60), elements=st.floats(0, 1)),
    arrays.arrays(np.float64, MIN_ANSWERS, elements=st.floats(0, 1)),
    arrays.arrays(np.bool_, MIN_ANSWERS),
)
def test_an_estimate_is_a_share_within_its_own_bounds(
    confidence: np.ndarray, sure: np.ndarray, right: np.ndarray
) -> None:
    known = Answers(right=right, confidence=sure, entropy=sure, source="a test")
    made = window_of(["text"] * len(confidence), confidence=confidence)
    told = estimate(known, seen(made))
    assert told.value is not None
    assert told.low is not None
    assert told.high is not None
    assert 0 <= told.low <= told.value <= told.high <= 1
    assert estimate(known, seen(made)) == told
    surer = window_of(["text"] * len(confidence), confidence=np.minimum(1, confidence + 0.1))
    assert stretched(known, sure, surer.rows["confidence"].to_numpy()) >= told.value


@pytest.mark.parametrize(
    ("known", "rows", "reason"),
    [
        (None, 100, "no answers of this champion whose truth is known"),
        (answers(99), 100, "99 answers whose truth is known, 100 needed (a test)"),
        (
            replace(answers(), confidence=np.full(1_000, np.nan)),
            100,
            "not every answer whose truth is known has a confidence",
        ),
        (answers(), 29, "confidence is known in 29 of 29 rows of the window, 30 needed"),
        (answers(), 0, "confidence is known in 0 of 0 rows of the window, 30 needed"),
    ],
)
def test_an_unknown_accuracy_has_a_reason_and_no_value(known: Answers | None, rows: int, reason: str) -> None:
    made, _ = window(rows, 3)
    told = estimate(known, seen(made))
    assert (told.value, told.low, told.high) == (None, None, None)
    assert reason in (told.reason or "")


def test_labelled_rows_are_counted_with_wilsons_interval() -> None:
    made = window_of(["text"] * 50, output=["a"] * 50, label=["a"] * 40 + ["b"] * 10)
    told = labelled_accuracy(seen(made))
    assert (told.value, told.rows, told.note) == (0.8, 50, None)
    assert (told.low, told.high) == pytest.approx((0.6696, 0.8876), abs=1e-4)
    none = labelled_accuracy(seen(window_of(["text"] * 50)))
    assert (none.value, none.reason) == (None, "none of 50 rows has a label yet")


def test_labels_that_were_picked_by_doubt_are_told_from_a_random_sample() -> None:
    made, _ = window(600, 4)
    sure = made.rows["confidence"].to_numpy()
    picked, _ = window(600, 4, labelled=sure < np.quantile(sure, 0.2))
    random, _ = window(600, 4, labelled=np.random.default_rng(5).random(600) < 0.2)
    assert "no random sample" in (labelled_accuracy(seen(picked)).note or "")
    assert labelled_accuracy(seen(random)).note is None


def test_a_fall_of_the_estimate_is_drift_and_a_rise_is_not() -> None:
    before, _ = window(1_000, 6)
    profile = build_reference(before, ONLY)
    profile = replace(profile, seen=replace(profile.seen, answers=answers()))
    reports = [score(window(400, 7, strange)[0], profile, ONLY, model="m") for strange in (0.0, 0.3)]
    assert "performance.estimated" not in reports[0].drifted
    assert "performance.estimated" in reports[1].drifted
    sure = window_of(["text"] * 400, confidence=[0.999] * 400)
    assert score(sure, profile, ONLY, model="m").drifted == ()
    fall = next(one.value for one in reports[1].scores if one.signal == "performance.estimated")
    estimates = [report.performance.estimated.value or 0 for report in reports]
    assert fall == pytest.approx(estimates[0] - estimates[1], abs=0.03)


def test_more_wrong_answers_among_labelled_rows_are_drift_unless_they_were_picked() -> None:
    before, _ = window(1_000, 8)
    profile = build_reference(before, ONLY)
    after, _ = window(400, 9, 0.3)
    assert "performance.labelled" in score(after, profile, ONLY, model="m").drifted
    sure = after.rows["confidence"].to_numpy()
    picked, _ = window(400, 9, 0.3, labelled=sure < np.quantile(sure, 0.3))
    assert "no random sample" in score(picked, profile, ONLY, model="m").not_watched["performance.labelled"]


def test_what_is_expected_without_drift_is_the_accuracy_where_it_was_measured() -> None:
    made, _ = window(200, 10)
    known = answers()
    assert performance(replace(seen(made), answers=known), seen(made)).expected == known.accuracy
    assert performance(seen(made), seen(made)).expected is None
