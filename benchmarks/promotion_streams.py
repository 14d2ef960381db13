"""What do a row's difficulty and a model's strength make of its answers? For promotion_year and promotion_kept.

Most rows are easy, some are hard, and all models find the same rows hard; so two models of equal accuracy disagree on 6
to 8 % of rows, as two trainings on Banking77 do. The held-out rows are drawn once and used by every decision of a year,
as in earnest.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import binom

from retrain.promotion.policy import PromotionPolicy

HARD_SHARE, EASY = 0.15, 5.0
Numbers = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(slots=True)
class World:
    """Many years at once: rows and models of each are independent of the others'."""

    years: int
    rows: int
    random: np.random.Generator
    ease: Numbers = field(init=False)

    def __post_init__(self) -> None:
        hard = self.random.random((self.years, self.rows)) < HARD_SHARE
        self.ease = np.where(hard, self.random.normal(0.5, 1.0, hard.shape), EASY).astype(np.float32)

    def answers(self, strength: Numbers) -> Bools:
        """Which rows a model of this strength, one a year, answers rightly."""
        chance = expit(self.ease + strength[:, None].astype(np.float32))
        found: Bools = self.random.random(self.ease.shape, dtype=np.float32) < chance
        return found


_HARD = np.random.default_rng(1).normal(0.5, 1.0, 20_000)
_GRID = np.linspace(-6, 6, 241)
_ACCURACY = np.array([(1 - HARD_SHARE) * expit(EASY + g) + HARD_SHARE * expit(_HARD + g).mean() for g in _GRID])


def accuracy(strength: Numbers) -> Numbers:
    """Of a model of this strength on all rows there are."""
    return np.asarray(np.interp(strength, _GRID, _ACCURACY))


def strength(right: Numbers) -> Numbers:
    """The inverse."""
    return np.asarray(np.interp(right, _ACCURACY, _GRID))


@dataclass(slots=True)
class Budgeted:
    """The levels of a year's decisions, as promotion/spending.py has them, for many years at once."""

    years: int
    year: float
    share: float
    left: Numbers = field(init=False)
    promotions: NDArray[np.int64] = field(init=False)
    decisions: int = 0

    def __post_init__(self) -> None:
        self.left = np.full(self.years, self.year)
        self.promotions = np.zeros(self.years, dtype=np.int64)

    def level(self) -> Numbers:
        """What the next decision may err, in each year."""
        error = np.minimum(PromotionPolicy().alpha / 2, self.share * self.left)
        self.left = self.left - error
        pairs = np.where(self.promotions > 0, max(1, self.decisions), 1)
        self.decisions += 1
        return np.asarray(error / pairs)


def significant(won: NDArray[np.int64], lost: NDArray[np.int64], level: Numbers | float) -> Bools:
    """McNemar's exact test, one-sided, in favour of the challenger."""
    found: Bools = (binom.sf(won - 1, won + lost, 0.5) <= level) & (won > lost)
    return found
