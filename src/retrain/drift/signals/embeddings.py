"""How do the inputs differ in what they mean? Means, distances and a classifier over their embeddings."""

from retrain.drift.classifier import whitened
from retrain.drift.observation import Observation, Vectors
from retrain.drift.signals.signal import Found, NotWatched, Signal, numeric, too_few
from retrain.drift.statistics import fourier_features

SEED = 29


def embedding(reference: Observation, current: Observation) -> Found:
    """Maximum mean discrepancy, by random features."""
    sides = _embedded("input.embedding", reference, current)
    if isinstance(sides, NotWatched):
        return sides
    old, new = (fourier_features(side, like=sides[0], seed=SEED) for side in sides)
    return Signal(name="input.embedding", method="mmd_rff", reference=old, current=new)


def neighbours(reference: Observation, current: Observation) -> Found:
    """Rows far from every reference row."""
    sides = _embedded("input.neighbours", reference, current)
    if isinstance(sides, NotWatched):
        return sides
    assert reference.distances is not None
    assert current.distances is not None
    return numeric("input.neighbours", "tail_share", reference.distances, current.distances)


def classifier(reference: Observation, current: Observation) -> Found:
    """How well a classifier tells window and reference apart, on rows that it was not fitted on."""
    sides = _embedded("input.classifier", reference, current)
    if isinstance(sides, NotWatched):
        return sides
    old, new = (whitened(side, like=sides[0]) for side in sides)
    return Signal(name="input.classifier", method="domain_classifier", reference=old, current=new)


def _embedded(name: str, reference: Observation, current: Observation) -> tuple[Vectors, Vectors] | NotWatched:
    reason = _not_embedded(reference, current)
    if reason is not None or reference.vectors is None or current.vectors is None:
        return NotWatched(name=name, reason=reason or "not embedded")
    return reference.vectors, current.vectors


def _not_embedded(reference: Observation, current: Observation) -> str | None:
    if reference.vectors is None:
        return "the reference has no embeddings (drift.embeddings was off when it was built)"
    if current.vectors is None:
        return "the window was not embedded (drift.embeddings is off)"
    old, new = reference.vectors.shape[1], current.vectors.shape[1]
    if old != new:
        return (
            f"embeddings have {new} numbers in the window and {old} in the reference: another base; "
            f"build the reference anew"
        )
    return too_few(len(reference.vectors), reference.rows.height, len(current.vectors), current.rows.height)
