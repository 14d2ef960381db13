"""Do fresh rows take away what held-out rows allowed, and never add to it?"""

from typing import Any, Literal

import pytest

from retrain.evaluation.comparison import Comparison, EvaluationReport, Interval, MetricDifference
from retrain.promotion.decision import ASKS_REVIEW
from retrain.promotion.fresh import JUDGED_AGAIN
from retrain.promotion.gate import RULES, decide
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.report import render

POLICY = PromotionPolicy()
Kind = Literal["group", "intersection"]


def split(evidence: Any, app: tuple[int, int], web: tuple[int, int], kind: Kind = "group") -> Any:
    """The same rows in two groups; of each, how many were won and lost."""
    names = ("channel=app", "channel=web") if kind == "group" else ("a=1 & b=1", "a=1 & b=2")
    counts = zip(names, (app, web), strict=True)
    return tuple(evidence.slice(kind, name, 2_000, won=won, lost=lost) for name, (won, lost) in counts)


def report(evidence: Any, slices: Any = (), together: Any = None, **more: Any) -> EvaluationReport:
    seen: EvaluationReport = evidence.report(4_000, 60, 20, slices=slices, **more)
    if together is None:
        return seen
    both = evidence.report(4_400, 90, 30, slices=together, **more).comparison
    return seen.model_copy(update={"together": both})


def verdicts(seen: EvaluationReport, policy: PromotionPolicy = POLICY) -> dict[str, tuple[str, str]]:
    return {check.rule: (check.verdict, check.reason) for check in decide(seen, policy).checks}


def test_every_rule_that_is_judged_again_is_a_rule() -> None:
    assert {rule.__name__ for rule in RULES} > JUDGED_AGAIN


def test_a_gap_that_fresh_rows_open_holds_what_held_out_rows_let_through(evidence: Any) -> None:
    even, apart = split(evidence, (30, 10), (30, 10)), split(evidence, (0, 150), (150, 0))
    assert decide(report(evidence, even, even), POLICY).verdict == "promote"
    seen = report(evidence, even, apart)
    assert decide(seen, POLICY).verdict == "hold"
    verdict, reason = verdicts(seen)["fair"]
    assert verdict == "fail"
    assert reason.startswith("with 400 fresh rows: change of the gap over 0.100: 'channel=web' over 'channel=app'")


def test_a_group_that_got_worse_by_itself_holds_too(evidence: Any) -> None:
    even, worse = split(evidence, (30, 10), (30, 10)), split(evidence, (0, 400), (30, 10))
    assert verdicts(report(evidence, even, worse))["not_worse_in_any_slice"][0] == "fail"


def test_where_groups_meet_fresh_rows_are_looked_at_as_well(evidence: Any) -> None:
    even, apart = (split(evidence, app, (20, 10), "intersection") for app in ((20, 10), (0, 400)))
    seen = evidence.report(4_000, 60, 20, intersections=even)
    both = evidence.report(4_400, 90, 30, intersections=apart).comparison
    found = verdicts(seen.model_copy(update={"together": both}))
    assert found["fair_at_intersections"][0] == "fail"


def test_what_held_out_rows_did_not_show_fresh_rows_do_not_either(evidence: Any) -> None:
    """Else one could look until they do."""
    few = tuple(part.model_copy(update={"enough": False}) for part in split(evidence, (1, 0), (1, 0)))
    even = split(evidence, (30, 10), (30, 10))
    block = PromotionPolicy(unknown_group="block")
    seen = report(evidence, few, even)
    assert decide(seen, block).verdict == "inconclusive"
    verdict, reason = verdicts(seen, block)["fair"]
    assert (verdict, reason.startswith("pass with 400 fresh rows, without: unknown, not fair")) == ("unknown", True)


@pytest.mark.parametrize("order", [1, -1])
def test_whichever_is_stricter_people_are_asked_where_it_says_so(evidence: Any, order: int) -> None:
    few = tuple(part.model_copy(update={"enough": False}) for part in split(evidence, (1, 0), (1, 0)))
    even = split(evidence, (30, 10), (30, 10))
    policy = PromotionPolicy(unknown_group="review")
    verdict, reason = verdicts(report(evidence, *(few, even)[::order]), policy)["fair"]
    assert (verdict, reason.endswith(ASKS_REVIEW)) == ("unknown", True)


def with_f1(seen: Comparison, low: float, high: float) -> Comparison:
    between = Interval(low=low, high=high, confidence=0.95, method="bootstrap")
    told = MetricDifference(metric="f1", champion=0.8, challenger=0.8 + (low + high) / 2, difference=between)
    return seen.model_copy(update={"metrics": (told,)})


@pytest.mark.parametrize(
    ("now", "verdict"), [((-0.02, 0.04), "pass"), ((-0.08, 0.01), "unknown"), ((-0.2, -0.06), "fail")]
)
def test_macro_f1_is_judged_over_all_rows_as_well(evidence: Any, now: tuple[float, float], verdict: str) -> None:
    seen = report(evidence, together=())
    assert seen.together is not None
    both = {"comparison": with_f1(seen.comparison, -0.01, 0.03), "together": with_f1(seen.together, *now)}
    assert verdicts(seen.model_copy(update=both))["metrics_not_worse"][0] == verdict


def test_without_fresh_rows_every_reason_is_what_it_was(evidence: Any) -> None:
    seen = report(evidence, split(evidence, (30, 10), (30, 10)))
    assert not [reason for _, reason in verdicts(seen).values() if "fresh rows:" in reason]


def test_the_page_shows_the_groups_with_the_fresh_rows(evidence: Any) -> None:
    even, apart = split(evidence, (30, 10), (30, 10)), split(evidence, (0, 150), (150, 0))
    page = render(report(evidence, even, apart), decide(report(evidence, even, apart), POLICY))
    assert "## By group, with 400 fresh rows" in page
