"""Is the bootstrap of macro F1 paired, repeatable, and as wide as it should be?"""

from collections import Counter

import numpy as np
import pytest

from retrain.evaluation.bootstrap import Kind, metric_differences
from retrain.evaluation.metrics import measure
from retrain.evaluation.policy import EvaluationPolicy

POLICY = EvaluationPolicy(metrics=("f1", "precision", "recall"))
LABELS = ("card", "refund", "top up", "fee")


def drawn(rows: int, seed: int, *, right: tuple[float, float] = (0.8, 0.85)) -> list[Kind]:
    """Rows with a truth, and two models that are right with these chances, independent of each other."""
    random = np.random.default_rng(seed)
    truth = random.choice(LABELS, size=rows)
    said = [np.where(random.random(rows) < share, truth, random.choice(LABELS, size=rows)) for share in right]
    return [(str(t), str(a), str(b)) for t, a, b in zip(truth, *said, strict=True)]


def test_both_ends_are_those_of_the_whole_set_and_the_interval_holds_the_difference() -> None:
    rows = drawn(400, 1)
    truth = [row[0] for row in rows]
    old, new = (measure(truth, [row[place] for row in rows]) for place in (1, 2))
    for found in metric_differences(Counter(rows), POLICY):
        assert found.champion == pytest.approx(getattr(old, found.metric))
        assert found.challenger == pytest.approx(getattr(new, found.metric))
        assert found.difference.low < found.challenger - found.champion < found.difference.high
        assert (found.difference.method, found.difference.confidence) == ("bootstrap", 0.95)


def test_equal_answers_differ_by_nothing_in_every_draw() -> None:
    same = Counter((truth, said, said) for truth, said, _ in drawn(200, 2))
    assert {(each.difference.low, each.difference.high) for each in metric_differences(same, POLICY)} == {(0.0, 0.0)}


def test_the_same_rows_give_the_same_interval_in_any_order() -> None:
    rows = drawn(300, 3)
    assert metric_differences(Counter(rows), POLICY) == metric_differences(Counter(reversed(rows)), POLICY)


def test_a_draw_at_a_time_gives_what_all_at_once_give(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Counter(drawn(150, 4))
    whole = metric_differences(rows, POLICY)
    monkeypatch.setattr("retrain.evaluation.bootstrap.AT_ONCE", 1)
    apart = metric_differences(rows, POLICY)
    for one, other in zip(whole, apart, strict=True):
        assert (one.difference.low, one.difference.high) == pytest.approx((other.difference.low, other.difference.high))


def test_pairing_makes_the_interval_narrower_than_models_apart() -> None:
    rows = drawn(500, 5, right=(0.8, 0.8))
    alike = [(truth, old, old if place % 10 else new) for place, (truth, old, new) in enumerate(rows)]
    wide, narrow = (metric_differences(Counter(each), POLICY)[0].difference for each in (rows, alike))
    assert narrow.high - narrow.low < 0.6 * (wide.high - wide.low)


def test_no_metric_named_is_nothing_to_compare() -> None:
    assert metric_differences(Counter(drawn(50, 6)), EvaluationPolicy(metrics=())) == ()


@pytest.mark.slow
def test_the_interval_of_equal_models_holds_zero_about_as_often_as_it_says() -> None:
    policy = EvaluationPolicy(bootstrap_samples=400)
    held = 0
    for seed in range(200):
        found = metric_differences(Counter(drawn(300, 100 + seed, right=(0.8, 0.8))), policy)[0].difference
        held += found.low <= 0 <= found.high
    assert 0.90 <= held / 200 <= 0.99
