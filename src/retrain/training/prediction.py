"""What does a classifier answer? A label, and how sure it is."""

from retrain.values import Value


class Prediction(Value):
    """One model's answer to one text."""

    label: str
    confidence: float
    """Probability of the label, 0 to 1."""
    entropy: float | None = None
    """Of the probabilities of all labels, in nats: its doubt, also where no label stands out."""
    scores: dict[str, float] | None = None
    """Probability of the labels that were asked for with this text; none where none were."""
