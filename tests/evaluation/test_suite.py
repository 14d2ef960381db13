"""Is each kind of case judged by what it asks for, and nothing else?"""

from typing import Any

import pytest
from pydantic import ValidationError

from retrain.evaluation.suite import Suite, suite_seen
from retrain.training.prediction import Prediction

MINIMUM = {"id": "a", "kind": "minimum", "text": "where is it", "label": "order_status", "why": "incident"}
SAME = {"id": "b", "kind": "invariance", "texts": ["where is it", "where's it"], "why": "typos"}
MORE = {
    "id": "c",
    "kind": "direction",
    "than": "it is late",
    "text": "it is late, refund",
    "label": "refund",
    "why": "w",
}


def suite(*cases: dict[str, Any]) -> Suite:
    return Suite.model_validate({"cases": cases})


def said(label: str, **scores: float) -> Prediction:
    return Prediction(label=label, confidence=0.5, scores=scores or None)


@pytest.mark.parametrize(
    ("case", "answers", "holds", "found"),
    [
        (MINIMUM, {"where is it": said("order_status")}, True, "answered 'order_status' (0.50)"),
        (MINIMUM, {"where is it": said("refund")}, False, "expected 'order_status'"),
        ({**MINIMUM, "label": ["x", "refund"]}, {"where is it": said("refund")}, True, "expected 'x' or 'refund'"),
        (SAME, {"where is it": said("refund"), "where's it": said("refund")}, True, "expected one"),
        (SAME, {"where is it": said("refund"), "where's it": said("x")}, False, "answered 'refund', 'x' to 2 texts"),
        (MORE, {"it is late": said("x", refund=0.2), "it is late, refund": said("x", refund=0.2)}, True, "no less"),
        (MORE, {"it is late": said("x", refund=0.2), "it is late, refund": said("refund", refund=0.9)}, True, "0.900"),
        (MORE, {"it is late": said("x", refund=0.2), "it is late, refund": said("refund", refund=0.1)}, False, "0.100"),
        (MORE, {"it is late": said("x"), "it is late, refund": said("x")}, False, "does not know the label"),
    ],
)
def test_a_case_holds_or_says_what_was_answered(
    case: dict[str, Any], answers: dict[str, Prediction], holds: bool, found: str
) -> None:
    (seen,) = suite_seen(suite(case), "d", answers, None).cases
    assert (seen.challenger, seen.champion) == (holds, None)
    assert found in seen.found
    (both,) = suite_seen(suite(case), "d", answers, answers).cases
    assert both.champion == holds


def test_every_text_is_asked_once_and_of_directions_the_label_is_watched() -> None:
    both = suite(MINIMUM, SAME, MORE)
    assert both.texts == ["where is it", "where's it", "it is late", "it is late, refund"]
    assert both.watched == {"it is late": ("refund",), "it is late, refund": ("refund",)}


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ({**MINIMUM, "kind": "other"}, "kind"),
        ({**MINIMUM, "label": []}, "at least 1"),
        ({**SAME, "texts": ["one"]}, "at least 2"),
        ({**MINIMUM, "id": "a b"}, "pattern"),
        ({**MINIMUM, "why": ""}, "at least 1"),
        ({**MINIMUM, "than": "x"}, "Extra inputs"),
    ],
)
def test_what_is_no_case_is_refused(case: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        suite(case)


def test_two_cases_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"ids \['a'\] stand twice"):
        suite(MINIMUM, MINIMUM)
