"""Which signals can be watched in this window? All that the spec turns on, in the order of the report."""

from collections.abc import Collection, Iterator, Mapping

from retrain.drift.observation import Observation
from retrain.drift.signals import embeddings, generated, inputs, outputs, performance, quality
from retrain.drift.signals.groups import groups
from retrain.drift.signals.numbers import numbers
from retrain.drift.signals.signal import Found, Measure
from retrain.drift.watched import GROUPS, NUMBERS, watched

EVERY: Mapping[str, Measure] = {
    "input.length": inputs.length,
    "input.tokens": inputs.tokens,
    "input.non_letters": inputs.non_letters,
    "input.unseen_words": inputs.unseen_words,
    "input.script": inputs.script,
    "input.embedding": embeddings.embedding,
    "input.neighbours": embeddings.neighbours,
    "input.classifier": embeddings.classifier,
    "output.labels": outputs.labels,
    "output.probabilities": outputs.probabilities,
    "output.confidence": outputs.confidence,
    "output.entropy": outputs.entropy,
    "output.length": generated.length,
    "output.refusals": generated.refusals,
    "output.repetition": generated.repetition,
    "output.language": generated.language,
    "quality.broken": quality.broken,
    "quality.nulls": quality.nulls,
    "quality.duplicates": quality.duplicates,
    "quality.encoding": quality.encoding,
    "performance.estimated": performance.estimated,
    "performance.labelled": performance.labelled,
}


def signals(
    reference: Observation, current: Observation, watching: Collection[str] = watched("classification", {})
) -> Iterator[Found]:
    """Each signal that is on: its two sides, or why it cannot be watched."""
    yield from (measure(reference, current) for name, measure in EVERY.items() if name in watching)
    if GROUPS in watching:
        yield from groups(reference, current, labels="output.labels" in watching)
    if NUMBERS in watching:
        yield from numbers(reference, current)
