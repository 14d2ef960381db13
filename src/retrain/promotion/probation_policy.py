"""How long is a new champion on probation, and what must production show?"""

from pydantic import Field

from retrain.values import Policy


class ProbationPolicy(Policy):
    """The numbers of probation."""

    on: bool = True
    """Put each champion that a run promotes on probation. It needs `production.labels`: without labels production
    contradicts nothing, and no probation begins."""
    days: float = Field(default=10.0, gt=0, le=90)
    """How long it lasts. 10: a whole week of traffic, and three days for its last labels; the drift reference waits for
    it, so longer is not simply safer."""
    min_labels: int = Field(default=100, ge=20)
    """Labelled rows without which it confirms nothing. 100: below, even a bound at 5 points needs luck."""
    margin: float = Field(default=0.03, gt=0, lt=0.5)
    """The loss of accuracy against the predecessor that counts as none at its end. 0.03: what some hundreds of labels
    can exclude; the gate's own margin of a point would take thousands."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """How sure a breach has to be, all looks together, and the bound at the end. 0.95 by custom: of twenty champions as
    good as their predecessors at most one is rolled back, however often one looks."""
    look_labels: int = Field(default=20, ge=1)
    """New labels that are worth a look, which loads both versions. 20: a loss of half the rows shows in the first."""
    max_rows: int = Field(default=2000, ge=100)
    """Rows that are answered again at most, over all looks. 2,000: a loss of 3 points shows there."""
    canary_share: float = Field(default=1.0, gt=0, le=1)
    """Share of the keys of `retrain.champion(model, key=...)` that get the new champion until probation ends; others
    get its predecessor. 1: all, since most servers have no key to be true to."""
