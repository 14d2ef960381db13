"""How fast does it learn, and when does it stop? Linear warm-up and decay, and patience."""

from collections.abc import Sequence

from retrain.values import Value

WARM_UP = 0.06


class Epoch(Value):
    """One pass over the training rows."""

    number: int
    """From 1."""
    train_loss: float
    validation_loss: float
    validation_accuracy: float


def rate_factor(step: int, total: int) -> float:
    """What the learning rate is multiplied with at `step` of `total`, both counted from 0: up to 1, then down to 0."""
    warm = max(1, round(WARM_UP * total))
    if step < warm:
        return (step + 1) / warm
    return max(0.0, (total - step) / max(1, total - warm))


def best_epoch(epochs: Sequence[Epoch]) -> Epoch:
    """The epoch with the lowest validation loss, the earlier one of equals."""
    return min(epochs, key=lambda epoch: (epoch.validation_loss, epoch.number))


def finished(epochs: Sequence[Epoch], *, max_epochs: int, patience: int) -> bool:
    """Whether training ends here: all epochs run, or `patience` of them without a better validation loss."""
    if not epochs:
        return False
    waited = epochs[-1].number - best_epoch(epochs).number
    return epochs[-1].number >= max_epochs or waited >= patience
