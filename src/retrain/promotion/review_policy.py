"""When must people look before a promotion?"""

from typing import Literal

from pydantic import Field

from retrain.values import Policy


class ReviewPolicy(Policy):
    """Human evaluation: whether, by how many, on how many rows, and how long it is waited for."""

    required: Literal["never", "inconclusive", "always"] = "never"
    """`always`: no promotion without approval. `inconclusive`: people settle what the rows leave open, never what
    fails. Never by default: who has named no reviewers would hold every challenger for want of them."""
    min_reviewers: int = Field(default=1, ge=1, le=20)
    """People who must approve before an approval counts; who only judged rows has not approved. 1: two are better."""
    rows: int = Field(default=50, ge=5, le=1_000)
    """Rows shown to a reviewer at most. 50: half an hour of work, and 33 preferences against 17 are beyond chance."""
    timeout_days: float = Field(default=14.0, gt=0, le=365)
    """Days after which a review that was not given holds the challenger. 14: a holiday is no approval."""
