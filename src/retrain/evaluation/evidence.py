"""What else does a gate decide on: how much it may err this time, and rows that came after the comparison?"""

from datetime import datetime

from retrain.values import Value


class Budget(Value):
    """How much this decision may err, of what a year and a held-out set bear. Fixed before the rows are looked at."""

    year: float
    """Most that the false promotions of 365 days may be likely."""
    spent: float
    """Of that, what earlier decisions of the last 365 days took."""
    error: float
    """What this decision takes: the chance to promote a challenger that is not better."""
    waiting: float
    """What is put aside besides, for looking again at fresh rows should this stay open."""
    free: bool
    """There is no champion yet, so that no promotion can make anything worse: nothing is taken."""
    pairs: int
    """Pairs of models that could have met here, given what these rows decided before: the error is shared by them."""
    uses: float
    """In how many decisions a held-out row took part before, on average over the rows of now."""
    most_uses: float
    rows: int
    heldout_share: float
    """Of fresh labels, how many become held-out rows."""

    @property
    def level(self) -> float:
        """One-sided level of a test on the held-out rows."""
        return self.error / self.pairs

    @property
    def worn(self) -> bool:
        """The held-out rows took part in so many decisions that they decide nothing more."""
        return self.uses + 1.0 > self.most_uses


class Fresh(Value):
    """What both models made of rows that were labelled after the comparison, and that neither has ever seen."""

    since: datetime
    rows: int
    won: int
    lost: int
    error: float
    """Put aside for all looks at these rows together, when the challenger was left waiting."""
