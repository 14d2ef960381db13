"""What does the promotion of a large version cost, over the bare copy of its bytes?

    python -m benchmarks.promotion_copy [--megabytes 500] [--store s3://BUCKET/PREFIX] [--repeats 5]

The bare copy is the version's one large file, copied into the store's folder and synced (on a server: put as it is).
Beside it: `promote`, which verifies every stored byte and appends the entry; `put`, which names a new version by its
digest and stores it; `fetch`, which gives a server its verified copy. Each is measured in turn, and the median of the
ratios is shown, since the disk's own speed comes and goes.
"""

import argparse
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from retrain.pipeline.rollback import promote
from retrain.pipeline.site import Site
from retrain.settings import Settings
from retrain.spec import ModelSpec
from retrain.store.ledger import Ledger
from retrain.store.open import open_store
from retrain.training.version import Cost, Lineage, ModelVersion
from retrain.values import CHUNK_BYTES

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MEGABYTE = 1_000_000


def site_at(address: str, root: Path) -> Site:
    """A model without log or examples: nothing of it is asked here."""
    spec = ModelSpec.model_validate(
        {
            "model": "large",
            "base": "../base",
            "production": {"log": "../log"},
            "dataset": {"examples": "../examples.csv"},
        }
    )
    settings = Settings(store=address, models=root / "models", work=root / "work", cache=root / "cache")
    store = open_store(address)
    ledger = Ledger(store, "large", lambda: NOW)
    return Site(
        model=spec.model,
        spec=spec,
        settings=settings,
        store=store,
        ledger=ledger,
        clock=lambda: NOW,
        actor="a benchmark",
    )


def about(number: int) -> dict[str, object]:
    """What is said of one version, so that the same bytes are another version each time."""
    lineage = Lineage(
        model="large",
        snapshot="s" * 64,
        base="../base",
        base_digest="b" * 64,
        kind="lora",
        seed=number,
        trained_at=NOW,
        packages={},
    )
    made = ModelVersion(
        lineage=lineage,
        labels=("a", "b"),
        max_tokens=64,
        temperature=1.0,
        validation_accuracy={"lora": 0.9},
        train_accuracy=0.9,
        trials=(),
        cost=Cost(wall_seconds={}, cpu_seconds=0.0, gpu_seconds=0.0),
    )
    return made.model_dump(mode="json")


def bare_copy(source: Path, site: Site, number: int) -> None:
    """The bytes, and no more."""
    if "://" in site.store.address:
        site.store.create_from(f"bare/{number}", source)
        return
    target = Path(site.store.address) / f"bare-{number}"
    target.parent.mkdir(exist_ok=True)
    with source.open("rb") as origin, target.open("xb") as copy:
        shutil.copyfileobj(origin, copy, CHUNK_BYTES)
        copy.flush()
        os.fsync(copy.fileno())
    target.unlink()


def seconds(work: Callable[[], object]) -> float:
    """How long it takes once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def once(source: Path, site: Site, number: int) -> dict[str, float]:
    """One turn of all of them."""
    spent = {"bare copy": seconds(lambda: bare_copy(source, site, number))}
    names: list[str] = []
    spent["put"] = seconds(
        lambda: names.append(site.versions.put({"model.safetensors": source, "card.md": b"# card"}, about(number)))
    )
    spent["promote"] = seconds(lambda: promote(site, names[0], reason="measured"))
    spent["fetch"] = seconds(lambda: site.versions.fetch(names[0], site.settings.cache / "versions"))
    shutil.rmtree(site.settings.cache)
    return spent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--store", help="a store to promote in; a new folder by default")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        source = root / "model.safetensors"
        noise = random.Random(1)
        with source.open("wb") as stream:
            for _ in range(given.megabytes):
                stream.write(noise.randbytes(MEGABYTE))
        site = site_at(given.store or str(root / "store"), root)
        turns = [once(source, site, number) for number in range(given.repeats)]
    print(f"{given.megabytes} MB, {given.repeats} turns")
    print(f"{'what':<12}{'seconds':>9}{'over the bare copy':>20}")
    for name in turns[0]:
        ratio = statistics.median(turn[name] / turn["bare copy"] for turn in turns)
        print(f"{name:<12}{statistics.median(turn[name] for turn in turns):>9.2f}{ratio:>20.2f}")


if __name__ == "__main__":
    main()
