"""What do paired rows show, however often one looks at them? Valid at every look, and blind to the rows' order.

`won` counts the rows that only the new champion got right, `lost` those that only its predecessor got right. Both rules
are mixtures of likelihoods (Robbins 1970): by Ville's inequality what is true is left behind, at any look of all, in at
most the stated share of cases. As mixtures over fixed weights they depend on the counts alone, so rows may come in any
order and in batches of any size.
"""

from math import exp, inf, log

from scipy.special import betainc, betaln, gammaln, xlogy

from retrain.evaluation.paired import constrained_loss

HALVINGS = 60
SPLIT, TIES = 1.0, 4.0
"""Weights of the mixture: won and lost alike, and a version agrees with its predecessor on two rows of three or more.
They cost width where they are wrong, never truth."""
MOST = 1e12
"""Evidence beyond this is told as this: more says nothing more."""


def worse(won: int, lost: int) -> float:
    """Evidence (an e-value) that the champion is worse: how much better the coins that favour its predecessor, weighed
    evenly, tell of won and lost rows than a fair one does."""
    share = float(betainc(won + 1.0, lost + 1.0, 0.5))
    if share <= 0.0:
        return 0.0
    found = log(2.0) + float(betaln(won + 1.0, lost + 1.0)) + log(share) + (won + lost) * log(2.0)
    return min(exp(min(found, log(MOST))), MOST)


def difference(won: int, lost: int, rows: int, confidence: float) -> tuple[float, float]:
    """Bounds of champion minus predecessor in accuracy: a confidence sequence, by a mixture of the trinomial
    against the most likelihood that is left at each difference (Tango's constrained estimate)."""
    if not 0 <= won + lost <= rows:
        raise ValueError(f"won {won!r} and lost {lost!r} do not fit in {rows!r} rows; count each row at most once")
    if rows == 0:
        return -1.0, 1.0
    needed = _mixture(won, lost, rows) + log(1.0 - confidence)
    return -_reach(lost, won, rows, needed), _reach(won, lost, rows, needed)


def _reach(won: int, lost: int, rows: int, needed: float) -> float:
    """The largest difference that the rows do not exclude."""
    low, high = (won - lost) / rows, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        if _left(won, lost, rows, middle) >= needed:
            low = middle
        else:
            high = middle
    return high


def _mixture(won: int, lost: int, rows: int) -> float:
    """Log likelihood of the counts under Dirichlet's weights."""
    counts = ((won, SPLIT), (lost, SPLIT), (rows - won - lost, TIES))
    seen = sum(float(gammaln(count + weight) - gammaln(weight)) for count, weight in counts)
    whole = 2.0 * SPLIT + TIES
    return seen - float(gammaln(rows + whole) - gammaln(whole))


def _left(won: int, lost: int, rows: int, gap: float) -> float:
    """The most log likelihood that a true difference of `gap` leaves to the counts."""
    if gap < 0:
        return _left(lost, won, rows, -gap)
    losing = min(max(constrained_loss(won, lost, rows, gap), 0.0), (1.0 - gap) / 2.0)
    chances = ((won, losing + gap), (lost, losing), (rows - won - lost, 1.0 - 2.0 * losing - gap))
    if any(count and chance <= 0.0 for count, chance in chances):
        return -inf
    return sum(float(xlogy(count, max(chance, 0.0))) for count, chance in chances)
