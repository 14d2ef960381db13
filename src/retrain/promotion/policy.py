"""What must be shown before a challenger replaces the champion?"""

from typing import Literal

from pydantic import Field

from retrain.promotion.review_policy import ReviewPolicy
from retrain.values import Policy


class SwapLimits(Policy):
    """How many more answers an exchange of names, pronouns or spellings may change than a neutral one."""

    max_excess: float = Field(default=0.1, gt=0, lt=1)
    """Share of texts, over that of the neutral control. 0.1: on Banking77, MiniLM's own habits lie 2 points (female to
    male) to 7 points (male to Arabic names) over the control; more has been learnt."""
    min_texts: int = Field(default=30, ge=10)
    """A kind of swap on fewer texts is not enough evidence. 30: with fewer, no change at all leaves 8 points open."""


class PromotionPolicy(Policy):
    """The numbers of the gate."""

    require: Literal["superior", "non_inferior"] = "superior"
    """`superior`: significantly better (exact McNemar). `non_inferior`: not worse than the margin (Tango). Superior by
    default: of twenty equal challengers "metric greater" promotes about half, McNemar at most one."""
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    """Error of that test at most, and of all that only makes the gate stricter. 0.05 by custom. A promotion is tested
    at less: at what it takes of `false_promotions_per_year`."""
    false_promotions_per_year: float = Field(default=0.05, gt=0, lt=1)
    """Chance that any of the promotions of 365 days was false, all decisions together. 0.05: at 0.05 a decision, twenty
    equal challengers would make it 0.4."""
    error_share: float = Field(default=0.125, gt=0, le=1)
    """Share of what is left of it that one decision takes, and as much again is put aside when it stays open. 0.125:
    eight decisions a year, a quarter and a drift each; the ninth still has a third of what the first had."""
    heldout_uses: float = Field(default=20.0, gt=1)
    """Decisions that a held-out row may take part in, on average over the rows; fresh rows bring the average down. 20:
    of twenty equal challengers on the same rows the best looks better by nearly two standard errors."""
    loss_cap: float | None = Field(default=None, gt=0, lt=1)
    """Accuracy that may be lost in all against the best champion ever, however many challengers were taken for not
    worse. By default twice the margin: one accepted loss and the noise of another."""
    metric_margin: float = Field(default=0.05, gt=0, lt=1)
    """Loss that counts as none in the metrics that `evaluation.metrics` names. 0.05: macro F1 of 300 rows in 20 classes
    is known to four points."""
    on_drifted: Literal["superior", "not_worse"] = "superior"
    """What must be shown on the held-out rows that drifted, when drift asked for the retrain. `superior`, since else
    nothing was gained where it was asked for; with fewer rows than a slice needs it is as `unknown_group` says."""
    pending_days: float = Field(default=30.0, gt=0)
    """How long a challenger that stayed open is looked at again as labels arrive. 30: after that it is older than the
    next one would be worth waiting for."""
    margin: float = Field(default=0.01, gt=0, lt=0.5)
    """The loss of accuracy that counts as none. 0.01: below a point is noise between seeds on Banking77."""
    slice_margin: float = Field(default=0.1, gt=0, lt=1)
    """No class or group may be worse than this beyond doubt. 0.1: what 100 rows can show."""
    group_gap: float = Field(default=0.1, gt=0, lt=1)
    """Difference in accuracy between groups that must not widen beyond this. 0.1, as for slices."""
    unknown_group: Literal["allow", "block", "review"] = "allow"
    """What too little evidence about groups means: `block` and `review` promote nothing, and `review` asks for a person
    to look. `allow`, said in the reasons: at first there are always too few rows."""
    min_heldout_rows: int = Field(default=80, ge=20)
    """Fewer held-out rows decide nothing. 80: the fewest at which 6 lost and 18 won rows are significant."""
    min_accuracy: float = Field(default=0.5, ge=0, le=1)
    """Nothing below this is served, the first champion included. 0.5: set it to what your users bear."""
    max_latency_ms: float = Field(default=1_000.0, gt=0)
    """95th percentile of the challenger's answer to a single row. 1,000: what a person notices as waiting."""
    max_overfit_gap: float = Field(default=0.25, gt=0, lt=1)
    """Accuracy on training rows minus held-out rows. 0.25: more is memory, not learning, unless held-out is odd."""
    swaps: SwapLimits = SwapLimits()
    """Limits of the counterfactual swaps, which `evaluation.swaps` makes."""
    forget_margin: float = Field(default=0.1, gt=0, lt=1)
    """The loss of accuracy, on rows held out before, that must be ruled out; where they are too few for that,
    `unknown_group` says what it means. 0.1, as for slices: a smaller one would need more such rows than most have, and
    `margin` guards all rows together."""
    max_calibration_error: float = Field(default=0.1, gt=0, le=1)
    """Expected calibration error in ten bins. 0.1: a probe on Banking77 had 0.124 without its temperature and 0.014
    with it; beyond, the confidence that drift is watched by says little."""
    max_size_mb: float = Field(default=500.0, gt=0)
    """Megabytes that a server fetches at a promotion, without the base. 500: half a minute at 16 MB/s."""
    max_slowdown: float | None = Field(default=None, ge=1)
    """How many times as long as the champion's its answers may take. None by default: both are timed one after another
    on a machine with other work, and `max_latency_ms` is what people notice."""
    review: ReviewPolicy = ReviewPolicy()
    """When people must look."""
