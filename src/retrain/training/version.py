"""What comes out of training? A version: where it came from, what it cost, and how it was tuned."""

from datetime import datetime
from typing import Literal

from retrain.values import Value

Kind = Literal["lora", "probe"]


class Cost(Value):
    """What one run used. Data preparation and evaluation are part of it, not only training."""

    wall_seconds: dict[str, float]
    """Stage (`prepare`, `probe`, `tune`, `train`, `evaluate`) to seconds."""
    cpu_seconds: float
    gpu_seconds: float
    joules: float | None = None
    """Energy, where the machine lets it be read; unknown is not zero."""
    money: float | None = None
    """From the spec's price per hour; none when no price is set."""
    currency: str | None = None


class Trial(Value):
    """One setting tried during tuning."""

    number: int
    origin: Literal["default", "last champion", "search"]
    learning_rate: float
    head_learning_rate: float
    batch_size: int
    epochs: int
    """Epochs run until it ended or was pruned."""
    validation_loss: float
    validation_accuracy: float
    pruned: bool


class Lineage(Value):
    """Everything a version was made from."""

    model: str
    snapshot: str
    base: str
    base_digest: str
    kind: Kind
    seed: int
    trained_at: datetime
    packages: dict[str, str]
    """Name to version of the libraries that trained it."""


class ModelVersion(Value):
    """What the manifest of a stored version says about it."""

    lineage: Lineage
    labels: tuple[str, ...]
    max_tokens: int
    temperature: float
    """Fitted on validation; divides the logits."""
    validation_accuracy: dict[str, float]
    """Kind of candidate (`lora`, `probe`) to accuracy; the better one became this version."""
    train_accuracy: float
    """On training rows, for the overfitting gap."""
    trials: tuple[Trial, ...]
    cost: Cost
