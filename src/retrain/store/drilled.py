"""What does a drill measure of a model's drift monitor? Numbers alone, as the ledger keeps them."""

from datetime import datetime
from typing import Literal, get_args

from pydantic import Field

from retrain.values import Value

Planted = Literal["label_mix", "unsure_rows", "new_words", "copied_rows"]
PLANTED: tuple[Planted, ...] = get_args(Planted)


class Power(Value):
    """How often one kind of planted drift was found."""

    drift: Planted
    share: float
    """Of a window's rows that were replaced or changed."""
    trials: int = 0
    found: int = 0
    """Trials that raised an alarm in time."""
    low: float | None = None
    """Bounds of the share found (Clopper and Pearson)."""
    high: float | None = None
    windows: float | None = None
    """Median of the windows until the alarm, of the trials that found it."""
    reason: str | None = None
    """Why it could not be planted: then nothing is known about it."""


class Drill(Value):
    """The monitor against its own reference: every alarm at unchanged rows is a false one."""

    at: datetime
    reference: str
    """Digest of the reference that was drilled."""
    seed: int
    looks: int = Field(ge=1)
    alarms: int = Field(ge=0)
    window_rows: int
    reference_rows: int
    """Rows of the reference that windows were cut out of."""
    per_year: float
    """False alarms a year, at the model's looks a year."""
    low: float
    """Bounds of that rate (exact, Poisson)."""
    high: float
    confidence: float
    budget: float | None
    """False alarms a year that the spec allows; none under a rule that keeps no budget."""
    within: int = Field(ge=1)
    """Windows in which a planted drift has to be found."""
    planted: tuple[Power, ...] = ()

    @property
    def refuted(self) -> bool:
        """Whether the measured rate is above the budget beyond chance."""
        return self.budget is not None and self.low > self.budget
