"""Do people stop a promotion anywhere, allow one only where asked, and is silence never an approval?"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.evaluation.reviewed import ReviewSeen
from retrain.promotion.decision import PromotionDecision
from retrain.promotion.gate import decide
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.report import render
from retrain.promotion.review import SETTLED_BY_PEOPLE

OPEN = {"won": 15, "lost": 10}
WORSE = {"won": 10, "lost": 40}
TOO_FEW = {"rows": 79, "won": 18, "lost": 4}


def policy(required: str, **other: Any) -> PromotionPolicy:
    return PromotionPolicy.model_validate({"review": {"required": required, **other}})


def seen(verdict: str | None, *names: str, waited: float = 1.0) -> ReviewSeen:
    fields = {"verdict": verdict, "waited_days": waited, "reviewers": names, "entry": 7}
    return ReviewSeen.model_validate(fields)


def said(decision: PromotionDecision) -> str:
    return next(check.verdict for check in decision.checks if check.rule == "reviewed")


@pytest.mark.parametrize(
    ("required", "counts", "review", "answers"),
    [
        ("never", {}, None, ("promote", "pass")),
        ("never", OPEN, seen("approve", "Ann"), ("inconclusive", "pass")),
        ("never", {}, seen("reject", "Ann"), ("hold", "fail")),
        ("always", {}, None, ("inconclusive", "unknown")),
        ("always", {}, seen(None), ("inconclusive", "unknown")),
        ("always", {}, seen("approve", "Ann"), ("promote", "pass")),
        ("always", {}, seen("reject", "Ann"), ("hold", "fail")),
        ("always", {}, seen(None, waited=14.0), ("inconclusive", "unknown")),
        ("always", {}, seen(None, waited=14.1), ("hold", "fail")),
        ("always", {}, seen("approve", "Ann", waited=300.0), ("promote", "pass")),
        ("always", OPEN, seen("approve", "Ann"), ("inconclusive", "pass")),
        ("always", WORSE, seen("approve", "Ann"), ("hold", "pass")),
        ("inconclusive", {}, None, ("promote", "pass")),
        ("inconclusive", {}, seen(None, waited=300.0), ("promote", "pass")),
        ("inconclusive", {}, seen("reject", "Ann"), ("hold", "fail")),
        ("inconclusive", OPEN, None, ("inconclusive", "unknown")),
        ("inconclusive", OPEN, seen("approve", "Ann"), ("promote", "pass")),
        ("inconclusive", OPEN, seen(None, waited=14.1), ("hold", "fail")),
        ("inconclusive", WORSE, seen("approve", "Ann"), ("hold", "pass")),
        ("inconclusive", TOO_FEW, seen("approve", "Ann"), ("inconclusive", "pass")),
    ],
)
def test_people_decide_what_they_were_asked(
    evidence: Any, required: str, counts: dict[str, int], review: ReviewSeen | None, answers: tuple[str, str]
) -> None:
    decision = decide(evidence.report(**counts, review=review), policy(required))
    assert (decision.verdict, said(decision)) == answers, decision.reasons


@pytest.mark.parametrize(("names", "verdict"), [(("Ann",), "inconclusive"), (("Ann", "Bo"), "promote")])
def test_an_approval_counts_from_as_many_as_the_spec_asks_for(
    evidence: Any, names: tuple[str, ...], verdict: str
) -> None:
    asked = policy("always", min_reviewers=2)
    assert decide(evidence.report(review=seen("approve", *names)), asked).verdict == verdict


reviews = st.none() | st.builds(
    ReviewSeen,
    verdict=st.sampled_from(["approve", "reject", None]),
    waited_days=st.sampled_from([0.0, 13.9, 14.1]),
    reviewers=st.sampled_from([(), ("Ann",), ("Ann", "Bo")]),
)
required = st.sampled_from(["never", "inconclusive", "always"])
counts = st.sampled_from([{}, OPEN, WORSE, TOO_FEW, {"latency_p95_ms": 5_000.0}])


@given(required, counts, reviews)
def test_people_never_turn_a_failure_into_a_promotion(
    evidence: Any, asked: str, counts: dict[str, Any], review: ReviewSeen | None
) -> None:
    alone = decide(evidence.report(**counts), policy("never"))
    together = decide(evidence.report(**counts, review=review), policy(asked))
    if alone.verdict == "hold":
        assert together.verdict == "hold"
    if together.verdict == "promote" and alone.verdict == "inconclusive":
        assert asked == "inconclusive"
        assert review is not None
        assert review.verdict == "approve"
        open_ = {check.rule for check in alone.checks if check.verdict == "unknown"}
        assert open_ <= SETTLED_BY_PEOPLE
    if review is not None and review.verdict == "reject":
        assert together.verdict == "hold"


@given(required, counts, reviews)
def test_every_answer_says_how_many_or_which_entry(
    evidence: Any, asked: str, counts: dict[str, Any], review: ReviewSeen | None
) -> None:
    decision = decide(evidence.report(**counts, review=review), policy(asked))
    reason = next(check.reason for check in decision.checks if check.rule == "reviewed")
    assert any(letter.isdigit() for letter in reason) or "entry" in reason


def test_a_settled_rule_says_by_whom_and_what_was_open(evidence: Any) -> None:
    decision = decide(evidence.report(**OPEN, review=seen("approve", "Ann")), policy("inconclusive"))
    settled = next(reason for reason in decision.reasons if reason.startswith("better_or_equal: "))
    assert settled.startswith(
        "better_or_equal: settled by people, approved after review by 'Ann' (entry 7), who judged 0 rows"
    )
    assert "; open: difference" in settled


def test_the_page_shows_preferences_chance_and_agreement(evidence: Any) -> None:
    review = seen("reject", "Ann", "Bo").model_copy(
        update={
            **{"preferred_challenger": 3, "preferred_champion": 17, "tied": 5},
            **{"p_value": 0.0026, "agreement": "Cohen's kappa 0.71 on 25 rows"},
        }
    )
    report = evidence.report(review=review)
    page = render(report, decide(report, PromotionPolicy()))
    told = (
        "## People\n\nThe challenger was rejected after review by 'Ann', 'Bo' (entry 7): challenger preferred on 3, "
        "champion on 17, neither before the other on 5 of 25 rows, exact sign test p 0.0026; Cohen's kappa 0.71 on 25 "
        "rows.\n"
    )
    assert told in page


def test_who_approves_what_others_judged_is_said_to_have_judged_nothing(evidence: Any) -> None:
    counts = {"preferred_challenger": 9, "preferred_champion": 2, "tied": 1, "judges": {"bo": 12, "T1": 10}}
    review = seen("approve", "Ann", "Bo").model_copy(update=counts)
    decision = decide(evidence.report(review=review), policy("always", min_reviewers=2))
    (said,) = [reason for reason in decision.reasons if reason.startswith("reviewed: ")]
    assert said == (
        "reviewed: approved after review by 'Ann' (who judged no row), 'Bo' (entry 7): challenger preferred on 9, "
        "champion on 2, neither before the other on 1 of 12 rows, judged by 'bo' (12), 'T1' (10)"
    )


def test_a_report_from_before_there_were_reviews_still_reads(evidence: Any) -> None:
    report = evidence.report()
    old = report.model_dump(mode="json")
    del old["review"]
    assert type(report).model_validate(old) == report
