"""How many held-out rows would decide?"""

from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrik, gammaln, ndtri

DEFAULT_POWER = 0.8
USUAL_DISAGREEMENT = 0.06
"""Share of rows on which exactly one of two models is right: what two trainings on Banking77 differ by."""
EXACT_ROWS = 20_000
"""Beyond this the exact test asks 1 to 5 % more rows than the normal formula: less than the gain seen is unsure."""


def rows_for_power(disagreement: float, gain: float, alpha: float, power: float = DEFAULT_POWER) -> int | None:
    """Rows at which the exact McNemar test at two-sided `alpha` sees this gain with this power; None when never.

    `disagreement` is the share of rows on which exactly one model is right.
    """
    if not 0 < gain <= disagreement or alpha <= 0:
        return None
    low, high = 1, _normal_rows(disagreement, gain, alpha, power)
    if high > EXACT_ROWS:
        return high
    while power_of(high, disagreement, gain, alpha) < power:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if power_of(middle, disagreement, gain, alpha) < power:
            low = middle
        else:
            high = middle
    return high


def gain_for_power(rows: int, disagreement: float, alpha: float, power: float = DEFAULT_POWER) -> float | None:
    """The smallest true gain that the exact McNemar test sees with this power on these rows; None when it sees none."""
    low, high = 0.0, disagreement
    if power_of(rows, disagreement, high, alpha) < power:
        return None
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if power_of(rows, disagreement, middle, alpha) < power else (low, middle)
    return high


def rows_for_bound(disagreement: float, distance: float, alpha: float, power: float = DEFAULT_POWER) -> int | None:
    """Rows at which a one-sided bound lies less than `distance` from the difference seen; None when never.

    By the normal approximation: the true difference is as far from the bound's goal as `distance`.
    """
    if distance <= 0 or alpha <= 0:
        return None
    return max(1, ceil((float(ndtri(1 - alpha)) + float(ndtri(power))) ** 2 * disagreement / distance**2))


def power_of(rows: int, disagreement: float, gain: float, alpha: float) -> float:
    """Probability that the exact McNemar test is significant in favour of a challenger with this true gain."""
    spread = 8.0 * sqrt(rows * disagreement) + 8.0
    first, last = max(0, int(rows * disagreement - spread)), min(rows, int(rows * disagreement + spread))
    counts = np.arange(first, last + 1, dtype=np.float64)
    losses = _most_losses(counts, alpha)
    seen = np.where(
        losses >= 0, bdtr(np.maximum(losses, 0.0), counts.astype(int), _loss_share(disagreement, gain)), 0.0
    )
    return float(np.sum(_binomial(counts, rows, disagreement) * seen))


def _loss_share(disagreement: float, gain: float) -> float:
    """Of the rows on which the models disagree, those the champion gets right."""
    return max(0.0, (disagreement - gain) / (2.0 * disagreement))


def _most_losses(disagreements: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    """The most lost rows at which the two-sided test is still significant; -1 where it never is."""
    exact = bdtrik(alpha / 2.0, np.maximum(disagreements, 1.0), 0.5)
    possible = bdtr(0.0, np.maximum(disagreements, 1.0).astype(int), 0.5) <= alpha / 2.0
    return np.where(possible & (disagreements > 0), np.floor(exact), -1.0)


def _binomial(counts: NDArray[np.float64], rows: int, share: float) -> NDArray[np.float64]:
    if share >= 1.0:
        return np.where(counts == rows, 1.0, 0.0)
    ways = gammaln(rows + 1.0) - gammaln(counts + 1.0) - gammaln(rows - counts + 1.0)
    return np.asarray(np.exp(ways + counts * np.log(share) + (rows - counts) * np.log1p(-share)), dtype=np.float64)


def _normal_rows(disagreement: float, gain: float, alpha: float, power: float) -> int:
    """Connor's (1987) formula: where the search for the exact number starts."""
    critical, wanted = float(ndtri(1 - alpha / 2)), float(ndtri(power))
    root = critical * sqrt(disagreement) + wanted * sqrt(max(0.0, disagreement - gain**2))
    return max(2, ceil((root / gain) ** 2))
