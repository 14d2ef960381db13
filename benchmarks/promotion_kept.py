"""What does strictness cost, and can small losses add up? Twenty challengers of a year, by several gates.

    python -m benchmarks.promotion_kept

First: each challenger's true accuracy is drawn around the first champion's (standard deviation 1.5 points, then 0.5),
all decide on the same 1,000 held-out rows, 1,000 years. Gain is true, of the last champion over the first; worse
promotions are those that truly lost. Then: ten challengers, each truly 0.4 points below the champion of then, pass a
non-inferiority gate with a margin of one point on the same 10,000 rows, with and without the best champion ever as a
second opponent.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from benchmarks.promotion_streams import Bools, Budgeted, Numbers, World, accuracy, significant, strength
from numpy.typing import NDArray

from retrain.evaluation.paired import lower_bound
from retrain.promotion.best import loss_cap
from retrain.promotion.policy import PromotionPolicy

YEARS, ROWS, CHALLENGERS, SPREADS = 1_000, 1_000, 20, (0.015, 0.005)
MARGIN, STEP, CHAIN, CHAIN_ROWS, CHAINS = 0.01, 0.004, 10, 10_000, 300
Counts = NDArray[np.int64]
Gate = Callable[[Counts, Counts], Bools]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a year's promotions came to."""

    gain: float
    promotions: float
    worse: float


def kept(gate: Gate, spread: float, budget: Budgeted | None = None) -> Kept:
    """Play the same years by one gate; the budget hears of its promotions."""
    random = np.random.default_rng(11)
    world, start = World(YEARS, ROWS, random), accuracy(np.zeros(1))[0]
    now, champion = np.full(YEARS, start), world.answers(np.zeros(YEARS))
    promotions, worse = 0, 0
    for _ in range(CHALLENGERS):
        true = random.normal(start, spread, YEARS)
        challenger = world.answers(strength(true))
        passed = gate((challenger & ~champion).sum(axis=1), (champion & ~challenger).sum(axis=1))
        promotions += int(passed.sum())
        worse += int((passed & (true < now)).sum())
        now = np.where(passed, true, now)
        champion = np.where(passed[:, None], challenger, champion)
        if budget is not None:
            budget.promotions = budget.promotions + passed
    gain = float((now - start).mean())
    return Kept(gain=gain, promotions=promotions / YEARS, worse=worse / max(promotions, 1))


def budgeted(year: float, spread: float) -> Kept:
    """By the gate of this project, with this much error a year."""
    budget = Budgeted(YEARS, year, PromotionPolicy().error_share)
    return kept(lambda won, lost: significant(won, lost, budget.level()), spread, budget)


def not_worse(won: Counts, lost: Counts) -> Bools:
    """Tango's bound above the margin, each pair of counts judged once."""
    return _above(won, lost, ROWS, MARGIN, 0.05)


def _above(won: Counts, lost: Counts, rows: int, margin: float, alpha: float) -> Bools:
    pairs, places = np.unique(np.stack([won, lost]), axis=1, return_inverse=True)
    found = [lower_bound(w, gone, rows, alpha) > -margin for w, gone in pairs.T.tolist()]
    return np.array(found)[places.ravel()]


def chain(*, anchored: bool) -> Numbers:
    """True loss after ten challengers that are each a little worse, in each world."""
    random, policy = np.random.default_rng(12), PromotionPolicy(require="non_inferior", margin=MARGIN)
    world, start = World(CHAINS, CHAIN_ROWS, random), accuracy(np.zeros(1))[0]
    now, best = np.full(CHAINS, start), world.answers(np.zeros(CHAINS))
    champion, level = best, policy.alpha
    for _ in range(CHAIN):
        true = now - STEP
        challenger = world.answers(strength(true))
        passed = _beats(challenger, champion, MARGIN, level)
        if anchored:
            passed &= _beats(challenger, best, loss_cap(policy), level)
        now = np.where(passed, true, now)
        champion = np.where(passed[:, None], challenger, champion)
    return np.asarray(start - now)


def _beats(challenger: Bools, other: Bools, margin: float, level: float) -> Bools:
    won, lost = (challenger & ~other).sum(axis=1), (other & ~challenger).sum(axis=1)
    return _above(won, lost, challenger.shape[1], margin, level)


def main() -> None:
    """Print the tables."""
    gates: dict[str, Callable[[float], Kept]] = {
        "greater": lambda spread: kept(lambda won, lost: won > lost, spread),
        f"not worse by {MARGIN:g} (Tango, 0.05)": lambda spread: kept(not_worse, spread),
        "McNemar p <= 0.05": lambda spread: kept(lambda won, lost: significant(won, lost, 0.025), spread),
        "retrain, 0.2 a year": lambda spread: budgeted(0.2, spread),
        "retrain, 0.05 a year (default)": lambda spread: budgeted(0.05, spread),
        "retrain, 0.01 a year": lambda spread: budgeted(0.01, spread),
    }
    for spread in SPREADS:
        print(f"| challengers within {100 * spread:g} points | true gain kept, points | promotions a year | worse |")
        print("| --- | --- | --- | --- |")
        for name, play in gates.items():
            seen = play(spread)
            print(f"| {name} | {100 * seen.gain:+.2f} | {seen.promotions:.2f} | {seen.worse:.1%} |", flush=True)
        print()
    chains()


def chains() -> None:
    """Print what a chain of small losses comes to."""
    cap = loss_cap(PromotionPolicy(require="non_inferior", margin=MARGIN))
    print(f"| ten challengers, each 0.4 points worse | mean loss, points | 95 % | loss over the cap ({cap:.2f}) |")
    print("| --- | --- | --- | --- |")
    for name, anchored in (("against the champion alone", False), ("and against the best ever", True)):
        loss = chain(anchored=anchored)
        ninety_five = 100 * float(np.quantile(loss, 0.95))
        # A loss of exactly the cap in floating point is not over it.
        over = float((loss > cap + 1e-9).mean())
        print(f"| {name} | {100 * float(loss.mean()):.2f} | {ninety_five:.2f} | {over:.1%} |", flush=True)


if __name__ == "__main__":
    main()
