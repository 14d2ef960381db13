"""What have gate decisions used up? Values that events and the state carry; `fold_certificate.py` adds them up."""

from datetime import datetime
from typing import Literal

from retrain.values import Value

WaitsFor = Literal["labels", "review"]


class Decided(Value):
    """What one gate decision used."""

    rows: int
    """Held-out rows that it looked at."""
    error: float
    """Of the year's error for false promotions."""
    waiting: float = 0.0
    """Of the same, put aside for looking again at fresh rows."""
    free: bool = False
    """There was no champion to lose: nothing of it counts against the year."""
    again: bool = False
    """A further look at a challenger that was counted when it began to wait; none of entries from before this was
    told apart."""


class Spend(Value):
    """Error that a decision took, and when: it counts for 365 days."""

    at: datetime
    error: float


class Heldout(Value):
    """How worn the held-out rows are. They are kept for ever, so each decision adds one use to each row of then."""

    decisions: int = 0
    """Challengers that were judged; one that waited and was looked at again is one."""
    promotions: int = 0
    uses: int = 0
    """A use is one row in one decision."""


class Pending(Value):
    """A challenger that was neither shown better nor worse, and is looked at again as evidence arrives."""

    challenger: str
    champion: str | None
    """The one it was compared with; another champion ends the waiting."""
    evaluation: str
    """Digest of the comparison that left it open."""
    since: datetime
    waits_for: tuple[WaitsFor, ...]
    error: float
    """Put aside for all further looks at labels together."""
