"""Do fresh rows decide about a challenger that was left waiting? However often they were looked at as they came."""

from retrain.evaluation.betting import Won, capital, rows_until
from retrain.evaluation.evidence import Fresh
from retrain.promotion.decision import Check
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.words import about


def won_of(fresh: Fresh) -> Won:
    """The counts to bet on."""
    return Won(fresh.won, fresh.lost, fresh.rows)


def on_fresh_rows(fresh: Fresh, policy: PromotionPolicy, rule: str) -> Check:
    """Passes when the capital of betting on the challenger reaches 1/error, fails when betting against it does."""
    seen, margin = won_of(fresh), 0.0 if policy.require == "superior" else policy.margin
    for_it, against = capital(seen, margin), capital(seen.mirrored)
    needed = 1 / fresh.error if fresh.error > 0 else float("inf")
    facts = (
        f"{seen.rows} fresh rows since {fresh.since:%Y-%m-%d %H:%M} UTC ({seen.won} won, {seen.lost} lost): evidence "
        f"{for_it:.3g} of {needed:.3g} needed, valid at every look"
    )
    if for_it >= needed:
        return Check(rule=rule, verdict="pass", reason=f"{'better' if margin == 0 else 'not worse'}: {facts}")
    if against >= 1 / policy.alpha:
        reason = f"worse beyond doubt: {facts}; evidence against it {against:.3g} of {1 / policy.alpha:.3g}"
        return Check(rule=rule, verdict="fail", reason=reason)
    return Check(rule=rule, verdict="unknown", reason=f"open: {facts}; {_more(seen, margin, fresh.error)}")


def _more(seen: Won, margin: float, error: float) -> str:
    rows = rows_until(seen, margin, error) if error > 0 else None
    if rows is None:
        return "no number of further labels would decide at the difference seen"
    return f"about {about(max(rows - seen.rows, 1))} further labelled rows would decide, if all stays as seen"
