"""Is the challenger better, when both answered the same rows? Exact McNemar, and Tango's interval.

Everywhere `won` counts the rows only the challenger got right, `lost` those only the champion got right; a difference
is challenger minus champion.
"""

from math import sqrt

from scipy.special import bdtr, ndtri

from retrain.evaluation.comparison import Interval

HALVINGS = 60
"""Of an interval at most 2 wide: beyond these a double does not change."""


def mcnemar(won: int, lost: int) -> float:
    """Two-sided p of the exact McNemar test: how often a fair coin splits `won + lost` at least as unevenly."""
    return min(1.0, 2.0 * float(bdtr(min(won, lost), won + lost, 0.5))) if won + lost else 1.0


def tango(won: int, lost: int, rows: int, confidence: float) -> Interval:
    """Tango's (1998) score interval of the difference. It says something even where the models never disagree."""
    tail = (1.0 - confidence) / 2.0
    low, high = lower_bound(won, lost, rows, tail), upper_bound(won, lost, rows, tail)
    return Interval(low=low, high=high, confidence=confidence)


def lower_bound(won: int, lost: int, rows: int, alpha: float) -> float:
    """The largest difference that the score test at one-sided `alpha` still calls too small to be the true one."""
    if not 0 <= won + lost <= rows:
        raise ValueError(f"won {won!r} and lost {lost!r} do not fit in {rows!r} rows; count each row at most once")
    if rows == 0:
        return -1.0
    z = -float(ndtri(alpha))
    low, high = -1.0, (won - lost) / rows
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        if _too_small(won, lost, rows, middle, z):
            low = middle
        else:
            high = middle
    return low


def upper_bound(won: int, lost: int, rows: int, alpha: float) -> float:
    """The mirror of the lower bound: the models change places."""
    return -lower_bound(lost, won, rows, alpha)


def _too_small(won: int, lost: int, rows: int, difference: float, z: float) -> bool:
    """Whether the score statistic at this difference exceeds z; multiplied out, since its variance may be zero."""
    return won - lost - rows * difference > z * sqrt(rows * _variance(won, lost, rows, difference))


def _variance(won: int, lost: int, rows: int, difference: float) -> float:
    """Of one row's difference, under the maximum likelihood estimate constrained to `difference`."""
    if difference < 0:
        return _variance(lost, won, rows, -difference)
    return 2.0 * constrained_loss(won, lost, rows, difference) + difference * (1.0 - difference)


def constrained_loss(won: int, lost: int, rows: int, difference: float) -> float:
    """The likeliest chance of a lost row where the true difference is `difference`, not negative (Tango's q21).

    The mirror of a negative one keeps c at or below zero, so that rounding never brings the root below zero.
    """
    a = 2.0 * rows
    b = (2.0 * rows - won + lost) * difference - won - lost
    c = -lost * difference * (1.0 - difference)
    root = sqrt(b * b - 4.0 * a * c)
    # Of the two forms of the same root, the one that does not subtract nearly equal numbers.
    return -2.0 * c / (b + root) if b > 0 else (root - b) / (2.0 * a)
