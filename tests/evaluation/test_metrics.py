"""Do the metrics agree with an independent implementation?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from retrain.evaluation.metrics import calibration_error, measure, measure_labels
from retrain.evaluation.proportion import wilson
from retrain.training.prediction import Prediction

pairs = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1, max_size=60)


@given(pairs)
def test_macro_averages_are_over_the_labels_that_occur(rows: list[tuple[str, str]]) -> None:
    truth, predicted = [row[0] for row in rows], [row[1] for row in rows]
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, predicted, labels=sorted(set(truth)), average="macro", zero_division=0
    )
    found = measure(truth, predicted)
    assert (found.precision, found.recall, found.f1) == pytest.approx((precision, recall, f1))
    assert found.accuracy == pytest.approx(accuracy_score(truth, predicted))


def test_a_label_never_answered_has_precision_zero() -> None:
    assert measure_labels(["a", "b"], ["a", "a"])["b"].precision == 0.0


def test_calibration_error_weighs_each_bin_by_its_rows() -> None:
    sure, unsure = Prediction(label="a", confidence=0.95), Prediction(label="a", confidence=0.35)
    truth = ["a", "a", "b", "a", "b"]
    # Bin 0.9 to 1: accuracy 2/3 against 0.95; bin 0.3 to 0.4: accuracy 1/2 against 0.35.
    expected = 3 / 5 * (0.95 - 2 / 3) + 2 / 5 * (0.5 - 0.35)
    assert calibration_error(truth, [sure, sure, sure, unsure, unsure]) == pytest.approx(expected)


def test_over_and_under_confidence_in_one_bin_cancel_but_not_across_bins() -> None:
    low, high = Prediction(label="a", confidence=0.61), Prediction(label="a", confidence=0.69)
    assert calibration_error(["a"] * 65 + ["b"] * 35, [low] * 50 + [high] * 50) == pytest.approx(0.0, abs=1e-12)
    right, wrong = Prediction(label="a", confidence=0.45), Prediction(label="b", confidence=0.55)
    assert calibration_error(["a", "a"], [right, wrong]) == pytest.approx(0.55)
    far = Prediction(label="a", confidence=1.0)
    assert calibration_error(["b", "a"], [low, far]) == pytest.approx(0.305)


def test_no_rows_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="no held-out rows"):
        measure([], [])
    with pytest.raises(ValueError, match="no held-out rows"):
        calibration_error([], [])


def test_wilson_is_the_published_interval() -> None:
    # Newcombe 1998, table I: 81 of 263, and 0 of 20.
    assert wilson(81 / 263, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=0.0001)
    assert wilson(0.0, 20, 0.95) == pytest.approx((0.0, 0.1611), abs=0.0001)
    assert wilson(0.0, 0, 0.95) == (0.0, 1.0)
