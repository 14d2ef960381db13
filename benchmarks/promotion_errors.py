"""How often is a challenger promoted that is no better, by this project's gate and by "the metric is greater"?

    python -m benchmarks.promotion_errors

Exact, by counting every outcome: the number of held-out rows on which the two models disagree is binomial, and so is
the challenger's share of them.
"""

import numpy as np
from scipy.stats import binom

from retrain.evaluation.paired import mcnemar
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
)


def promoted(rows: int, disagreement: float, gain: float, *, alpha: float) -> tuple[float, float]:
    """Probability of a promotion by the exact McNemar test, and by a greater accuracy."""
    right = (disagreement + gain) / 2 / disagreement
    ours = greater = 0.0
    for differ in range(rows + 1):
        weight = binom.pmf(differ, rows, disagreement)
        if weight < 1e-12:
            continue
        won = np.arange(differ + 1)
        chance = binom.pmf(won, differ, right)
        better = won > differ - won
        greater += weight * chance[better].sum()
        # The p-value falls as the wins grow, so the smallest significant number of wins settles the sum.
        first = next((w for w in won[better] if mcnemar(int(w), int(differ - w)) <= alpha), None)
        ours += weight * chance[first:].sum() if first is not None else 0.0
    return ours, greater


def main() -> None:
    """Print the table."""
    alpha = PromotionPolicy().alpha
    print("| the challenger is | held-out rows | disagreement | promoted by retrain | promoted when greater |")
    print("| --- | --- | --- | --- | --- |")
    for name, rows, disagreement, gain in CASES:
        ours, greater = promoted(rows, disagreement, gain, alpha=alpha)
        print(f"| {name} | {rows:,} | {disagreement:.0%} | {ours:.3f} | {greater:.3f} |", flush=True)


if __name__ == "__main__":
    main()
