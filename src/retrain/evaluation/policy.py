"""How are champion and challenger compared?"""

from pydantic import Field

from retrain.evaluation.comparison import MetricName
from retrain.evaluation.swap_policy import SwapPolicy
from retrain.values import Policy


class EvaluationPolicy(Policy):
    """The numbers of the comparison."""

    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Of every interval. 0.95 by custom; the gate reads the interval, never the bare gain."""
    min_slice_rows: int = Field(default=20, ge=5)
    """Classes and groups with fewer held-out rows are `not enough evidence`. 20: below it even Tango's interval spans
    30 points."""
    metrics: tuple[MetricName, ...] = ("f1",)
    """Macro averages that must not get worse, besides accuracy. `f1`: a challenger may win on frequent labels alone."""
    bootstrap_samples: int = Field(default=2_000, ge=200)
    """How often rows are drawn again for the interval of such a metric. 2,000: its ends then move by a tenth of its
    width at most from one seed to another."""
    intersections: bool = True
    """Whether groups are also looked at where two attributes meet, `channel=app & region=eu`. On: a gap may show only
    there. Each has to have `min_slice_rows` like any slice."""
    swaps: SwapPolicy = SwapPolicy()
    """Held-out texts answered again with other names, pronouns and spellings."""
    suite: str | None = None
    """A YAML file of cases that must not be lost (`retrain suite add` grows it), such as `suites/support.yaml`; not
    beside the spec, where each .yaml file is a model. None by default: nobody else knows your incidents."""
