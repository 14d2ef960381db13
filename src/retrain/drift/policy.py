"""When does a window count as drifted, and when does a series of windows raise an alarm?"""

from pydantic import Field, model_validator

from retrain.values import Policy


class DriftPolicy(Policy):
    """The numbers of the drift check."""

    window_hours: float = Field(default=24.0, gt=0)
    """Length of a window. 24 h, so that the daily rhythm of traffic is inside each window, not between windows."""
    min_rows: int = Field(default=100, ge=30)
    """A window with fewer rows is merged with the next. 100: below it, a 20 % new domain was found less than half the
    time (CLINC150, MiniLM)."""
    reference_rows: int = Field(default=1_000, ge=200)
    """Rows that make a reference; until there are as many, the state is `insufficient_data`. 1,000: thresholds are
    calibrated on it, and its 5 % tails then rest on 50 rows."""
    max_rows: int = Field(default=5_000, ge=500)
    """Rows of the window and of the reference that scores are computed on. 5,000: what Evidently draws in seconds."""
    false_window_rate: float = Field(default=0.01, gt=0, lt=0.2)
    """Share of quiet windows that may count as drifted, over all signals together. 0.01, as in the literature's tables;
    two such windows must then follow each other closely for an alarm."""
    alarm_after: int = Field(default=2, ge=1)
    """Drifted windows within `alarm_within` that raise the alarm. 2 of 3 gave 0.4 false alarms per 1,000 windows where
    a single window gave 6.5 (CLINC150)."""
    alarm_within: int = Field(default=3, ge=1)
    """The number of latest windows that `alarm_after` looks at."""
    clear_after: int = Field(default=2, ge=1)
    """Quiet windows in a row that end an alarm: the hysteresis that keeps a score near its threshold from flapping."""
    effect_floor: float = Field(default=0.03, ge=0, lt=1)
    """No score below this counts as drift, however large the window. 0.03: where 3 % of the rows have moved,
    answers that are all wrong on them cost 3 points of accuracy at most."""
    calibration_blocks: int = Field(default=300, ge=100)
    """Pieces of the reference compared with the rest of it to find each threshold. 300: the 1 % tail rests on 3 of
    them and a fitted tail beyond."""
    embeddings: bool = False
    """Watch input embeddings and distances to the reference's neighbours too. Off by default since it loads torch;
    `retrain init` turns it on: nothing else sees out-of-scope rows that the model answers with confidence."""
    embedding_rows: int = Field(default=1_000, ge=100)
    """Rows embedded per window. 1,000: about ten seconds on one core with MiniLM."""
    examples_in_reports: int = Field(default=3, ge=0)
    """Production texts quoted per change in reports; 0 quotes none."""
    max_windows_per_check: int = Field(default=31, ge=1)
    """Owed windows one check works off after an outage; the next check goes on from the watermark. 31: a month."""

    @model_validator(mode="after")
    def _alarm_can_be_raised(self) -> "DriftPolicy":
        if self.alarm_after > self.alarm_within:
            raise ValueError(
                f"alarm_after is {self.alarm_after} and alarm_within {self.alarm_within}: so many drifted windows "
                f"never fit, and no alarm would ever be raised; make alarm_within at least {self.alarm_after}"
            )
        return self
