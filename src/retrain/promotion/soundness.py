"""Does the challenger remember, is its confidence honest, is it small and quick enough, and does it load?"""

from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.paired import lower_bound, upper_bound
from retrain.evaluation.power import rows_for_bound
from retrain.promotion.decision import Check
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.words import about, answer, if_unknown, percent, span


def remembers(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """On rows held out before, Tango's lower bound of the difference lies above minus the margin."""
    rule, seen = "remembers", report.remembered
    if report.comparison.champion_version is None:
        return Check(rule=rule, verdict="pass", reason="0 champions before it, so nothing to forget")
    if seen is None:
        return Check(rule=rule, verdict="unknown", reason="unknown: rows held out before were not told from newer ones")
    if seen.rows == 0:
        return Check(rule=rule, verdict="pass", reason=f"0 of {seen.newer} held-out rows were held out before")
    won, lost, margin = seen.only_challenger_right, seen.only_champion_right, policy.forget_margin
    low, high = (bound(won, lost, seen.rows, policy.alpha) for bound in (lower_bound, upper_bound))
    facts = (
        f"difference {(won - lost) / seen.rows:+.3f}, {percent(1 - 2 * policy.alpha)} interval {span(low, high)} "
        f"on the {seen.rows} rows held out before ({won} won, {lost} lost), limit {-margin:+.3f}; on the "
        f"{seen.newer} newer ones {seen.newer_only_challenger_right} won, {seen.newer_only_champion_right} lost"
    )
    if low >= -margin:
        return Check(rule=rule, verdict="pass", reason=facts)
    if high < 0:
        reason = f"forgot: {facts}; train on the old examples too, they stand in the earlier snapshots"
        return Check(rule=rule, verdict="fail", reason=reason)
    needed = rows_for_bound(max(won + lost, 1) / seen.rows, (won - lost) / seen.rows + margin, policy.alpha)
    more = f"; about {about(max(needed - seen.rows, 1))} further rows would decide" if needed else ""
    return Check(rule=rule, verdict="unknown", reason=f"open: {facts}{more}{if_unknown(policy)}")


def calibrated(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """Fails where the calibration error is beyond the limit without doubt, as for slices: few rows blame nobody."""
    rule, limit, seen = "calibrated", policy.max_calibration_error, report.calibration
    if seen is None:
        holds = report.calibration_error <= limit
        reason = (
            f"expected calibration error {report.calibration_error:.3f}, limit {limit:.3f}; its interval is unknown"
        )
        return Check(rule=rule, verdict="pass" if holds else "unknown", reason=reason)
    facts = (
        f"expected calibration error {seen.corrected:.3f} ({percent(seen.confidence)} interval {seen.low:.3f} to "
        f"{seen.high:.3f}; {report.calibration_error:.3f} as counted, chance included), limit {limit:.3f}"
    )
    if seen.low > limit:
        return Check(rule=rule, verdict="fail", reason=f"{facts}; more validation rows fit its temperature better")
    doubt = "; over it, but not beyond doubt" if seen.corrected > limit else ""
    return Check(rule=rule, verdict="pass", reason=facts + doubt)


def small_enough(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """The stored version, without the base that it shares with others, is within the limit."""
    rule, limit = "small_enough", policy.max_size_mb
    if report.size_mb is None:
        return Check(rule=rule, verdict="unknown", reason=f"unknown size, limit {limit:,.0f} MB; evaluate it again")
    reason = f"{report.size_mb:,.2f} MB to fetch, limit {limit:,.0f} MB"
    return answer(rule, reason, holds=report.size_mb <= limit)


def not_slower(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """Where the spec sets a limit: single rows take at most so many times as long as the champion's."""
    rule, before, limit = "not_slower", report.champion_latency_p95_ms, policy.max_slowdown
    facts = f"95 % of single rows within {report.latency_p95_ms:,.1f} ms"
    facts += f", the champion's within {before:,.1f} ms" if before else ""
    if limit is None:
        return Check(rule=rule, verdict="pass", reason=f"{facts}; no limit is set for the slowdown")
    if report.comparison.champion_version is None:
        return Check(rule=rule, verdict="pass", reason=f"{facts}; there is no champion to be slower than")
    if not before:
        return Check(rule=rule, verdict="unknown", reason=f"{facts}; the champion's time is unknown, evaluate again")
    reason = f"{facts}: {report.latency_p95_ms / before:.2f} times as long, limit {limit:.2f}"
    return answer(rule, reason, holds=report.latency_p95_ms <= limit * before)


def loads_and_answers(report: EvaluationReport, _policy: PromotionPolicy) -> Check:
    """The version as stored was fetched anew, loaded in a fresh process, and answered as it did when evaluated."""
    rule, seen = "loads_and_answers", report.loaded
    if seen is None or seen.rows == 0:
        reason = "unknown: the stored version was not loaded again; that is tried once no other rule fails"
        return Check(rule=rule, verdict="unknown", reason=reason)
    reason = (
        f"fetched anew and loaded in a fresh process, it answered {seen.same} of {seen.rows} rows as when evaluated "
        f"(largest difference of a confidence {seen.largest:.6f})"
    )
    if seen.same < seen.rows:
        reason += "; what is stored is not what was evaluated, or it does not answer the same twice: train it again"
    return answer(rule, reason, holds=seen.same == seen.rows)
