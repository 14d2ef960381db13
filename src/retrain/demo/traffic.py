"""What do customers write in a week? Drawn from the corpus, seeded, the drift beginning when the story says so."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from retrain.demo.corpus import Corpus, Message

ROWS_PER_WEEK = 200
WEEK = timedelta(days=7)
NEW_TOPICS = 0.30
NEW_PHRASING = 0.18


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message at one moment."""

    at: datetime
    message: Message


class Traffic:
    """Weeks of messages. No message is repeated before all of its part have come."""

    def __init__(self, corpus: Corpus, seed: int) -> None:
        self._random = random.Random(seed)
        self._usual = _endless(corpus.usual, self._random)
        self._topics = _endless(corpus.topics, self._random)
        self._phrasing = _endless(corpus.phrasing, self._random)

    def week(self, start: datetime, *, drift: float) -> list[Arrival]:
        """One week; `drift` from 0 (as ever) to 1 (the full share of new topics and new phrasing)."""
        moments = sorted(self._random.random() for _ in range(ROWS_PER_WEEK))
        return [Arrival(at=start + WEEK * moment, message=self._message(drift)) for moment in moments]

    def _message(self, drift: float) -> Message:
        draw = self._random.random()
        if draw < NEW_TOPICS * drift:
            return next(self._topics)
        if draw < (NEW_TOPICS + NEW_PHRASING) * drift:
            return next(self._phrasing)
        return next(self._usual)


def _endless(messages: Sequence[Message], order: random.Random) -> Iterator[Message]:
    deck: list[Message] = []
    while True:
        if not deck:
            deck = list(messages)
            order.shuffle(deck)
        yield deck.pop()
