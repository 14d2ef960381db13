"""Which words tell some texts from the others?"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from retrain.drift.attribution.quoting import readable
from retrain.drift.policy import DriftPolicy
from retrain.drift.properties import Words, describe

MIN_ROWS_OF_TERM = 3
CANDIDATE_TERMS = 100


def nameable(texts: Sequence[str], words: Sequence[Words], policy: DriftPolicy) -> Sequence[Words]:
    """The words of each text that may be named: none of what the policy's patterns match."""
    return describe(readable(texts, policy)).words if policy.redact else words


def risen(new: Sequence[Words], old: Sequence[Words]) -> tuple[list[str], int]:
    """Words that are more frequent in the new texts, the surest first; and how many were looked at."""
    inside, outside = (Counter(word for words in side for word in words) for side in (new, old))
    looked_at = sorted(word for word, rows in inside.items() if rows >= MIN_ROWS_OF_TERM)
    odds = [_log_odds(inside[word], len(new), outside[word], len(old)) for word in looked_at]
    order = np.argsort(odds, kind="stable")[::-1][:CANDIDATE_TERMS].tolist()
    return [looked_at[place] for place in order if odds[place] > 0], len(looked_at)


def _log_odds(inside: int, rows: int, outside: int, other_rows: int) -> float:
    """Log odds ratio over its standard error, half a row added to each count (Haldane, Anscombe)."""
    cells = np.array([inside, rows - inside, outside, other_rows - outside]) + 0.5
    return float(np.log(cells[0] * cells[3] / (cells[1] * cells[2])) / np.sqrt((1 / cells).sum()))
