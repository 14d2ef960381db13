"""Did people look, where the spec asks for it, and what did they say?"""

from collections.abc import Callable, Sequence

from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.reviewed import ReviewSeen
from retrain.promotion.decision import ASKS_REVIEW, Check
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.words import answer, chance

RULE = "reviewed"
SETTLED_BY_PEOPLE = frozenset(
    {
        "better_or_equal",
        "better_where_it_drifted",
        "not_worse_in_any_slice",
        "fair",
        "fair_at_intersections",
        "swaps_change_little",
        "not_below_best",
        "metrics_not_worse",
        "remembers",
    }
)
"""Rules whose `unknown` an approval settles under `required: inconclusive`. Not those that measure a machine."""
COMMAND = "type `retrain review MODEL`"


def reviewed(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """A rejection holds, asked for or not. An approval by enough people passes; none within the time holds."""
    asked, seen = policy.review, report.review
    if seen is not None and seen.verdict == "reject":
        return answer(RULE, f"rejected after review by {_people(seen)}", holds=False)
    if asked.required == "never":
        looked = f"{_heard(seen)} people have looked"
        return answer(RULE, f"{looked}, none need to: promotion.review.required is never", holds=True)
    if seen is not None and seen.verdict == "approve" and len(seen.reviewers) >= asked.min_reviewers:
        return answer(RULE, f"approved after review by {_people(seen)}", holds=True)
    looked = f"{len(seen.reviewers) if seen else 0} of {asked.min_reviewers} reviewers have approved"
    if seen is not None and seen.waited_days > asked.timeout_days:
        reason = (
            f"{looked} after {seen.waited_days:.1f} days, limit {asked.timeout_days:g}: a missing review is no approval"
        )
        return answer(RULE, reason, holds=False)
    waits = f"{looked}, within {asked.timeout_days:g} days: {COMMAND}"
    return Check(rule=RULE, verdict="unknown", reason=waits)


def with_people(
    checks: Sequence[Check], report: EvaluationReport, policy: PromotionPolicy, passes: Callable[[Check], bool]
) -> tuple[Check, ...]:
    """Under `required: inconclusive`, ask people only about what the other rules leave open, and let them settle it.

    What fails stays failed: people can stop a promotion anywhere, and allow one only where the evidence is silent. A
    review that nobody gave in time is no reason to hold what no rule left open.
    """
    checks = tuple(_looked_at(check, report, policy) for check in checks)
    mine = next((check for check in checks if check.rule == RULE), None)
    rejected = report.review is not None and report.review.verdict == "reject"
    if mine is None or rejected or policy.review.required != "inconclusive":
        return checks
    others = [check for check in checks if check is not mine]
    if any(check.verdict == "fail" for check in others) or all(passes(check) for check in others):
        reason = f"not asked for: the other {len(others)} rules leave nothing open"
        return tuple(answer(RULE, reason, holds=True) if check is mine else check for check in checks)
    return tuple(_settled(check, mine, passes) for check in checks)


def _looked_at(check: Check, report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """A rule that asked for a person to look (`unknown_group: review`) passes once enough of them have approved."""
    seen = report.review
    if check.verdict != "unknown" or not check.reason.endswith(ASKS_REVIEW) or seen is None:
        return check
    if seen.verdict != "approve" or len(seen.reviewers) < policy.review.min_reviewers:
        return check
    reason = f"settled by people, approved after review by {_people(seen)}; {check.reason.removesuffix(ASKS_REVIEW)}"
    return answer(check.rule, reason, holds=True)


def _settled(check: Check, mine: Check, passes: Callable[[Check], bool]) -> Check:
    if mine.verdict != "pass" or passes(check) or check.rule not in SETTLED_BY_PEOPLE:
        return check
    return answer(check.rule, f"settled by people, {mine.reason}; {check.reason}", holds=True)


def people(seen: ReviewSeen | None) -> list[str]:
    """The report's part about people; nothing where nobody said anything."""
    if seen is None or seen.verdict is None:
        return []
    said = "approved" if seen.verdict == "approve" else "rejected"
    return [f"## People\n\nThe challenger was {said} after review by {_people(seen)}.\n"]


def _heard(seen: ReviewSeen | None) -> int:
    """How many gave a verdict or judged rows."""
    return len({name.casefold() for name in (*seen.reviewers, *(seen.judges or ()))}) if seen else 0


def _people(seen: ReviewSeen) -> str:
    names = ", ".join(_who(name, seen.judges) for name in seen.reviewers)
    rows = seen.preferred_challenger + seen.preferred_champion + seen.tied
    if not rows:
        return f"{names} (entry {seen.entry}), who judged 0 rows side by side"
    chances = f", exact sign test p {chance(seen.p_value)}" if seen.p_value is not None else ""
    agreed = f"; {seen.agreement}" if seen.agreement else ""
    judged = (
        f", judged by {', '.join(f'{name!r} ({count})' for name, count in seen.judges.items())}" if seen.judges else ""
    )
    return (
        f"{names} (entry {seen.entry}): challenger preferred on {seen.preferred_challenger}, champion on "
        f"{seen.preferred_champion}, neither before the other on {seen.tied} of {rows} rows{judged}{chances}{agreed}"
    )


def _who(name: str, judges: dict[str, int] | None) -> str:
    """Whoever answers for it may approve what others judged; that is said."""
    silent = bool(judges) and name.casefold() not in {each.casefold() for each in judges or ()}
    return f"{name!r} (who judged no row)" if silent else repr(name)
