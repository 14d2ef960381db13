"""How often does probation roll back a champion, equal or worse, when it is looked at again and again? Prints a table.

`python -m benchmarks.probation [PROBATIONS]`; 2,000 of each kind by default, a minute and a half.
"""

import sys
from functools import cache

import numpy as np
from scipy.special import bdtr

from retrain.promotion.always import worse

LOOK = 20
ROWS = (200, 500, 1000, 2000)
KINDS = (
    ("equal, 10 % disagree", 0.05, 0.05),
    ("equal, 20 % disagree", 0.10, 0.10),
    ("2 points worse", 0.05, 0.07),
    ("5 points worse", 0.05, 0.10),
    ("10 points worse", 0.05, 0.15),
    ("20 points worse", 0.05, 0.25),
)
NEEDED = 20.0


@cache
def breach(won: int, lost: int) -> bool:
    """Whether a look at these counts rolls back."""
    return worse(won, lost) >= NEEDED


@cache
def naive(won: int, lost: int) -> bool:
    """The same by a one-sided McNemar test at 5 %, as if each look were the only one."""
    return bool(bdtr(won, won + lost, 0.5) <= 0.05)


def first(won: float, lost: float, rng: np.random.Generator) -> tuple[int | None, int | None]:
    """Rows at the first look that rolls back, by ours and by the naive rule."""
    seen = rng.choice(3, size=max(ROWS), p=[won, lost, 1 - won - lost])
    counts = zip(*(np.cumsum(seen == kind)[LOOK - 1 :: LOOK].tolist() for kind in (0, 1)), strict=True)
    looks = [(n * LOOK, int(w), int(x)) for n, (w, x) in enumerate(counts, start=1)]
    ours = next((n for n, w, x in looks if breach(w, x)), None)
    return ours, next((n for n, w, x in looks if naive(w, x)), None)


def main() -> int:
    """A row a kind: share rolled back within so many labelled rows, and the median of the rows that took."""
    probations = int(sys.argv[1]) if sys.argv[1:] else 2000
    rng = np.random.default_rng(1)
    print(f"| champion | {' | '.join(f'{rows:,} rows' for rows in ROWS)} | median rows | McNemar at each look |")
    print("| --- " * (len(ROWS) + 3) + "|")
    for name, won, lost in KINDS:
        found = [first(won, lost, rng) for _ in range(probations)]
        ours = [at for at, _ in found if at is not None]
        shares = [sum(at <= rows for at in ours) / probations for rows in ROWS]
        simple = sum(at is not None and at <= 1000 for _, at in found) / probations
        middle = f"{np.median(ours):.0f}" if ours else "-"
        print(f"| {name} | {' | '.join(f'{share:.1%}' for share in shares)} | {middle} | {simple:.1%} of 1,000 rows |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
