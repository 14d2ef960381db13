"""How likely is any false promotion in a year of equal challengers, all decided on the same held-out rows?

    python -m benchmarks.promotion_year

The champion and every challenger are truly equal; whoever is promoted is the champion that the next one meets. 2,000
years, 500 held-out rows.
"""

import numpy as np
from benchmarks.promotion_streams import Bools, Budgeted, Numbers, World, significant

from retrain.promotion.policy import PromotionPolicy

YEARS, ROWS = 2_000, 500
GATES = ("retrain", "the same, pairs not shared", "McNemar p <= 0.05", "greater")


def year(challengers: int) -> dict[str, tuple[float, float]]:
    """Gate to the share of years with a promotion, and promotions a year."""
    policy, random = PromotionPolicy(), np.random.default_rng(5)
    world, equal = World(YEARS, ROWS, random), np.zeros(YEARS)
    first = world.answers(equal)
    champions = {gate: first.copy() for gate in GATES}
    promotions = {gate: np.zeros(YEARS, dtype=np.int64) for gate in GATES}
    budget = Budgeted(YEARS, policy.false_promotions_per_year, policy.error_share)
    for _ in range(challengers):
        challenger, level = world.answers(equal), budget.level()
        shared = np.where(budget.promotions > 0, max(1, budget.decisions - 1), 1)
        levels: dict[str, Numbers | float] = {GATES[0]: level, GATES[1]: level * shared, GATES[2]: policy.alpha / 2}
        for gate in GATES:
            passed = _passed(champions[gate], challenger, levels.get(gate))
            champions[gate] = np.where(passed[:, None], challenger, champions[gate])
            promotions[gate] += passed
        budget.promotions = promotions[GATES[0]]
    return {gate: (float((count > 0).mean()), float(count.mean())) for gate, count in promotions.items()}


def _passed(champion: Bools, challenger: Bools, level: Numbers | float | None) -> Bools:
    won, lost = (challenger & ~champion).sum(axis=1), (champion & ~challenger).sum(axis=1)
    return significant(won, lost, level) if level is not None else won > lost


def main() -> None:
    """Print the table."""
    print("| equal challengers a year |", " | ".join(f"{gate}: years with a false promotion" for gate in GATES), "|")
    print("| --- " * (1 + len(GATES)) + "|")
    for challengers in (4, 8, 20, 26):
        found = year(challengers)
        cells = " | ".join(f"{found[gate][0]:.3f} ({found[gate][1]:.2f} each)" for gate in GATES)
        print(f"| {challengers} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
