"""Which alerts are there, how urgent is each, and where does it say what to do? The rules are tested against it."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning", "info"]
Scope = Literal["service", "model"]

RUNBOOKS = "docs/runbooks.md"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of `deploy/prometheus/alerts.rules.yml`."""

    name: str
    severity: Severity
    scope: Scope = "model"

    @property
    def runbook(self) -> str:
        """Its section, counted from the root of the repository."""
        return f"{RUNBOOKS}#{self.name.lower()}"


ALERTS: tuple[Alert, ...] = (
    Alert("RetrainStoreDown", "critical", "service"),
    Alert("RetrainExporterDown", "critical", "service"),
    Alert("RetrainMetricsAbsent", "critical", "service"),
    Alert("PrefectServerDown", "critical", "service"),
    Alert("RetrainLedgerBroken", "critical"),
    Alert("RetrainModelVanished", "critical"),
    Alert("RetrainClockAhead", "warning"),
    Alert("RetrainNoCheckFinished", "critical"),
    Alert("RetrainTooFewRows", "warning"),
    Alert("RetrainModelNotWatched", "warning"),
    Alert("RetrainUnusableRows", "warning"),
    Alert("RetrainDriftAlarm", "info"),
    Alert("RetrainDriftUnanswered", "warning"),
    Alert("RetrainProposeOnly", "warning"),
    Alert("RetrainDriftWaitsForLabels", "warning"),
    Alert("RetrainAccuracyLow", "warning"),
    Alert("RetrainFairnessBreach", "warning"),
    Alert("RetrainDueNotStarted", "warning"),
    Alert("RetrainRunFailed", "warning"),
    Alert("RetrainKeepsFailing", "critical"),
    Alert("RetrainChallengersFail", "critical"),
    Alert("RetrainChallengerWaits", "warning"),
    Alert("RetrainLabelsMissing", "warning"),
    Alert("RetrainRunTooLong", "warning"),
    Alert("RetrainRunInterrupted", "warning"),
    Alert("RetrainBudgetReached", "warning"),
    Alert("RetrainProbationBreach", "critical"),
    Alert("RetrainEvaluationDamaged", "warning"),
    Alert("RetrainChampionTooOld", "warning"),
)
