"""When is a retrain due, and when must it wait?"""

from pydantic import Field

from retrain.values import Policy


class TriggerPolicy(Policy):
    """The numbers of the trigger."""

    on_drift: bool = True
    """Retrain when a drift alarm is open."""
    max_age_days: float = Field(default=91.0, gt=0)
    """Retrain when the champion is older. 91: a quarter; judged by the ledger, so downtime cannot lose it."""
    cooldown_hours: float = Field(default=72.0, ge=0)
    """No retrain by drift or schedule for so long after the last one ended. 72: labels of a weekend arrive first."""
    refusal_retry_hours: float = Field(default=24.0, gt=0)
    """After a refusal (too few examples) ask again after this; doubled with each further one. 24: labels come daily."""
    max_retry_hours: float = Field(default=336.0, gt=0)
    """Where that doubling ends. 336: two weeks."""
    claim_hours: float = Field(default=12.0, gt=0)
    """A run's claim expires after this when its process cannot be asked. 12: the longest run planned for, doubled."""
