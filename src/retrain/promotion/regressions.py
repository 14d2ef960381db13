"""Does the challenger fail a case of the suite that the champion passes, or one that nobody may fail?"""

from collections.abc import Sequence

from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.regressions import CaseSeen
from retrain.promotion.decision import Check
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.words import answer, named

RULE = "no_regression"
TOLD = 3
"""Failed cases that are told in full."""


def no_regression(report: EvaluationReport, _policy: PromotionPolicy) -> Check:
    """One case lost is enough: each stands for something that went wrong before. What both fail is told, no more."""
    if report.suite is None:
        return Check(rule=RULE, verdict="pass", reason="0 cases: evaluation.suite names no file, so none was asked for")
    cases = report.suite.cases
    failed = [case for case in cases if not case.challenger]
    lost = [case for case in failed if case.must or case.champion]
    both = [case.id for case in failed if case not in lost]
    facts = f"{len(cases) - len(failed)} of {len(cases)} cases pass"
    facts += f"; failed, and by the champion too or without one: {named(both)}" if both else ""
    if not lost:
        return Check(rule=RULE, verdict="pass", reason=facts)
    return answer(RULE, f"{facts}; lost: {_told(lost)}", holds=False)


def _told(lost: Sequence[CaseSeen]) -> str:
    told = [f"{case.id!r} {case.found} ({_because(case)}; {case.why})" for case in lost[:TOLD]]
    more = f", and {named([case.id for case in lost[TOLD:]])}" if len(lost) > TOLD else ""
    return ", ".join(told) + more


def _because(case: CaseSeen) -> str:
    return "the champion passes it" if case.champion else "it must pass"
