"""What must be shown before a challenger replaces the champion?"""

from typing import Literal

from pydantic import Field

from retrain.promotion.review_policy import ReviewPolicy
from retrain.values import Policy


class PromotionPolicy(Policy):
    """The numbers of the gate."""

    require: Literal["superior", "non_inferior"] = "superior"
    """`superior`: significantly better (exact McNemar). `non_inferior`: not worse than the margin (Tango). Superior by
    default: of twenty equal challengers "metric greater" promotes about half, McNemar at most one."""
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    """Error of that test. 0.05 by custom."""
    margin: float = Field(default=0.01, gt=0, lt=0.5)
    """The loss of accuracy that counts as none. 0.01: below a point is noise between seeds on Banking77."""
    slice_margin: float = Field(default=0.1, gt=0, lt=1)
    """No class or group may be worse than this beyond doubt. 0.1: what 100 rows can show."""
    group_gap: float = Field(default=0.1, gt=0, lt=1)
    """Difference in accuracy between groups that must not widen beyond this. 0.1, as for slices."""
    unknown_group: Literal["allow", "block"] = "allow"
    """What too few rows of a group mean. `allow`, said in the reasons: at first there are always too few."""
    min_heldout_rows: int = Field(default=80, ge=20)
    """Fewer held-out rows decide nothing. 80: the fewest at which 6 lost and 18 won rows are significant."""
    min_accuracy: float = Field(default=0.5, ge=0, le=1)
    """Nothing below this is served, the first champion included. 0.5: set it to what your users bear."""
    max_latency_ms: float = Field(default=1_000.0, gt=0)
    """95th percentile of the challenger's answer to a single row. 1,000: what a person notices as waiting."""
    max_overfit_gap: float = Field(default=0.25, gt=0, lt=1)
    """Accuracy on training rows minus held-out rows. 0.25: more is memory, not learning, unless held-out is odd."""
    review: ReviewPolicy = ReviewPolicy()
    """When people must look."""
