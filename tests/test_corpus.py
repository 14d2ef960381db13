"""Is the example corpus what its README says? Enough messages, two intents and a phrasing held back, no near twins."""

import csv
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from scipy import sparse

FILE = Path(__file__).parents[1] / "examples" / "support" / "messages.csv"
NEW_INTENTS = {"pickup_locker", "subscription_box"}


class Message(NamedTuple):
    text: str
    label: str
    channel: str
    part: str


def plain(text: str) -> str:
    """Without case, accents' encodings, punctuation and double spaces."""
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()


def closest(texts: list[str]) -> tuple[float, str, str]:
    """The two texts with the highest Jaccard similarity of character 3-grams, and that similarity; exact, all pairs."""
    grams = [{text[start : start + 3] for start in range(max(1, len(text) - 2))} for text in map(plain, texts)]
    column = {gram: number for number, gram in enumerate(sorted(set().union(*grams)))}
    rows = [row for row, seen in enumerate(grams) for _ in seen]
    columns = [column[gram] for seen in grams for gram in seen]
    occurs = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(texts), len(column)))
    shared = sparse.triu(occurs @ occurs.T, k=1).tocoo()
    sizes = np.asarray([len(seen) for seen in grams])
    similarity = shared.data / (sizes[shared.row] + sizes[shared.col] - shared.data)
    best = int(similarity.argmax())
    return float(similarity[best]), texts[shared.row[best]], texts[shared.col[best]]


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    with FILE.open(encoding="utf-8", newline="") as stream:
        return [Message(**row) for row in csv.DictReader(stream)]


def test_there_are_1200_distinct_messages_in_twelve_intents_from_the_start(messages: list[Message]) -> None:
    base = [message for message in messages if message.part == "base"]
    counts = Counter(message.label for message in base)
    assert len({plain(message.text) for message in base}) >= 1_200
    assert len(counts) >= 12
    assert min(counts.values()) >= 100


def test_two_intents_are_held_back(messages: list[Message]) -> None:
    labels = {part: {m.label for m in messages if m.part == part} for part in ("base", "new_intent", "new_phrasing")}
    assert labels["new_intent"] == NEW_INTENTS
    assert not labels["base"] & NEW_INTENTS
    assert labels["new_phrasing"] == labels["base"]
    assert {message.part for message in messages} == set(labels)


def test_the_new_phrasing_is_speech_and_comes_through_the_app(messages: list[Message]) -> None:
    spoken = [message for message in messages if message.part == "new_phrasing"]
    assert {message.channel for message in spoken} == {"app"}
    assert [m.text for m in spoken if m.text != m.text.lower() or re.search(r"[.,;:!?\d]", m.text)] == []


def test_each_channel_has_a_fair_part_of_each_intent(messages: list[Message]) -> None:
    for label in {message.label for message in messages}:
        channels = Counter(m.channel for m in messages if m.label == label and m.part != "new_phrasing")
        assert set(channels) == {"chat", "email", "app"}
        assert min(channels.values()) / channels.total() >= 0.2, (label, channels)


def test_no_two_messages_are_near_duplicates(messages: list[Message]) -> None:
    similarity, one, other = closest([message.text for message in messages])
    assert similarity < 0.8, (one, other)


def test_a_near_duplicate_would_be_found() -> None:
    texts = ["where is my parcel", "please cancel my blue kettle", "Please cancel my blue kettles!"]
    similarity, one, other = closest(texts)
    assert similarity >= 0.8
    assert [one, other] == texts[1:]


def test_messages_carry_no_address_of_a_person_or_a_page(messages: list[Message]) -> None:
    contact = re.compile(r"\S@\S|https?:|www\.|\+\d{6,}")
    assert [message.text for message in messages if contact.search(message.text)] == []


def test_rows_are_sorted_and_trimmed(messages: list[Message]) -> None:
    order = [(message.part, message.label) for message in messages]
    assert order == sorted(order)
    assert [message.text for message in messages if message.text != message.text.strip() or "\n" in message.text] == []
