"""How strongly do rows speak for the challenger, however often one has looked at them as they came?

A gambler starts with 1 and bets on each row that the challenger is better; if it is not, the capital is no more than 1
on average at any time, so that it ever reaches 1/error with probability `error` at most (Ville 1939). That holds for
any number of looks and for any rule of when to look again, unlike a p-value. The bets are those of Waudby-Smith and
Ramdas (2024, section 4) for the mean of a bounded number, here won +1, lost -1, else 0; the capital is the mean over
many gamblers, each with a fixed stake, since nobody knows the right one before.
"""

from math import exp, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

GAMBLERS = 200
"""Stakes spread evenly over all that cannot ruin a gambler; with ten times as many the capital differs by under 1 %."""
LARGEST = 700.0
"""Logarithm of the largest capital that is told; beyond it a double ends."""
MOST_ROWS = 10_000_000


class Won(NamedTuple):
    """Of rows that both models answered: only the challenger right, only the champion right, and all of them."""

    won: int
    lost: int
    rows: int

    @property
    def mirrored(self) -> "Won":
        """The models change places."""
        return Won(self.lost, self.won, self.rows)


def capital(seen: Won, margin: float = 0.0) -> float:
    """What betting 1 on "the challenger is better than the champion minus margin" has become."""
    return exp(min(_log_mean(_logs(seen, margin)), LARGEST))


def rows_until(seen: Won, margin: float, error: float) -> int | None:
    """Rows in all at which the capital reaches 1/error if all stays as seen; None when it never does."""
    if seen.rows == 0:
        return None
    logs, goal = _logs(seen, margin) / seen.rows, log(1 / error)
    if logs.max() <= 0:
        return None
    low, high = 0, seen.rows
    while _log_mean(high * logs) < goal:
        low, high = high, 2 * high
        if high > MOST_ROWS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _log_mean(middle * logs) < goal else (low, middle)
    return high


def _logs(seen: Won, margin: float) -> NDArray[np.float64]:
    """Logarithm of each gambler's capital. A row is worth its outcome plus the margin: 0 on average at the border."""
    stakes = (np.arange(GAMBLERS) + 0.5) / GAMBLERS / (1.0 - margin)
    same = seen.rows - seen.won - seen.lost
    found: NDArray[np.float64] = (
        seen.won * np.log1p(stakes * (1.0 + margin))
        + seen.lost * np.log1p(-stakes * (1.0 - margin))
        + same * np.log1p(stakes * margin)
    )
    return found


def _log_mean(logs: NDArray[np.float64]) -> float:
    highest = float(logs.max())
    return highest + log(float(np.mean(np.exp(logs - highest))))
