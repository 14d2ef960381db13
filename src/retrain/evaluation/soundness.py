"""What else was seen of the challenger: what it still knows, how honest its confidence is, and whether it loads?"""

from retrain.values import Value


class Remembered(Value):
    """The comparison on rows that were held out before, apart from those that came since."""

    rows: int
    """Held-out rows that were held out already when the champion was trained."""
    only_champion_right: int
    only_challenger_right: int
    newer: int
    """Held-out rows that entered since."""
    newer_only_champion_right: int
    newer_only_challenger_right: int


class Calibration(Value):
    """The expected calibration error, and how sure it is."""

    corrected: float
    """Without most of what chance adds: as counted, it is above zero even where every confidence is honest."""
    low: float
    high: float
    confidence: float


class Loaded(Value):
    """The stored version, fetched anew into an empty folder and loaded in a fresh process."""

    rows: int
    """Held-out rows that it answered."""
    same: int
    """Of these, those with the label of the evaluation and its confidence within the tolerance."""
    largest: float
    """Largest difference of a confidence."""
