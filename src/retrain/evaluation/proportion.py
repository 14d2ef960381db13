"""How sure is one accuracy? Wilson's interval of a share."""

from math import sqrt

from scipy.special import ndtri


def wilson(share: float, rows: int, confidence: float) -> tuple[float, float]:
    """Wilson's score interval of a share seen in `rows` rows; of no rows, everything is possible."""
    if rows == 0:
        return 0.0, 1.0
    square = float(ndtri((1.0 + confidence) / 2.0)) ** 2
    centre = (share + square / (2.0 * rows)) / (1.0 + square / rows)
    half = sqrt(square * (share * (1.0 - share) / rows + square / (4.0 * rows * rows))) / (1.0 + square / rows)
    return max(0.0, centre - half), min(1.0, centre + half)
