"""Which answers of a champion are known to be right or wrong, and how sure was it of each?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_ANSWERS = 100
"""With fewer, accuracy itself is known to 6 points at best, and nothing can be estimated from it."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What accuracy is estimated from: a row each, in any order."""

    right: NDArray[np.bool_]
    confidence: Floats
    """NaN where it is not known."""
    entropy: Floats
    """NaN where it is not known."""
    source: str
    """Where they come from, in words."""

    @property
    def accuracy(self) -> float:
        """The share of right ones."""
        return float(self.right.mean())

    @property
    def lack(self) -> str | None:
        """Why nothing can be estimated from them; none when something can."""
        if len(self.right) < MIN_ANSWERS:
            return f"{len(self.right)} answers whose truth is known, {MIN_ANSWERS} needed ({self.source})"
        if np.isnan(self.confidence).any():
            return f"not every answer whose truth is known has a confidence ({self.source})"
        return None
