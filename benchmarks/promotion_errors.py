"""How often is a challenger promoted that is no better, and how often one that is? One decision, by five gates.

    python -m benchmarks.promotion_errors

Exact, by counting every outcome: the number of held-out rows on which the two models disagree is binomial, and so is
the challenger's share of them. `retrain` takes the first decision of a year, and the eighth, of the default budget.
The second table counts the size of non-inferiority tests at 100 rows: the worst chance to call a challenger not worse
that is worse by exactly the margin.
"""

from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, multinomial, norm

from retrain.evaluation.paired import lower_bound
from retrain.promotion.policy import PromotionPolicy

CASES = (
    ("equal", 500, 0.06, 0.0),
    ("equal", 500, 0.15, 0.0),
    ("equal", 1_000, 0.06, 0.0),
    ("one point worse", 200, 0.06, -0.01),
    ("one point worse", 1_000, 0.06, -0.01),
    ("two points better", 1_000, 0.06, 0.02),
    ("two points better", 3_000, 0.06, 0.02),
    ("five points better", 500, 0.1, 0.05),
    ("ten points better", 300, 0.16, 0.1),
)
Counts = NDArray[np.int64]
Wins = Callable[[Counts, int], Counts]
"""The fewest wins that promote, for each number of disagreements, given the rows."""


def levels() -> tuple[float, float, float]:
    """One-sided: McNemar at alpha, and what the first and the eighth decision of a year may err."""
    policy = PromotionPolicy()
    first = policy.false_promotions_per_year * policy.error_share
    return policy.alpha / 2, first, first * (1 - policy.error_share) ** 7


def exact(level: float) -> Wins:
    """McNemar's exact test, one-sided."""
    return lambda differ, _rows: (binom.isf(level, differ, 0.5) + 1).astype(np.int64)


def greater(differ: Counts, _rows: int) -> Counts:
    """The metric is greater."""
    return differ // 2 + 1


def wald(differ: Counts, rows: int) -> Counts:
    """Wald's 95 % interval of the difference lies above zero."""
    found = [
        next((w for w in range(d // 2 + 1, d + 1) if _wald_low(w, d - w, rows, 0.025) > 0), d + 1)
        for d in differ.tolist()
    ]
    return np.array(found)


def _wald_low(won: int, lost: int, rows: int, alpha: float) -> float:
    gain = (won - lost) / rows
    return gain - float(norm.isf(alpha)) * sqrt(max(won + lost - (won - lost) ** 2 / rows, 0.0)) / rows


def promoted(rows: int, disagreement: float, gain: float, wins: Wins) -> float:
    """Probability of a promotion."""
    differ = np.arange(rows + 1)
    differ = differ[binom.pmf(differ, rows, disagreement) > 1e-12]
    right = (disagreement + gain) / 2 / disagreement
    chances = binom.pmf(differ, rows, disagreement) * binom.sf(wins(differ, rows) - 1, differ, right)
    return float(chances.sum())


def size(low: Callable[[int, int, int, float], float], margin: float, rows: int = 100, alpha: float = 0.05) -> float:
    """Worst chance to pass at a true difference of exactly -margin."""
    passing = [
        (won, lost, rows - won - lost)
        for won in range(rows + 1)
        for lost in range(rows - won + 1)
        if low(won, lost, rows, alpha) > -margin
    ]
    disagreements = (margin, margin + 0.02, margin + 0.06, margin + 0.15, margin + 0.3)
    chances = [((d - margin) / 2, (d + margin) / 2, 1 - d) for d in disagreements]
    return max(float(multinomial.pmf(passing, rows, chance).sum()) for chance in chances)


def main() -> None:
    """Print both tables."""
    custom, first, eighth = levels()
    gates: dict[str, Wins] = {
        "retrain, 1st of a year": exact(first),
        "8th": exact(eighth),
        "McNemar p <= 0.05": exact(custom),
        "Wald 95 %": wald,
        "greater": greater,
    }
    print("| the challenger is | held-out rows | disagreement |", " | ".join(gates), "|")
    print("| --- " * (3 + len(gates)) + "|")
    for name, rows, disagreement, gain in CASES:
        found = " | ".join(f"{promoted(rows, disagreement, gain, wins):.3f}" for wins in gates.values())
        print(f"| {name} | {rows:,} | {disagreement:.0%} | {found} |", flush=True)
    print("\n| non-inferiority at a nominal 5 %, 100 rows | Tango | Wald |\n| --- | --- | --- |")
    for margin in (0.02, 0.05, 0.1):
        print(f"| margin {margin:.2f} | {size(lower_bound, margin):.3f} | {size(_wald_low, margin):.3f} |", flush=True)


if __name__ == "__main__":
    main()
