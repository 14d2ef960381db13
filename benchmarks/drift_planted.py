"""What is planted in a window, and in which traffic? CLINC150 and Banking77 (`../shared/data`), answered by a model."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.clinc import DATA, answered
from numpy.typing import NDArray

from retrain.drift.observation import Vectors
from retrain.drift.report import DriftKind
from retrain.production.window import Window

REFERENCE_ROWS = 1_000
SHARE = 1 / 8
Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Pool:
    """Texts by intent; the model is taught with some, the others are traffic."""

    taught: dict[str, list[str]]
    traffic: dict[str, list[str]]
    outside: tuple[str, ...] = ()
    domains: dict[str, tuple[str, ...]] | None = None


@dataclass(frozen=True)
class Trial:
    """A reference and a window with a planted segment."""

    reference: Window
    current: Window
    planted: NDArray[np.bool_]
    kinds: tuple[DriftKind, ...]
    """What it may well be called."""


@cache
def clinc(folder: Path = DATA) -> Pool:
    """CLINC150: 40 rows of an intent teach, 110 are traffic."""
    corpus = json.loads((folder / "clinc150_full.json").read_text(encoding="utf-8"))
    domains = json.loads((folder / "clinc150_domains.json").read_text(encoding="utf-8"))
    rows = _by_intent([(text, intent) for part in ("train", "val", "test") for text, intent in corpus[part]])
    return Pool(
        taught={intent: texts[:40] for intent, texts in rows.items()},
        traffic={intent: texts[40:] for intent, texts in rows.items()},
        outside=tuple(text for part in ("oos_test", "oos_val") for text, _ in corpus[part]),
        domains={name: tuple(intents) for name, intents in domains.items()},
    )


@cache
def banking(folder: Path = DATA) -> Pool:
    """Banking77: 20 rows of an intent teach."""
    parts = [pl.read_csv(folder / f"banking77_{part}.csv").rows() for part in ("train", "test")]
    rows = _by_intent([row for part in parts for row in part])
    return Pool(
        taught={intent: texts[:20] for intent, texts in rows.items()},
        traffic={intent: texts[20:] for intent, texts in rows.items()},
    )


def _by_intent(rows: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text, intent in rows:
        found.setdefault(intent, []).append(text)
    return found


class Stream:
    """Draws rows without putting them back, and answers them."""

    def __init__(self, pool: Pool, known: Sequence[str], seed: int, embed: Embed) -> None:
        self.draws = np.random.default_rng(seed)
        self._embed = embed
        self._known = sorted(known)
        centres = np.stack([embed(pool.taught[intent]).mean(axis=0) for intent in self._known])
        self._centres = centres / np.linalg.norm(centres, axis=1, keepdims=True)
        self._left = {name: list(self.draws.permutation(np.array(t, object))) for name, t in pool.traffic.items()}

    def take(self, intents: Sequence[str], rows: int) -> list[str]:
        """Rows of these intents, each as likely."""
        return [self._left[intents[place]].pop() for place in self.draws.integers(len(intents), size=rows)]

    def window(self, texts: Sequence[str]) -> Window:
        """These texts, answered."""
        return answered(texts, self._embed(texts) @ self._centres.T, self._known)

    def mixed(self, usual: Sequence[str], planted: Sequence[str]) -> tuple[list[str], NDArray[np.bool_]]:
        """Both in random order, and which are planted."""
        order = self.draws.permutation(len(usual) + len(planted))
        both = [*usual, *planted]
        return [both[row] for row in order], order >= len(usual)


def upper(text: str, _draws: np.random.Generator) -> str:
    """As one who shouts."""
    return text.upper()


def typos(text: str, draws: np.random.Generator) -> str:
    """A letter left out, doubled or swapped with the next one, in two of the longer words."""
    words = text.split()
    longer = [place for place, word in enumerate(words) if len(word) > 4]
    for place in draws.permutation(longer)[:2] if longer else []:
        word, at = words[place], int(draws.integers(1, len(words[place]) - 2))
        words[place] = (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )[draws.integers(3)]
    return " ".join(words)


def damaged(text: str, _draws: np.random.Generator) -> str:
    """Typographic quotes and accents, written as UTF-8 and read as Latin-1."""
    return f"\u201c{text.replace('e', 'é', 1)}\u201d".encode().decode("latin-1")


def new_intent(rows: int, seed: int, embed: Embed) -> Trial:
    """Banking77: one intent of 17 that the model was never taught."""
    pool = banking()
    names = list(np.random.default_rng(seed).permutation(sorted(pool.traffic)))
    big = [name for name in names if len(pool.traffic[name]) >= SHARE * rows]
    novel = big[0]
    return _added(Stream(pool, [n for n in names if n != novel][:60], seed, embed), [novel], rows, "new topic")


def new_domain(rows: int, seed: int, embed: Embed) -> Trial:
    """CLINC150: the intents of a domain that the model was never taught."""
    pool = clinc()
    assert pool.domains is not None
    novel = pool.domains[sorted(pool.domains)[seed % len(pool.domains)]]
    stream = Stream(pool, sorted(set(pool.traffic) - set(novel)), seed, embed)
    return _added(stream, novel, rows, "new topic")


def out_of_scope(rows: int, seed: int, embed: Embed) -> Trial:
    """CLINC150: queries that belong to no intent at all."""
    pool = clinc()
    stream = Stream(pool, sorted(pool.traffic), seed, embed)
    planted = list(stream.draws.choice(np.array(pool.outside, object), round(SHARE * rows), replace=False))
    return _with(stream, sorted(pool.traffic), planted, rows, ("new topic",))


def _added(stream: Stream, novel: Sequence[str], rows: int, kind: DriftKind) -> Trial:
    usual = stream._known
    return _with(stream, usual, stream.take(novel, round(SHARE * rows)), rows, (kind,))


def _with(stream: Stream, usual: Sequence[str], planted: list[str], rows: int, kinds: tuple[DriftKind, ...]) -> Trial:
    reference = stream.window(stream.take(usual, REFERENCE_ROWS))
    texts, marks = stream.mixed(stream.take(usual, rows - len(planted)), planted)
    return Trial(reference, stream.window(texts), marks, kinds)


def doubled_intent(rows: int, seed: int, embed: Embed) -> Trial:
    """Banking77: an intent of one row in sixteen becomes one in eight."""
    pool = banking()
    draws = np.random.default_rng(seed)
    grown = str(draws.choice(sorted(name for name, texts in pool.traffic.items() if len(texts) >= 190)))
    others = [str(name) for name in draws.permutation(sorted(set(pool.traffic) - {grown}))[:40]]
    stream = Stream(pool, [grown, *others], seed, embed)
    before = stream.take([grown], round(REFERENCE_ROWS * SHARE / 2))
    reference, _ = stream.mixed(stream.take(others, REFERENCE_ROWS - len(before)), before)
    planted = stream.take([grown], round(rows * SHARE))
    texts, marks = stream.mixed(stream.take(others, rows - len(planted)), planted)
    return Trial(stream.window(reference), stream.window(texts), marks, ("change of mix",))


def restyled(change: Callable[[str, np.random.Generator], str], kind: DriftKind) -> "Plant":
    """CLINC150: some of the usual rows, written otherwise."""

    def plant(rows: int, seed: int, embed: Embed) -> Trial:
        pool = clinc()
        stream = Stream(pool, sorted(pool.traffic), seed, embed)
        usual = stream.take(sorted(pool.traffic), round(SHARE * rows))
        return _with(stream, sorted(pool.traffic), [change(text, stream.draws) for text in usual], rows, (kind,))

    return plant


Plant = Callable[[int, int, Embed], Trial]
PLANTS: dict[str, Plant] = {
    "new intent": new_intent,
    "new domain": new_domain,
    "out of scope": out_of_scope,
    "doubled intent": doubled_intent,
    "style: upper case": restyled(upper, "change of style"),
    "style: typos": restyled(typos, "change of style"),
    "broken encoding": restyled(damaged, "broken data"),
}
