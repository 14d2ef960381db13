"""When is a retrain due, and when must it wait?"""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from retrain.values import Policy


class TriggerPolicy(Policy):
    """The numbers of the trigger."""

    on_drift: bool = True
    """Retrain when a drift alarm is open."""
    on_broken_data: bool = False
    """Whether that holds for drift that looks like broken data too. False: what a broken pipe writes is mended at the
    pipe; a model that has learnt the damage is worse when it is mended. People are told by the alarm either way."""
    max_age_days: float = Field(default=100.0, gt=0)
    """Retrain when the last retrain is longer ago. 100: the longest quarter and a week for what stood in its way."""
    quarterly: bool = True
    """Retrain at the start of each quarter (1 January, April, July, October, midnight), drift or not.
    Judged by the ledger: a tick that was missed is made up for by the next check."""
    timezone: str = "UTC"
    """Whose midnight begins a quarter, such as Europe/Berlin."""
    quarterly_min_age_days: float = Field(default=30.0, ge=0)
    """A quarter asks nothing of a model retrained so shortly before it began. 30: a third of a quarter."""
    max_runs_per_year: int = Field(default=26, ge=1)
    """Automatic retrains in 365 days; beyond it they wait, and an alert says so. 26: one in two weeks; a model that
    asks for more has a problem that retraining does not solve."""
    min_new_labels: int = Field(default=200, ge=0)
    """Labelled rows since drift began, without which a retrain for it waits: nothing new would be learned. 200: about
    sixty of what is new, where it is a third of the traffic. On Banking77 17 new intents needed 300 rows of theirs."""
    cooldown_hours: float = Field(default=72.0, ge=0)
    """No retrain by drift or schedule for so long after the last one ended. 72: labels of a weekend arrive first."""
    refusal_retry_hours: float = Field(default=24.0, gt=0)
    """After a refusal (too few examples) ask again after this; doubled with each further one. 24: labels come daily."""
    max_retry_hours: float = Field(default=336.0, gt=0)
    """Where that doubling ends. 336: two weeks."""
    max_unpromoted: int = Field(default=3, ge=1)
    """Challengers in a row that failed the gate, or were rolled back by probation, from which on retrains by drift,
    schedule or alert wait longer, and a person is asked for. 3: of good challengers one in five may fail by chance."""
    unpromoted_wait_hours: float = Field(default=168.0, gt=0)
    """How long they then wait after the last one; doubled with each further one. 168: a week, for somebody to look."""
    max_unpromoted_wait_hours: float = Field(default=1344.0, gt=0)
    """Where that doubling ends. 1,344: eight weeks, so that no quarter goes without a try."""
    claim_hours: float = Field(default=12.0, gt=0)
    """A run's claim expires after this when its process cannot be asked. 12: the longest run planned for, doubled."""
    max_attempts: int = Field(default=3, ge=1)
    """How often the work of runs that die is begun in all, before it ends as failed and waits like any failure. 3:
    twice is bad luck, three times is the work itself."""

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"no time zone {name!r} is known; expected one such as Europe/Berlin") from None
        return name
