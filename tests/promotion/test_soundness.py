"""Is a challenger held that forgot, boasts, is too large or slow, or does not load, and is the unknown called so?"""

from typing import Any

import pytest

from retrain.evaluation.soundness import Calibration, Loaded, Remembered
from retrain.promotion.gate import decide, worth_loading
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.soundness import calibrated, loads_and_answers, not_slower, remembers, small_enough

POLICY = PromotionPolicy()


def old(rows: int, won: int, lost: int) -> Remembered:
    return Remembered(
        rows=rows,
        only_champion_right=lost,
        only_challenger_right=won,
        newer=50,
        newer_only_champion_right=1,
        newer_only_challenger_right=30,
    )


@pytest.mark.parametrize(
    ("seen", "verdict", "told"),
    [
        (old(300, 5, 6), "pass", "on the 300 rows held out before (5 won, 6 lost), limit -0.100"),
        (old(300, 0, 90), "fail", "forgot: difference -0.300"),
        (old(300, 0, 12), "pass", "-0.040"),
        (old(100, 4, 12), "fail", "forgot"),
        (old(100, 4, 6), "pass", "-0.020"),
        (old(40, 5, 6), "unknown", "further rows would decide"),
        (old(20, 0, 0), "unknown", "limit -0.100"),
        (old(0, 0, 0), "pass", "0 of 50 held-out rows"),
        (None, "unknown", "not told from newer"),
    ],
)
def test_what_was_known_before_must_be_known_still(
    evidence: Any, seen: Remembered | None, verdict: str, told: str
) -> None:
    found = remembers(evidence.report(remembered=seen), POLICY)
    assert (found.verdict, told in found.reason) == (verdict, True), found.reason


def test_a_first_champion_has_nothing_to_forget(evidence: Any) -> None:
    assert remembers(evidence.report(remembered=None, champion_version=None), POLICY).verdict == "pass"


def honest(corrected: float, low: float) -> Calibration:
    return Calibration(corrected=corrected, low=low, high=corrected + 0.1, confidence=0.95)


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({"calibration": honest(0.05, 0.0)}, "pass"),
        ({"calibration": honest(0.1, 0.02)}, "pass"),
        ({"calibration": honest(0.12, 0.1)}, "pass"),
        ({"calibration": honest(0.2, 0.101)}, "fail"),
        ({"calibration_error": 0.1}, "pass"),
        ({"calibration_error": 0.11}, "unknown"),
    ],
)
def test_confidence_must_not_be_far_from_accuracy(evidence: Any, changed: dict[str, Any], verdict: str) -> None:
    found = calibrated(evidence.report(**changed), POLICY)
    assert found.verdict == verdict, found.reason


@pytest.mark.parametrize(("size", "verdict"), [(500.0, "pass"), (500.1, "fail"), (None, "unknown")])
def test_a_version_must_not_be_too_large(evidence: Any, size: float | None, verdict: str) -> None:
    assert small_enough(evidence.report(size_mb=size), POLICY).verdict == verdict


@pytest.mark.parametrize(
    ("limit", "before", "verdict"),
    [(None, 1.0, "pass"), (2.0, 20.0, "pass"), (2.0, 19.9, "fail"), (2.0, None, "unknown")],
)
def test_a_slowdown_counts_where_the_spec_sets_a_limit(
    evidence: Any, limit: float | None, before: float | None, verdict: str
) -> None:
    report = evidence.report(latency_p95_ms=40.0, champion_latency_p95_ms=before)
    assert not_slower(report, PromotionPolicy(max_slowdown=limit)).verdict == verdict


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (Loaded(rows=20, same=20, largest=0.0002), "pass"),
        (Loaded(rows=20, same=19, largest=0.4), "fail"),
        (Loaded(rows=0, same=0, largest=0.0), "unknown"),
        (None, "unknown"),
    ],
)
def test_what_is_stored_must_answer_as_it_did(evidence: Any, seen: Loaded | None, verdict: str) -> None:
    report = evidence.report(loaded=seen)
    assert loads_and_answers(report, POLICY).verdict == verdict
    assert decide(report, POLICY).verdict == {"pass": "promote", "fail": "hold", "unknown": "inconclusive"}[verdict]


def test_only_what_no_other_rule_holds_is_loaded_again(evidence: Any) -> None:
    assert worth_loading(evidence.report(loaded=None), POLICY)
    assert worth_loading(evidence.report(loaded=None, won=15, lost=10), POLICY)
    assert not worth_loading(evidence.report(loaded=None, won=10, lost=40), POLICY)


def test_an_error_over_the_limit_that_may_be_chance_is_said_so(evidence: Any) -> None:
    assert "over it, but not beyond doubt" in calibrated(evidence.report(calibration=honest(0.12, 0.1)), POLICY).reason
    assert "beyond doubt" not in calibrated(evidence.report(calibration=honest(0.09, 0.1)), POLICY).reason
