"""Which messages does the demo play with? The hand-written support corpus, by part."""

import csv
import random
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from retrain.errors import UsageError

FILE = "messages.csv"
STANDING_PER_INTENT = 46
"""Labelled examples that the story begins with, of each intent; the other messages are customers' to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a customer wrote, and what it really is about."""

    text: str
    label: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """The corpus as the story uses it."""

    standing: tuple[Message, ...]
    """Labelled from the start."""
    usual: tuple[Message, ...]
    """The same intents, in the same manner."""
    topics: tuple[Message, ...]
    """Two intents that nobody asked about before."""
    phrasing: tuple[Message, ...]
    """The old intents as a voice button writes them down."""


def load_corpus(seed: int) -> Corpus:
    """Read the corpus, each part in a seeded order."""
    parts: dict[str, list[Message]] = {}
    with _file().open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            message = Message(text=row["text"], label=row["label"], channel=row["channel"])
            parts.setdefault(row["part"], []).append(message)
    order = random.Random(seed)
    for messages in parts.values():
        order.shuffle(messages)
    standing: list[Message] = []
    usual: list[Message] = []
    taken: dict[str, int] = {}
    for message in parts["base"]:
        taken[message.label] = taken.get(message.label, 0) + 1
        (standing if taken[message.label] <= STANDING_PER_INTENT else usual).append(message)
    return Corpus(
        standing=tuple(standing),
        usual=tuple(usual),
        topics=tuple(parts["new_intent"]),
        phrasing=tuple(parts["new_phrasing"]),
    )


def _file() -> Path:
    """In the installed package, or in the checkout that the package is run from."""
    packaged = Path(str(resources.files("retrain.demo"))) / "example" / FILE
    checkout = Path(__file__).parents[3] / "examples" / "support" / FILE
    for place in (packaged, checkout):
        if place.is_file():
            return place
    raise UsageError(f"the demo's corpus {FILE!r} is neither in {packaged.parent} nor in {checkout.parent}; reinstall")
