"""Where do the fault tests work? A model that has had two champions, a third version, and a trainer without delay.

Training and scoring are the only stand-ins: what a run stores is an artifact of the true shape (model.json, head, card)
with a table of answers in it, so that a run has every store call of a real one, and a version that is not whole or not
the one that was named cannot answer.
"""

import csv
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrain.dataset import stored
from retrain.dataset.build import build_snapshot
from retrain.dataset.snapshot import Snapshot
from retrain.pipeline.audit import audit
from retrain.pipeline.prepare import gather
from retrain.pipeline.retrain import retrain
from retrain.pipeline.rollback import promote, rollback
from retrain.pipeline.site import Site
from retrain.spec_file import load_spec
from retrain.store.events import Promoted, RolledBack
from retrain.store.folder import FolderStore
from retrain.store.ledger import Ledger
from retrain.store.protocol import Store
from retrain.training import process
from retrain.training.artifact import CARD, HEAD, MODEL, ModelFile, packed_head
from retrain.training.job import Scored, ScoringJob, ScoringResult, TrainingJob, TrainingResult
from retrain.training.prediction import Prediction
from retrain.training.probe import Head
from retrain.training.version import ModelVersion
from retrain.values import canonical_json
from shop import START, Message, Shop
from versions import untrained

LABELS = ("invoice_request", "order_status", "return_item")
ANSWERS = "answers.json"
EXPIRED = timedelta(hours=13)
"""More than a claim stands: its process, this one, is alive, so that nothing else ends it."""
SPEC = """\
model: shop
base: ../base
production: {log: ../log}
dataset: {examples: ../examples.csv, min_examples: 60, min_per_label: 5}
promotion: {min_heldout_rows: 20}
"""
LEDGER = "models/shop/ledger/"


@dataclass(slots=True)
class Yard:
    """One model in one store. Every `site` is that of a new process: nothing is remembered from the last."""

    root: Path
    open: Callable[[], Store]
    now: datetime = START + timedelta(days=1)
    names: dict[str, str] = field(default_factory=dict)
    """What a test calls a version, to its digest."""

    def site(self, store: Store | None = None, actor: str = "a test") -> Site:
        place, shop = store or self.open(), Shop(root=self.root)
        spec = load_spec(shop.settings.models, "shop")
        ledger = Ledger(place, "shop", lambda: self.now)
        return Site(
            model=spec.model,
            spec=spec,
            settings=shop.settings,
            store=place,
            ledger=ledger,
            clock=lambda: self.now,
            actor=actor,
        )

    def ledger(self) -> dict[str, bytes]:
        """Every entry, as its bytes."""
        store = self.open()
        return {key: store.read(key) for key in store.keys(LEDGER)}

    def champions(self) -> tuple[str, ...]:
        """The champion and those before it, the newest first, as the newest entry has them."""
        state = self.site().ledger.state()
        each = (*state.predecessors, *([state.champion] if state.champion else []))
        return tuple(one.version for one in reversed(each))

    def broken(self, before: dict[str, bytes]) -> list[str]:
        """Every invariant that does not hold; `before` are entries that were there."""
        site, now = self.site(), self.ledger()
        found = [f"entry {key} was lost or changed" for key, content in before.items() if now.get(key) != content]
        found += [f"entry {one.entry}: {one.what}" for one in audit(site).findings]
        if list(now) != [f"{LEDGER}{number:08d}.json" for number in range(1, len(now) + 1)]:
            found.append(f"the numbers are not 1 to {len(now)}: {list(now)}")
        entries = list(site.ledger.entries())
        for version in {one.state.champion.version for one in entries if one.state.champion}:
            site.versions.verify_all(version)
        champions = self.champions()
        if not champions or told(entries)[: len(champions)] != champions:
            found.append(f"the events tell of {told(entries)}, the state of {champions}")
        return found


def told(entries: list[Any]) -> tuple[str, ...]:
    """The champions that the events alone tell of, the newest first: a second opinion beside `fold`."""
    stack: list[str] = []
    for entry in entries:
        if isinstance(entry.event, Promoted):
            stack.append(entry.event.version)
        elif isinstance(entry.event, RolledBack):
            stack.pop()
            assert stack[-1] == entry.event.version
    return tuple(reversed(stack))


def built(root: Path, rows: list[Message]) -> Yard:
    """A yard in a folder: versions `old` and `mine` were champions one after the other, `other` is only stored."""
    shop = Shop(root=root)
    shop.spec(SPEC)
    shop.examples(rows)
    (root / "base").mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (root / "base" / name).write_text(name)
    yard = Yard(root=root, open=lambda: FolderStore(root / "store"))
    site = yard.site()
    examples, _ = gather(site)
    snapshot = build_snapshot(examples, site.spec.dataset, earlier_heldout=())
    assert isinstance(snapshot, Snapshot)
    digest = stored.put(site.snapshots, snapshot, about={})
    for number, name in enumerate(("old", "mine", "other")):
        files = artifact(site, {}, LABELS[number], root / "made" / name)
        yard.names[name] = site.versions.put(files, version(site, digest).model_dump(mode="json"))
    for name in ("old", "mine"):
        promote(yard.site(), yard.names[name], reason=f"{name} is the first there is")
    return yard


def copied(yard: Yard, root: Path, open_store: Callable[[], Store] | None = None) -> Yard:
    """The same yard in another folder; its store too, or that in another store, key by key."""
    shutil.copytree(yard.root, root, ignore=None if open_store is None else shutil.ignore_patterns("store"))
    mine = Yard(root=root, open=open_store or (lambda: FolderStore(root / "store")), names=yard.names)
    if open_store is not None:
        source, target = yard.open(), open_store()
        with ThreadPoolExecutor(8) as crew:
            list(crew.map(lambda key: target.create(key, source.read(key)), source.keys("")))
    return mine


def version(site: Site, snapshot: str) -> ModelVersion:
    """What is said of a version of this yard."""
    base = site.base()
    return untrained(base.name, LABELS, snapshot=snapshot, base_digest=base.digest, accuracy=1.0)


def artifact(site: Site, answers: dict[str, str], otherwise: str, folder: Path) -> dict[str, bytes | Path]:
    """A version's files."""
    folder.mkdir(parents=True, exist_ok=True)
    base = site.base()
    model = ModelFile(
        kind="probe", labels=LABELS, base=base.name, base_digest=base.digest, max_tokens=64, temperature=1.0
    )
    head = packed_head(Head(weight=np.zeros((len(LABELS), 4)), bias=np.zeros(len(LABELS))))
    table = canonical_json({"answers": answers, "otherwise": otherwise})
    contents = {MODEL: model.canonical(), HEAD: head, CARD: b"# a card\n", ANSWERS: table}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in contents}


def without_training(monkeypatch: pytest.MonkeyPatch, yard: Yard) -> None:
    """A trainer that knows all right answers, and a scorer that asks the tables in the versions."""
    rows = _right_answers(yard.root)

    def train(job: TrainingJob, on_progress: object = None) -> TrainingResult:
        site = yard.site()
        folder = job.room / "version"
        artifact(site, rows, LABELS[0], folder)
        return TrainingResult(version=version(site, job.snapshot), folder=folder)

    def score(job: ScoringJob) -> ScoringResult:
        return ScoringResult(scored=tuple(_scored(each.folder, job.texts) for each in job.versions))

    monkeypatch.setattr(process, "train", train)
    monkeypatch.setattr(process, "score", score)


def _right_answers(root: Path) -> dict[str, str]:
    with (root / "examples.csv").open(newline="") as stream:
        return {row["text"]: row["label"] for row in csv.DictReader(stream)}


def _scored(folder: Path, texts: tuple[str, ...]) -> Scored:
    table = json.loads((folder / ANSWERS).read_bytes())
    said = [table["answers"].get(text, table["otherwise"]) for text in texts]
    return Scored(predictions=tuple(Prediction(label=each, confidence=0.95) for each in said), latency_p95_ms=1.0)


Act = Callable[[Yard, Store], object]


def run(yard: Yard, store: Store) -> None:
    """A retrain from claim to promotion; none when it is done."""
    if len(yard.champions()) < 3:
        retrain(yard.site(store), cause="manual", reason="asked for")


def by_hand(yard: Yard, store: Store) -> None:
    """The stored version `other` becomes champion, unless it is."""
    if yard.champions()[0] != yard.names["other"]:
        promote(yard.site(store), yard.names["other"], reason="it is better")


def back(yard: Yard, store: Store) -> None:
    """The champion's predecessor again, once: who comes back after a death looks first."""
    if yard.champions()[0] == yard.names["mine"]:
        rollback(yard.site(store), reason="it was worse")
