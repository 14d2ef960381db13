"""What does one model's YAML say? The sum of the stages' policies, and nothing else."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from retrain.dataset.policy import DatasetPolicy
from retrain.drift.fairness.policy import FairnessPolicy
from retrain.drift.policy import DriftPolicy
from retrain.evaluation.policy import EvaluationPolicy
from retrain.labels.policy import LabelsPolicy
from retrain.production.policy import ProductionPolicy
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.probation_policy import ProbationPolicy
from retrain.store.collected import RetentionPolicy
from retrain.training.policy import TrainingPolicy
from retrain.trigger.policy import TriggerPolicy
from retrain.values import Policy

MODEL_NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
MODEL_NAME_IN_WORDS = "at most 63 lower-case letters, digits, '-' and '_', the first a letter or digit"


class ModelSpec(Policy):
    """One model: what it is, and the policy of each stage."""

    model: str = Field(pattern=MODEL_NAME)
    """Name of the model: lower-case letters, digits, `-` and `_`; it names folders and metric labels."""
    task: Literal["classification", "generation"] = "classification"
    """What the model does. A generator is watched for drift; only a classifier is trained so far."""
    base: str
    """The base weights: a folder, or `package:NAME` for weights that come with a Python package."""
    base_digest: str | None = None
    """SHA-256 over the base's files (`retrain validate` prints it). Set, another base is refused; none by default."""
    production: ProductionPolicy
    """Where predictions are logged."""
    drift: DriftPolicy = Field(default=DriftPolicy(), validate_default=True)
    """When the world has changed."""
    fairness: FairnessPolicy = FairnessPolicy()
    """When a group gets other answers than the rest."""
    trigger: TriggerPolicy = TriggerPolicy()
    """When to retrain."""
    dataset: DatasetPolicy
    """What to train on."""
    training: TrainingPolicy = TrainingPolicy()
    """How to train."""
    evaluation: EvaluationPolicy = EvaluationPolicy()
    """How to compare."""
    labels: LabelsPolicy = LabelsPolicy()
    """What people are asked to label."""
    promotion: PromotionPolicy = PromotionPolicy()
    """What must be shown before a promotion."""
    probation: ProbationPolicy = ProbationPolicy()
    """What production must show after it."""
    retention: RetentionPolicy = RetentionPolicy()
    """What of the past may go."""

    @field_validator("drift")
    @classmethod
    def _signals_that_fit_the_task(cls, drift: DriftPolicy, told: ValidationInfo) -> DriftPolicy:
        return drift.of_task(told.data.get("task", "classification"))

    _folder: Path = PrivateAttr(default=Path())

    def placed_in(self, folder: Path) -> "ModelSpec":
        """The same spec, its relative paths counted from `folder`."""
        twin = self.model_copy()
        twin._folder = folder
        return twin

    def path(self, written: str) -> Path:
        """A path as the spec writes it, made absolute."""
        return (self._folder / Path(written).expanduser()).resolve()


def json_schema() -> dict[str, Any]:
    """JSON Schema of a spec file, so that editors complete and explain it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **ModelSpec.model_json_schema()}
