"""What does a drift check cost on a large log, from Parquet on disk to a verdict, here and with its peers?

    benchmarks/peers.sh                         # once: NannyML and whylogs, each in an environment of its own
    python -m benchmarks.drift_throughput [--rows 1000000] [--long-rows 10000000]

The question is the same for all: is this window drifted against a reference as large, judged by 7 properties and 32
embedding columns that stand in the log as numbers. The log is a production log: an id, a time, a short text, an answer
and a confidence a row besides. `retrain` does to it what `retrain check` does: one pass over all rows (each is checked,
counted and told from its duplicates), a sample of 20,000, and its score on the default 5,000 of them, in which the
columns are watched through `production.numbers` beside the signals of texts and answers, which the peers are spared.
The peers read the 39 columns alone and look at all rows, as they are used; Evidently on as many rows as `retrain` keeps
has a line of its own, so that what sampling saves can be told from the rest.

What depends on the reference alone is made once per champion, so it has its own lines: our profile, NannyML's `fit`,
whylogs' profile of it. Evidently keeps nothing. Seconds, and the processor's, begin after the imports and count reading
the files. Each line is a process of its own; its memory is its peak resident size, imports included. Where other
programs share the cores, the processor's seconds tell more. Planted: 3 of the 7 properties and 5 of the 32 embedding
columns moved by 0.3 standard deviations.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

ROOT = Path(__file__).parents[1]
PEERS = Path(__file__).with_name("drift_throughput_run.py")
START = datetime(2026, 3, 2, tzinfo=UTC)
REFERENCE_DAY, WINDOW_DAY = 0, 7
PROPERTIES = [f"property_{number}" for number in range(7)]
EMBEDDING = [f"embedding_{number:02d}" for number in range(32)]
MOVED = {*PROPERTIES[:3], *EMBEDDING[:5]}
SHIFT = 0.3
PIECE = 250_000
"""Rows made at a time, and rows of a file."""
WORDS = ("where", "is", "my", "card", "refund", "parcel", "late", "wrong", "please", "cancel", "the", "a", "to", "help")
LINES = {
    "retrain, profile of the reference": ("retrain-profile", "retrain"),
    "retrain": ("retrain", "retrain"),
    "Evidently, whole frame": ("evidently", "retrain"),
    "Evidently, 20,000 rows sampled": ("evidently-sample", "retrain"),
    "NannyML, fit on the reference": ("nannyml-fit", "nannyml"),
    "NannyML": ("nannyml", "nannyml"),
    "whylogs, profile of the reference": ("whylogs-profile", "whylogs"),
    "whylogs": ("whylogs", "whylogs"),
}
"""What the table calls it, what drift_throughput_run.py calls it, and whose interpreter runs it."""


def day(number: int) -> str:
    """The partition of a day."""
    return f"date={START + timedelta(days=number):%Y-%m-%d}"


def write_log(folder: Path, rows: int, columns: list[str], number: int) -> None:
    """One day of a production log in files of `PIECE` rows, never more than one of them in memory."""
    (folder / day(number)).mkdir(parents=True)
    draws = np.random.default_rng([number, len(columns)])
    words = pl.Series(WORDS)
    begin = int((START + timedelta(days=number)).timestamp()) * 1_000_000
    for first in range(0, rows, PIECE):
        size = min(PIECE, rows - first)
        moments = begin + np.arange(first, first + size) * 86_400_000_000 // rows
        text = [words.gather(draws.integers(len(WORDS), size=size)).alias(str(place)) for place in range(5)]
        shift = {name: SHIFT if number == WINDOW_DAY and name in MOVED else 0.0 for name in columns}
        frame = pl.DataFrame(
            {
                "id": pl.Series(draws.integers(10**17, size=size)).cast(pl.String),
                "timestamp": pl.Series(moments).cast(pl.Datetime("us", "UTC")),
                "input": pl.select(pl.concat_str(text, separator=" ")).to_series(),
                "output": words.gather(draws.integers(4, size=size)),
                "model_version": ["v1"] * size,
                "confidence": draws.random(size),
                **{name: draws.standard_normal(size) + shift[name] for name in columns},
            }
        )
        frame.write_parquet(folder / day(number) / f"{first:09d}.parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one process used."""

    seconds: float
    processor: float
    megabytes: int
    found: str


def measured(what: str, interpreter: Path, folder: Path, columns: list[str]) -> Cost | str:
    """Run one line in a process of its own; the reason where it did not end well."""
    if not interpreter.is_file():
        return "not installed: benchmarks/peers.sh makes its environment"
    words = [str(interpreter), str(PEERS), what, str(folder), day(REFERENCE_DAY), day(WINDOW_DAY), *columns]
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(words, stdout=said, stderr=complaints, cwd=ROOT, env=_environment())
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        complaints.seek(0)
        if process.returncode:
            return (complaints.read().strip().splitlines() or [f"ended with {process.returncode}"])[-1]
        answer = json.loads(said.read().splitlines()[-1])
    return Cost(
        seconds=answer["spent"][0],
        processor=answer["spent"][1],
        megabytes=used.ru_maxrss // 1024,
        found=_found(answer["drifted"]),
    )


def _environment() -> dict[str, str]:
    quiet = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1", "WHYLOGS_NO_ANALYTICS": "True"}
    return {**os.environ, **quiet, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}


def _found(drifted: list[str] | None) -> str:
    if drifted is None:
        return ""
    right = MOVED & set(drifted)
    return f"{len(right)} moved, {len(set(drifted) - MOVED)} others"


def table(folder: Path, columns: list[str], names: list[str]) -> dict[str, Cost | str]:
    """Print a line each as soon as it is known."""
    print("| | seconds | processor seconds | peak MB | columns called drifted |\n| --- | --- | --- | --- | --- |")
    costs: dict[str, Cost | str] = {}
    for name in names:
        what, owner = LINES[name]
        interpreter = Path(sys.executable) if owner == "retrain" else ROOT / ".peers" / owner / "bin" / "python"
        cost = measured(what, interpreter, folder, columns)
        told = (
            cost
            if isinstance(cost, str)
            else (f"{cost.seconds:.1f} | {cost.processor:.1f} | {cost.megabytes:,} | {cost.found}")
        )
        print(f"| {name} | {told} |", flush=True)
        costs[name] = cost
    return costs


def compare(rows: int, reference_rows: int, names: list[str]) -> None:
    """The log of properties and embedding columns, everybody."""
    columns = [*PROPERTIES, *EMBEDDING]
    with tempfile.TemporaryDirectory() as place:
        write_log(Path(place), reference_rows, columns, REFERENCE_DAY)
        write_log(Path(place), rows, columns, WINDOW_DAY)
        size = sum(file.stat().st_size for file in Path(place).rglob("*.parquet")) / 1e6
        print(f"{rows:,} rows by 7 + 32 columns, reference of {reference_rows:,} rows; {size:,.0f} MB of Parquet\n")
        costs = table(Path(place), columns, names)
    ours, theirs = costs.get("retrain"), costs.get("Evidently, whole frame")
    if isinstance(ours, Cost) and isinstance(theirs, Cost):
        seconds, processor = theirs.seconds / ours.seconds, theirs.processor / ours.processor
        print(f"\nEvidently on the whole frame takes {seconds:.0f} times the seconds, {processor:.0f} times the work.")


def long_log(rows: int, reference_rows: int) -> None:
    """The longer log of properties, ours alone."""
    with tempfile.TemporaryDirectory() as place:
        write_log(Path(place), reference_rows, PROPERTIES, REFERENCE_DAY)
        write_log(Path(place), rows, PROPERTIES, WINDOW_DAY)
        print(f"\n{rows:,} rows by 7 columns\n")
        table(Path(place), PROPERTIES, ["retrain, profile of the reference", "retrain"])


def main() -> None:
    """Print the tables."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rows", type=int, default=1_000_000)
    words.add_argument("--long-rows", type=int, default=10_000_000)
    words.add_argument("--reference-rows", type=int, default=1_000_000)
    words.add_argument("--only", nargs="*", choices=list(LINES), default=list(LINES), help="lines of the first table")
    given = words.parse_args()
    if given.rows:
        compare(given.rows, given.reference_rows, given.only)
    if given.long_rows:
        long_log(given.long_rows, given.reference_rows)


if __name__ == "__main__":
    main()
