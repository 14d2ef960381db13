"""Which answers of a champion are known to be right or wrong, and how sure was it of each?"""

from dataclasses import dataclass
from typing import Literal

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
    def measure(self) -> Literal["entropy", "confidence"]:
        """What doubt is read off: entropy saw drops of accuracy better, where every row has it."""
        return "confidence" if np.isnan(self.entropy).any() else "entropy"

    @property
    def doubt(self) -> Floats:
        """How unsure the model was of each row; more is less sure."""
        return doubt_of(self.confidence, self.entropy, self.measure)


def doubt_of(confidence: Floats, entropy: Floats, measure: Literal["entropy", "confidence"]) -> Floats:
    """Doubt by one of its two measures; NaN where it is not known."""
    return entropy if measure == "entropy" else 1.0 - confidence
