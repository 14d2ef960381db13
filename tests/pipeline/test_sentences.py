"""Every event of a ledger can be told to a person."""

from typing import get_args

from retrain.pipeline.sentences import sentence
from retrain.store.events import Event


def test_every_event_has_a_sentence_of_its_own() -> None:
    union, _ = get_args(Event)
    events = set(get_args(union))
    assert len(events) > 10
    assert events <= set(sentence.registry)
