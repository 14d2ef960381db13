"""When does a window count as drifted, and when does a series of windows raise an alarm?"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from retrain.drift.watched import NAMES, Task, known_signal, watched
from retrain.values import Policy

LEAST_ARMED = 1_000
"""Reference rows below which no budget is promised: the calibration then rests on fewer than 20 blocks."""


class DriftPolicy(Policy):
    """The numbers of the drift check."""

    rule: Literal["budget", "windows", "p_value", "evidently"] = "budget"
    """What raises an alarm. `budget`: evidence pooled over windows, at most `false_retrains_per_year`. The others are
    there to be compared with: `windows` is `alarm_after` drifted ones of `alarm_within`, `p_value` any signal's p below
    0.05, `evidently` its default verdict; none of them keeps a budget (benchmarks/drift_false_alarms.py)."""
    false_retrains_per_year: float = Field(default=1.0, gt=0)
    """Alarms a year that may come from chance alone, however often the check looks. 1: a retrain costs hours of a
    machine and of a reviewer; the quarterly ones are four."""
    season: Literal["none", "hour", "weekday"] = "none"
    """Compare a window with reference rows of the same hours of the day, or days of the week, in the window's own mix.
    `none`: windows of 24 h hold a whole day; choose `hour` for shorter ones, `weekday` where weekends differ."""
    window_hours: float = Field(default=24.0, gt=0)
    """Length of a window. 24 h, so that the daily rhythm of traffic is inside each window, not between windows."""
    min_rows: int = Field(default=100, ge=30)
    """A window with fewer rows is merged with the next. 100: below it, a 20 % new domain was found less than half the
    time (CLINC150, MiniLM)."""
    reference_rows: int = Field(default=1_000, ge=200, le=1_000_000)
    """Rows that make a reference; until there are as many, the state is `insufficient_data`. 1,000: thresholds are
    calibrated on it, and its 5 % tails then rest on 50 rows."""
    max_rows: int = Field(default=5_000, ge=500)
    """Rows of the window and of the reference that scores are computed on. 5,000: what Evidently draws in seconds."""
    false_window_rate: float = Field(default=0.01, gt=0, lt=0.2)
    """Share of quiet windows that may show a signal at or beyond its threshold, over all signals together. 0.01, as in
    the literature's tables. It marks signals; the alarm is a matter of `rule`."""
    alarm_after: int = Field(default=2, ge=1)
    """Under `rule: windows`, drifted windows within `alarm_within` that raise the alarm. 2 of 3 gave 0.4 false alarms
    per 1,000 windows where a single window gave 6.5 (CLINC150)."""
    alarm_within: int = Field(default=3, ge=1)
    """The number of latest windows that `alarm_after` looks at."""
    clear_after: int = Field(default=2, ge=1)
    """Calm windows in a row that end an alarm: the hysteresis that keeps a score near its threshold from flapping."""
    effect_floor: float = Field(default=0.03, ge=0, lt=1)
    """No score below this counts as drift, however large the window or however many of them. 0.03: where 3 % of the
    rows have moved, answers that are all wrong on them cost 3 points of accuracy at most."""
    calibration_blocks: int = Field(default=300, ge=100)
    """Pieces of the reference compared with the rest of it to find what chance does. 300: they give the spread to 4 %,
    and a fitted law the tail."""
    embeddings: bool = False
    """Watch input embeddings and distances to the reference's neighbours too. Off by default since it loads torch;
    `retrain init` turns it on: nothing else sees out-of-scope rows that the model answers with confidence."""
    embedding_rows: int = Field(default=1_000, ge=100)
    """Rows embedded per window. 1,000: about ten seconds on one core with MiniLM."""
    examples_in_reports: int = Field(default=3, ge=0)
    """Production texts quoted per segment in reports; 0 quotes none, and names no word of any text."""
    redact: tuple[str, ...] = ()
    """Regular expressions (Python's); what they match is replaced in all texts, words and names that reports and ledger
    quote. None by default: only you know what is personal in your texts."""
    max_windows_per_check: int = Field(default=31, ge=1)
    """Owed windows one check works off after an outage; the next check goes on from the watermark. 31: a month."""

    signals: dict[Annotated[str, AfterValidator(known_signal)], bool] = Field(default_factory=dict)
    """Signals turned on or off, `output.language: true`; by default those that fit the task."""

    @property
    def watched(self) -> frozenset[str]:
        """The signals that are on, as far as this policy says; one of a spec says it of each (`of_task`)."""
        return watched("classification", self.signals)

    def of_task(self, task: Task) -> "DriftPolicy":
        """The same policy, with every signal on or off: as told, or else as fits the task."""
        on = watched(task, self.signals)
        return self.model_copy(update={"signals": {name: name in on for name in NAMES}})

    @field_validator("redact")
    @classmethod
    def _patterns_can_be_read(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                matches_nothing = re.compile(pattern).fullmatch("") is not None
            except re.error as error:
                raise ValueError(
                    f"{pattern!r} is no regular expression: {error}; put a backslash before a character that is meant "
                    f"as it stands"
                ) from None
            if matches_nothing:
                raise ValueError(
                    f"{pattern!r} matches the empty text too, so it would be found between any two letters; "
                    f"write + in place of *"
                )
        return patterns

    @model_validator(mode="after")
    def _budget_can_be_promised(self) -> "DriftPolicy":
        rows = min(self.reference_rows, self.max_rows)
        if self.rule == "budget" and rows < LEAST_ARMED:
            raise ValueError(
                f"rule budget with a reference of {rows} rows: no budget of false alarms can be promised below "
                f"{LEAST_ARMED}; raise reference_rows and max_rows, or choose rule: windows, which promises none"
            )
        return self

    @model_validator(mode="after")
    def _alarm_can_be_raised(self) -> "DriftPolicy":
        if self.alarm_after > self.alarm_within:
            raise ValueError(
                f"alarm_after is {self.alarm_after} and alarm_within {self.alarm_within}: so many drifted windows "
                f"never fit, and no alarm would ever be raised; make alarm_within at least {self.alarm_after}"
            )
        return self
