"""How many labels are spent on what?"""

from pydantic import Field, model_validator

from retrain.values import Policy


class LabelsPolicy(Policy):
    """The numbers of what people are asked to label."""

    names: tuple[str, ...] = ()
    """Labels that people may give besides those of the examples and of the labels so far: topics that are new."""
    drifted_share: float = Field(default=0.5, ge=0, le=1)
    """Share of the budget for rows of segments that drifted. 0.5: of 300 labels, 10 each (the fewest that a label is
    learned from) for 15 segments."""
    random_share: float = Field(default=0.2, gt=0, le=1)
    """Share of the budget drawn from all other rows, so that accuracy estimated from the labels stays unbiased; what
    the two shares leave goes to the rows the model is least sure of. 0.2: 60 of 300 labels."""
    days: float = Field(default=30.0, gt=0)
    """How far before the newest judged window rows are taken from while no drift alarm is open; while one is, they are
    taken from its windows. 30: rows of last month still look like those of next month."""
    redact: bool = False
    """Replace what `drift.redact` matches in what people are shown too. Off: they need the text to label it."""

    @model_validator(mode="after")
    def _fits(self) -> "LabelsPolicy":
        if self.drifted_share + self.random_share > 1:
            raise ValueError(
                f"drifted_share {self.drifted_share:g} and random_share {self.random_share:g} are more than the whole "
                f"budget together; make them 1 at most"
            )
        return self
