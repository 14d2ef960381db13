"""Does the gate let through only what it should, and does it always say why?"""

import string
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promotion.conftest import SOUND
from retrain.dataset.snapshot import Example
from retrain.evaluation.compare import Answers, compare
from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.policy import EvaluationPolicy
from retrain.promotion.decision import Check
from retrain.promotion.gate import ABOUT_GROUPS, RULES, decide
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.words import about
from retrain.training.prediction import Prediction

LOOSE = {"min_heldout_rows": 20, "min_accuracy": 0.0, "max_overfit_gap": 0.99}

policies = st.builds(
    PromotionPolicy,
    require=st.sampled_from(["superior", "non_inferior"]),
    alpha=st.sampled_from([0.01, 0.05, 0.2]),
    margin=st.sampled_from([0.01, 0.05, 0.2]),
    unknown_group=st.sampled_from(["allow", "block", "review"]),
    min_heldout_rows=st.just(20),
    min_accuracy=st.sampled_from([0.0, 0.5]),
)
row = st.tuples(*[st.sampled_from("ab")] * 3, st.sampled_from(["app", "web"]))
rows = st.lists(row, min_size=1, max_size=12).flatmap(
    lambda few: st.integers(1, 25).map(lambda times: [each for each in few for _ in range(times)])
)
Drawn = list[tuple[str, str, str, str]]


def report(drawn: Drawn, *, champion: str | None = "old", train_accuracy: float = 0.9) -> EvaluationReport:
    heldout = [Example(text="x", label=each[0], source="standing", groups={"channel": each[3]}) for each in drawn]
    old = [Prediction(label=each[1], confidence=0.9) for each in drawn]
    new = [Prediction(label=each[2], confidence=0.9) for each in drawn]
    return EvaluationReport(
        comparison=compare(heldout, Answers(champion, old), Answers("new", new), EvaluationPolicy()),
        snapshot="snapshot",
        train_accuracy=train_accuracy,
        latency_p95_ms=10.0,
        calibration_error=0.1,
        **SOUND,
    )


@given(rows, policies)
def test_a_worse_challenger_is_never_promoted(drawn: Drawn, policy: PromotionPolicy) -> None:
    evidence = report(drawn)
    seen = evidence.comparison
    allowed = policy.margin if policy.require == "non_inferior" else 0.0
    if seen.challenger.accuracy < seen.champion.accuracy - allowed:
        assert decide(evidence, policy).verdict != "promote"


@given(rows, policies)
def test_superior_promotes_only_what_is_significantly_better(drawn: Drawn, policy: PromotionPolicy) -> None:
    evidence = report(drawn)
    if decide(evidence, policy).verdict == "promote" and policy.require == "superior":
        assert evidence.comparison.p_value <= policy.alpha
        assert evidence.comparison.only_challenger_right > evidence.comparison.only_champion_right


@given(rows, policies)
def test_every_rule_gives_one_reason_with_a_number_or_a_state(drawn: Drawn, policy: PromotionPolicy) -> None:
    decision = decide(report(drawn), policy)
    assert [check.rule for check in decision.checks] == [rule.__name__ for rule in RULES]
    assert len(decision.reasons) == len(RULES)
    assert all(set(check.reason) & set(string.digits) or "unknown" in check.reason for check in decision.checks)


@given(rows, policies)
def test_promote_means_every_rule_passed_or_is_an_allowed_unknown(drawn: Drawn, policy: PromotionPolicy) -> None:
    decision = decide(report(drawn), policy)
    through = {
        check.verdict == "pass"
        or (check.verdict == "unknown" and policy.unknown_group == "allow" and check.rule in ABOUT_GROUPS)
        for check in decision.checks
    }
    assert (decision.verdict == "promote") == (through == {True})
    assert (decision.verdict == "hold") == any(check.verdict == "fail" for check in decision.checks)


@settings(max_examples=40)
@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(drawn: Drawn, order: Random) -> None:
    shuffled = list(drawn)
    order.shuffle(shuffled)
    policy = PromotionPolicy()
    assert decide(report(drawn), policy) == decide(report(shuffled), policy)


def test_the_decision_is_about_exactly_these_two(evidence: Any) -> None:
    decision = decide(evidence.report(), PromotionPolicy())
    assert (decision.verdict, decision.champion, decision.challenger) == ("promote", "c" * 64, "d" * 64)


def test_no_rules_let_nothing_through(evidence: Any) -> None:
    assert decide(evidence.report(), PromotionPolicy(), rules=()).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("changed", "verdict", "rule", "answer"),
    [
        ({"rows": 79, "won": 18, "lost": 4}, "inconclusive", "enough_rows", "unknown"),
        ({"rows": 80, "won": 18, "lost": 4}, "promote", "enough_rows", "pass"),
        ({"right": 229}, "hold", "good_enough", "fail"),
        ({"right": 230}, "promote", "good_enough", "pass"),
        ({"won": 10, "lost": 30}, "hold", "better_or_equal", "fail"),
        ({"won": 15, "lost": 10}, "inconclusive", "better_or_equal", "unknown"),
        ({"train_accuracy": 0.95, "right": 329}, "hold", "not_overfitted", "fail"),
        ({"train_accuracy": 0.95, "right": 335}, "promote", "not_overfitted", "pass"),
        ({"latency_p95_ms": 1_000.0}, "promote", "answers_in_time", "pass"),
        ({"latency_p95_ms": 1_000.1}, "hold", "answers_in_time", "fail"),
        ({"champion_version": None}, "promote", "better_or_equal", "pass"),
        ({"champion_version": None, "right": 100}, "hold", "good_enough", "fail"),
    ],
)
def test_each_rule_decides(evidence: Any, changed: dict[str, Any], verdict: str, rule: str, answer: str) -> None:
    policy = PromotionPolicy(max_overfit_gap=0.25)
    decision = decide(evidence.report(**{"train_accuracy": 0.7, **changed}), policy)
    found = {check.rule: check.verdict for check in decision.checks}
    assert (decision.verdict, found[rule]) == (verdict, answer), decision.reasons


@pytest.mark.parametrize(("unknown_group", "verdict"), [("allow", "promote"), ("block", "inconclusive")])
def test_unknown_groups_are_allowed_or_block_as_the_policy_says(
    evidence: Any, unknown_group: str, verdict: str
) -> None:
    policy = PromotionPolicy.model_validate({"unknown_group": unknown_group})
    assert decide(evidence.report(), policy).verdict == verdict


def test_only_the_rules_about_groups_may_stay_unknown(evidence: Any) -> None:
    def unsure(rule: str) -> str:
        return decide(
            evidence.report(), PromotionPolicy(), [lambda r, p: Check(rule=rule, verdict="unknown", reason="unknown")]
        ).verdict

    assert {rule: unsure(rule) for rule in ("fair", "enough_rows")} == {
        "fair": "promote",
        "enough_rows": "inconclusive",
    }


@pytest.mark.parametrize(("rows", "text"), [(1, "1"), (99, "99"), (744, "750"), (1_201, "1,300"), (4_876, "4,900")])
def test_a_number_of_rows_is_rounded_up_to_two_digits(rows: int, text: str) -> None:
    assert about(rows) == text
