"""How sure is a rate, or a share, that a drill measured? Exact bounds of a count."""

from scipy.stats import beta, chi2


def poisson_bounds(count: int, confidence: float) -> tuple[float, float]:
    """Exact bounds of the expected number of events, when so many were seen (Garwood 1936)."""
    tail = (1 - confidence) / 2
    low = float(chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    return low, float(chi2.isf(tail, 2 * count + 2)) / 2


def share_bounds(count: int, trials: int, confidence: float) -> tuple[float, float]:
    """Exact bounds of a share, when so many of the trials were hits (Clopper and Pearson 1934)."""
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, count, trials - count + 1)) if count else 0.0
    high = float(beta.isf(tail, count + 1, trials - count)) if count < trials else 1.0
    return low, high
