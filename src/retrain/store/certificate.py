"""What have gate decisions used up? Values that events and the state carry; `fold_certificate.py` adds them up."""

from datetime import datetime, timedelta
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


class Awaited(Value):
    """What a challenger that stays open is given to be decided, as the spec had it then."""

    days: float
    """After so many it is dismissed."""
    review_days: float | None = None
    """After so many it is held for want of a review; none where no rule says so."""
    reviewers: int = 0
    """People who must approve."""
    labels: int | None = None
    """Rows labelled since that would probably decide, all staying as it was seen; none where no number would."""

    @property
    def told(self) -> str:
        """In a few words."""
        return (
            f"{self.days:g} d, review {self.review_days or 0:g} d, {self.reviewers} people, {self.labels or 'no'} rows"
        )


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
    awaited: Awaited | None = None
    """None in ledgers from before it was kept."""
    reviewers_missing: int | None = None
    """People who must approve yet; 0 once enough have, or one has rejected."""

    @property
    def still_for(self) -> tuple[WaitsFor, ...]:
        """What it waits for now: people who have answered are waited for no more."""
        return tuple(each for each in self.waits_for if each != "review" or self.reviewers_missing != 0)

    @property
    def until(self) -> datetime | None:
        """When it is held or dismissed, should nothing more come; none where that is not known."""
        if self.awaited is None:
            return None
        days = self.awaited.review_days if "review" in self.still_for else None
        return self.since + timedelta(days=self.awaited.days if days is None else days)
