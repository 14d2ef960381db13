"""Does it matter where and in what order rows were written?"""

import random
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from retrain.production.window import Window

from .conftest import DAY, Log

NAMES = [f"{letter}.{kind}" for letter in "ab" for kind in ("jsonl", "jsonl.gz", "parquet")]
PLACES = st.tuples(st.sampled_from(NAMES), st.integers(-1, 1))

rows: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    number=st.integers(0, 60),
    hour=st.integers(0, 30),
    input=st.text(st.characters(codec="utf-8"), max_size=120),
    output=st.sampled_from(["refund", "card", "  "]),
    confidence=st.one_of(st.none(), st.floats(-0.2, 1.2)),
    scores=st.one_of(st.none(), st.fixed_dictionaries({"a": st.floats(0, 1), "b": st.floats(0, 1)})),
)
spread_rows = st.lists(st.tuples(rows, PLACES, PLACES), min_size=1, max_size=25)


def read(placed: list[tuple[dict[str, Any], tuple[str, int]]]) -> Window:
    with tempfile.TemporaryDirectory() as folder:
        log = Log(Path(folder))
        files: dict[tuple[str, int], list[dict[str, Any]]] = {}
        for row, place in placed:
            files.setdefault(place, []).append(full(log, row))
        for (name, day), content in files.items():
            log.write(name, content, day=DAY + timedelta(days=day))
        return log.read(max_input_chars=100)


def full(log: Log, row: dict[str, Any]) -> dict[str, Any]:
    moment = DAY + timedelta(hours=row["hour"], seconds=row["number"])
    plain = {name: row[name] for name in ("input", "output", "confidence", "scores")}
    return {**log.row(), "id": f"row-{row['number']}", "timestamp": moment.isoformat(), **plain}


def facts(window: Window) -> tuple[Any, ...]:
    return (window.rows.rows(), window.total, window.duplicates, window.truncated, window.quarantined)


@settings(max_examples=40, deadline=None)
@given(spread_rows, st.integers(0, 1 << 32))
def test_reading_does_not_depend_on_how_rows_are_spread_over_files_and_formats(
    spread: list[tuple[dict[str, Any], tuple[str, int], tuple[str, int]]], seed: int
) -> None:
    one = [(row, place) for row, place, _ in spread]
    other = [(row, place) for row, _, place in spread]
    random.Random(seed).shuffle(other)
    assert facts(read(one)) == facts(read(other))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(1, 3_000))
def test_the_sample_is_the_same_in_whatever_order_and_with_duplicates(seed: int, cut: int) -> None:
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        one, other = Log(Path(first)), Log(Path(second))
        ordered = [one.row(number) for number in range(3_000)]
        one.write("a.jsonl", ordered)
        shuffled = ordered + ordered[::7]
        random.Random(seed).shuffle(shuffled)
        other.write("a.jsonl", shuffled[:cut])
        other.write("b.parquet", shuffled[cut:])
        expected, found = one.read(sample_rows=1_000), other.read(sample_rows=1_000)
    assert found.rows.equals(expected.rows)
    assert (found.total, found.duplicates) == (3_000, len(ordered[::7]))


def test_the_sample_of_a_part_is_the_part_of_the_sample(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write("a.jsonl", [log.row(number) for number in range(6_000)])
    whole, half = log.read(sample_rows=1_000), log.read(hours=3_000 / 3_600, sample_rows=1_000)
    first_half = whole.rows.filter(pl.col("timestamp") < half.end)["id"]
    assert set(first_half) <= set(half.rows["id"])
