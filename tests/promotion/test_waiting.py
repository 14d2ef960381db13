"""What is a challenger that was left open given to be decided by, how much of it, and how long?"""

from typing import Any

import pytest

from retrain.evaluation.betting import Won, capital
from retrain.evaluation.evidence import Budget
from retrain.promotion.gate import decide
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.waiting import awaited, labels_to_decide, waits_for
from retrain.store.certificate import Awaited, WaitsFor

POLICY = PromotionPolicy()
BUDGET = Budget(
    **{"year": 0.05, "spent": 0.0, "error": 0.01, "waiting": 0.01, "free": False, "pairs": 1, "uses": 0.0},
    **{"most_uses": 20.0, "rows": 500, "heldout_share": 0.2},
)


def policy(**review: Any) -> PromotionPolicy:
    return PromotionPolicy.model_validate({"review": review})


def test_what_is_open_waits_for_labels_and_what_stays_open_for_ever_does_not_wait(evidence: Any) -> None:
    report = evidence.report(500, 15, 10)
    assert waits_for(decide(report, POLICY), POLICY) == ("labels",)
    block = PromotionPolicy(unknown_group="block")
    assert waits_for(decide(report, block), block) == (), "no label makes groups known that no row names"
    assert waits_for(decide(evidence.report(), POLICY), POLICY) == ()


@pytest.mark.parametrize(
    ("waits", "given", "expected"),
    [
        (("labels",), policy(), Awaited(days=30, labels=240)),
        (("labels",), policy(required="always", timeout_days=60), Awaited(days=30, labels=240)),
        (("review",), policy(required="always"), Awaited(days=30, review_days=14, reviewers=1)),
        (
            ("labels", "review"),
            policy(required="inconclusive", timeout_days=60, min_reviewers=2),
            Awaited(days=60, review_days=60, reviewers=2, labels=240),
        ),
        # Asked for by `unknown_group: review` alone: no rule holds what nobody looked at.
        (("review",), policy(timeout_days=60), Awaited(days=60, reviewers=1)),
    ],
)
def test_time_and_people_are_those_of_the_spec(
    waits: tuple[WaitsFor, ...], given: PromotionPolicy, expected: Awaited
) -> None:
    assert awaited(waits, given, 240) == expected


def test_so_many_labels_do_decide_if_all_stays_as_it_was_seen(evidence: Any) -> None:
    report = evidence.report(500, 25, 10).model_copy(update={"budget": BUDGET})
    rows = labels_to_decide(report, POLICY)
    assert rows is not None
    share = rows / 500
    assert capital(Won(round(25 * share), round(10 * share), rows)) == pytest.approx(100, rel=0.3)


def test_a_challenger_that_loses_is_decided_about_too(evidence: Any) -> None:
    report = evidence.report(500, 10, 25).model_copy(update={"budget": BUDGET})
    losing = labels_to_decide(report, POLICY)
    winning = labels_to_decide(evidence.report(500, 25, 10).model_copy(update={"budget": BUDGET}), POLICY)
    assert losing is not None
    assert winning is not None
    assert losing < winning, "only promotions can do harm, so that less shows it worse"


def test_where_no_number_would_decide_none_is_told(evidence: Any) -> None:
    assert labels_to_decide(evidence.report(500, 10, 10).model_copy(update={"budget": BUDGET}), POLICY) is None
    spent = BUDGET.model_copy(update={"waiting": 0.0})
    assert labels_to_decide(evidence.report(500, 25, 10).model_copy(update={"budget": spent}), POLICY) is None


def test_as_many_labels_as_make_up_for_too_few_rows_are_needed_at_least(evidence: Any) -> None:
    report = evidence.report(20, 16, 0).model_copy(update={"budget": BUDGET})
    assert labels_to_decide(report, POLICY) == 60
