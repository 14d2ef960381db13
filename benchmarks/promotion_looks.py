"""How often is an equal challenger promoted when one looks twenty times as labels arrive, and how soon a better one?

    python -m benchmarks.promotion_looks

Twenty looks, one each 50 fresh rows, at 6 % disagreement; 20,000 streams. A gate promotes at the first look that lets
it. `retrain` bets (evaluation/betting.py) and promotes at capital 1/error; its error in a year's budget is smaller than
the 0.05 that all gates have here.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from retrain.evaluation.betting import GAMBLERS

STREAMS, LOOKS, ROWS_A_LOOK, DISAGREEMENT, ERROR = 20_000, 20, 50, 0.06, 0.05
GAINS = (0.0, -0.01, 0.02, 0.03)
Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]


def streams(gain: float) -> tuple[Counts, Counts]:
    """Rows won and lost up to each look."""
    random = np.random.default_rng(20)
    chances = ((DISAGREEMENT + gain) / 2, (DISAGREEMENT - gain) / 2, 1 - DISAGREEMENT)
    drawn = random.multinomial(ROWS_A_LOOK, chances, size=(STREAMS, LOOKS)).cumsum(axis=1)
    return drawn[:, :, 0], drawn[:, :, 1]


def mcnemar(won: Counts, lost: Counts, alpha: float) -> Bools:
    """Significant, and for the challenger."""
    p = 2 * bdtr(np.minimum(won, lost).astype(float), won + lost, 0.5)
    found: Bools = (p <= alpha) & (won > lost)
    return found


def bets(won: Counts, lost: Counts, error: float) -> Bools:
    """The capital has reached 1/error; as `capital` has it, for many counts at once."""
    stakes = (np.arange(GAMBLERS) + 0.5) / GAMBLERS
    pairs, places = np.unique(np.stack([won.ravel(), lost.ravel()]), axis=1, return_inverse=True)
    logs = pairs[0][:, None] * np.log1p(stakes) + pairs[1][:, None] * np.log1p(-stakes)
    found: Bools = (np.exp(logs).mean(axis=1) >= 1 / error)[places.ravel()].reshape(won.shape)
    return found


def main() -> None:
    """Print the table."""
    print("| true gain | retrain, bets | McNemar p <= 0.05 at each look | p <= 0.05/20 | once, at the last look |")
    print("| --- | --- | --- | --- | --- |")
    for gain in GAINS:
        won, lost = streams(gain)
        each = mcnemar(won, lost, ERROR)
        gates = (bets(won, lost, ERROR), each, mcnemar(won, lost, ERROR / LOOKS))
        ever = [f"{passed.any(axis=1).mean():.3f}{_when(passed)}" for passed in gates]
        print(f"| {gain:+.2f} | {' | '.join(ever)} | {each[:, -1].mean():.3f} |", flush=True)


def _when(passed: Bools) -> str:
    """Median rows until a promotion, of those promoted."""
    first = passed.argmax(axis=1)[passed.any(axis=1)]
    return f" (after {int(np.median(first + 1)) * ROWS_A_LOOK} rows)" if len(first) > STREAMS // 10 else ""


if __name__ == "__main__":
    main()
