"""How far may a group's answers lie from those of the rest, and when is that known?"""

from typing import Literal

from pydantic import Field

from retrain.values import Policy


class FairnessPolicy(Policy):
    """The numbers of the watch over groups (`production.groups` names them)."""

    gap: float = Field(default=0.1, gt=0, lt=1)
    """Largest difference between a group and the rest in the rate of an outcome, in mean confidence and in error rate.
    0.1: where half of all get an outcome, the four-fifths rule allows 0.4 to a group."""
    favourable: tuple[str, ...] = Field(default=(), max_length=10)
    """Labels whose rates are watched. None by default: then the ten most frequent ones are. Where groups ask for
    different things by nature, name here the answers that ought not to depend on who asks."""
    min_group_rows: int = Field(default=100, ge=30)
    """A group with fewer rows in the memory is never judged. 100: below it the bounds are wider than any usual gap."""
    false_breach_rate: float = Field(default=0.01, gt=0, lt=0.5)
    """Chance that a model without a gap beyond `gap` is ever called in breach within `memory_windows`, over all groups,
    outcomes and looks together. 0.01: with the other defaults once in some 25 years of daily windows."""
    memory_windows: int = Field(default=90, ge=10)
    """Windows that the evidence is gathered over; it begins anew each half of that, beside the older one. 90: a quarter
    of daily windows, after which old rows would hide a new gap."""
    label_delay_days: float = Field(default=7.0, ge=0)
    """How long labels are waited for before errors are counted by group. 7: a week, so that each weekday's are in."""
    on_breach: Literal["report", "retrain"] = "report"
    """Whether a breach asks for a retrain. `report`: the same kind of data would teach the same gap again, so a person
    looks first."""
