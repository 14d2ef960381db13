"""How rare must it be before somebody is woken? A budget of false alarms a year, whatever the number of looks.

Each look may alarm by chance with probability (false alarms allowed in a year) / (looks in a year), shared by all
signals and memories (Bonferroni). The expected number of false alarms is then within the budget whatever depends on
whatever, since expectations add up without independence: the one reference in all windows, signals that move together,
and memories that overlap do no harm.
"""

import numpy as np
from numpy.typing import NDArray

from retrain.drift.policy import DriftPolicy
from retrain.drift.sequential.pool import KEPT

HOURS_PER_YEAR = 8_766.0
LEAST_NEEDED = 10.0
"""However few looks and however large a budget: what chance shows once in ten looks is no alarm."""
WARNING = 0.1
"""A warning is ten times as frequent as the alarms allowed."""


def needed(policy: DriftPolicy) -> float:
    """The evidence that raises an alarm: chance shows it once in so many looks."""
    looks = HOURS_PER_YEAR / policy.window_hours
    return max(LEAST_NEEDED, looks / policy.false_retrains_per_year)


def warning(policy: DriftPolicy) -> float:
    """The evidence that is worth a warning."""
    return WARNING * needed(policy)


def rate(policy: DriftPolicy, signals: int) -> float:
    """What each signal in each memory may use of one look's chance."""
    return 1 / (needed(policy) * tests(signals))


def tests(signals: int) -> int:
    """How many p-values one look compares with its chance."""
    return max(1, signals) * len(KEPT)


def evidence(p_values: NDArray[np.float64], signals: int) -> NDArray[np.float64]:
    """p-values as once in so many looks, all tests of a look paid for; at least 1."""
    return np.asarray(1 / np.clip(p_values * tests(signals), 1e-12, 1.0))
