"""What is said of a version that nobody trained: enough for ledgers and lineages, and nothing to answer with."""

from retrain.training.version import Cost, Lineage, ModelVersion
from shop import START


def untrained(
    base: str, labels: tuple[str, ...], *, snapshot: str = "s" * 64, base_digest: str = "b" * 64, accuracy: float = 0.9
) -> ModelVersion:
    """A probe of the shop; no time of now and no machine is in it, so that the same is the same again."""
    lineage = Lineage(
        model="shop",
        snapshot=snapshot,
        base=base,
        base_digest=base_digest,
        kind="probe",
        seed=1,
        trained_at=START,
        packages={},
    )
    return ModelVersion(
        lineage=lineage,
        labels=labels,
        max_tokens=64,
        temperature=1.0,
        validation_accuracy={"probe": 0.9},
        train_accuracy=accuracy,
        trials=(),
        cost=Cost(wall_seconds={}, cpu_seconds=0.0, gpu_seconds=0.0),
    )
