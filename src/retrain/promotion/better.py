"""Is the challenger better than the champion, or at least not worse, beyond the luck of the rows?"""

from retrain.evaluation.comparison import Comparison, EvaluationReport
from retrain.evaluation.paired import lower_bound, tango, upper_bound
from retrain.evaluation.power import DEFAULT_POWER, rows_for_bound, rows_for_power
from retrain.promotion.again import on_fresh_rows
from retrain.promotion.decision import Check
from retrain.promotion.drifted import superior_where_it_drifted
from retrain.promotion.error import level, spending
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.words import about, chance, percent, span

RULE = "better_or_equal"


def better_or_equal(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """Superior (exact McNemar) or non-inferior (Tango's bound), as the policy requires; on fresh rows where there are.

    A pass is tested at what the decision may err, a fail at the policy's alpha: only promotions can do harm. Where
    drift asked for the retrain and enough drifted rows are held out, superiority is asked for there, at the same error,
    and all rows together must show no loss: a gain on a few rows is not thinned out by the many that did not move.
    """
    if report.fresh is not None:
        return on_fresh_rows(report.fresh, policy, RULE)
    if policy.require == "superior" and superior_where_it_drifted(report, policy):
        found = _non_inferior(report.comparison, policy, policy.alpha)
        return found.model_copy(update={"reason": f"{found.reason}; better is asked for where it drifted"})
    judge = _superior if policy.require == "superior" else _non_inferior
    found = judge(report.comparison, policy, level(report, policy))
    return found.model_copy(update={"reason": found.reason + spending(report)})


def _superior(seen: Comparison, policy: PromotionPolicy, error: float) -> Check:
    won, lost = seen.only_challenger_right, seen.only_champion_right
    between = tango(won, lost, seen.rows, 1 - policy.alpha)
    significant = seen.p_value <= 2 * error
    facts = (
        f"difference {_gain(seen):+.3f}, {percent(1 - policy.alpha)} interval {span(between.low, between.high)} "
        f"on {seen.rows} rows ({won} won, {lost} lost), exact McNemar p {chance(seen.p_value)}, "
        f"{'within' if significant else 'over'} {2 * error:.3g}, against {_opponent(seen)}"
    )
    if significant and won > lost:
        return Check(rule=RULE, verdict="pass", reason=f"better: {facts}")
    if between.high < 0 or significant:
        return Check(rule=RULE, verdict="fail", reason=f"worse beyond doubt: {facts}")
    if between.high < policy.margin:
        reason = f"no gain that matters, {policy.margin:.3f} or more: {facts}"
        return Check(rule=RULE, verdict="fail", reason=reason)
    return Check(
        rule=RULE, verdict="unknown", reason=f"open: {facts}; {_more(seen, _superior_rows(seen, policy, error))}"
    )


def _non_inferior(seen: Comparison, policy: PromotionPolicy, error: float) -> Check:
    won, lost = seen.only_challenger_right, seen.only_champion_right
    low, high = lower_bound(won, lost, seen.rows, error), upper_bound(won, lost, seen.rows, error)
    facts = (
        f"difference {_gain(seen):+.3f}, {percent(1 - 2 * error)} interval {span(low, high)} "
        f"on {seen.rows} rows ({won} won, {lost} lost), against {_opponent(seen)}; "
        f"a loss under {policy.margin:.3f} counts as none"
    )
    if low > -policy.margin:
        return Check(rule=RULE, verdict="pass", reason=f"not worse: {facts}")
    if upper_bound(won, lost, seen.rows, policy.alpha) < 0:
        return Check(rule=RULE, verdict="fail", reason=f"worse beyond doubt: {facts}")
    rows = _non_inferior_rows(seen, policy, error)
    return Check(rule=RULE, verdict="unknown", reason=f"open: {facts}; {_more(seen, rows)}")


def _superior_rows(seen: Comparison, policy: PromotionPolicy, error: float) -> int | None:
    """Rows that would show the gain seen, or that no gain matters, whichever are fewer."""
    gain, share = _gain(seen), _disagreement(seen)
    yes = rows_for_power(share, gain, 2 * error)
    return _fewer(yes, rows_for_bound(share, policy.margin - gain, policy.alpha / 2))


def _non_inferior_rows(seen: Comparison, policy: PromotionPolicy, error: float) -> int | None:
    gain, share = _gain(seen), _disagreement(seen)
    yes = rows_for_bound(share, gain + policy.margin, error)
    return _fewer(yes, rows_for_bound(share, -gain, policy.alpha))


def _fewer(*rows: int | None) -> int | None:
    return min((each for each in rows if each is not None), default=None)


def _more(seen: Comparison, rows: int | None) -> str:
    if rows is None:
        return "no number of further labels would decide at the difference seen; review the margin"
    further = about(max(rows - seen.rows, 1))
    power = percent(DEFAULT_POWER)
    return f"about {further} further labelled held-out rows would decide, with power {power}, if all stays as seen"


def _gain(seen: Comparison) -> float:
    return (seen.only_challenger_right - seen.only_champion_right) / max(seen.rows, 1)


def _disagreement(seen: Comparison) -> float:
    """Never none: that no row differed among those seen does not mean that none will."""
    return max(seen.only_challenger_right + seen.only_champion_right, 1) / max(seen.rows, 1)


def _opponent(seen: Comparison) -> str:
    return "the champion" if seen.champion_version else "always the most frequent label, as there is no champion"
