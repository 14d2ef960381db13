"""Does reading Parquet by column find the very window that reading row by row finds?"""

import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrain.production.distinct import Distinct
from retrain.production.places import places
from retrain.production.reader import count_rows, find_rows, first_timestamp
from retrain.production.window import Window

from .conftest import DAY, NOW, Log

Kind = tuple[st.SearchStrategy[Any], st.SearchStrategy[Any], pl.DataType]
"""Sound values, odd values, and the type of a column."""


def moments(*seconds: int) -> st.SearchStrategy[datetime]:
    return st.sampled_from(seconds).map(lambda one: DAY + timedelta(seconds=one))


NONE = st.none()
SOON, ODD = moments(0, 5, 3_599, 3_600, 86_399), NONE | moments(-90_000, -1, 86_400, 200_000)
CHANCE, NO_CHANCE = NONE | st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([1.0000001, 1.1, -0.1, float("nan")])
TEXT, NO_TEXT = st.sampled_from(["refund", "é", "w" * 100]), st.sampled_from(["", " \n", "\x1c\u2003", "w" * 150])
PAIRS = pl.List(pl.Struct({"key": pl.String(), "value": pl.Float64()}))


def labelled(chance: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"a": chance, "b": CHANCE})


def paired(chance: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return labelled(chance).map(lambda pairs: [{"key": key, "value": value} for key, value in pairs.items()])


def iso(one: datetime | None) -> str | None:
    return None if one is None else one.isoformat()


TWICE = st.just([{"key": "a", "value": 0.5}, {"key": "a", "value": 0.0}])
COLUMNS: dict[str, list[Kind]] = {
    "timestamp": [
        (SOON, ODD, pl.Datetime("us", "UTC")),
        (SOON, ODD, pl.Datetime("ms", "Europe/Berlin")),
        (SOON.map(iso), ODD.map(iso) | st.sampled_from(["soon", " ", "1999-01-01"]), pl.String()),
        (SOON.map(lambda one: int(one.timestamp())), NONE | st.just(0), pl.Int64()),
    ],
    "id": [
        (st.sampled_from(["a", "b", "c", "naïve"]), NONE | st.sampled_from([" ", "x" * 201]), pl.String()),
        (st.sampled_from([1, 2, -5]), NONE | st.sampled_from([10**18, -(10**18)]), pl.Int64()),
        (st.just(1.0), NONE | st.just(2.5), pl.Float64()),
    ],
    "scores": [
        (
            labelled(st.just(0.5)),
            NONE | labelled(CHANCE | NO_CHANCE),
            pl.Struct({"a": pl.Float64(), "b": pl.Float64()}),
        ),
        (paired(st.just(0.5)), NONE | TWICE | paired(CHANCE | NO_CHANCE), PAIRS),
        (st.just('{"a": 0.5}'), NONE | st.sampled_from(["{}", "none", " ", '{"a": 0}']), pl.String()),
    ],
    "model_version": [(TEXT, NONE | NO_TEXT, pl.String()), (st.just(3), NONE, pl.Int32())],
    "input": [(TEXT, NONE | NO_TEXT | st.just(" " * 100 + "x"), pl.String())],
    "output": [(TEXT, NONE | NO_TEXT, pl.String()), (TEXT, NONE | NO_TEXT, pl.Categorical())],
    "confidence": [(CHANCE, NO_CHANCE, pl.Float64()), (st.sampled_from([0, 1]), st.sampled_from([-1, 2]), pl.Int8())],
    "group_channel": [(st.just("app"), NONE, pl.String())],
    "tokens": [(st.just(1.0), NONE | st.just(float("inf")), pl.Float64())],
}


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    """A file's worth of rows, each column of one of the types that logs have, with odd values in one of them."""
    height = draw(st.integers(1, 8))
    odd_one = draw(st.sampled_from(sorted(COLUMNS)))
    left_out = draw(st.sampled_from(["", "", "", "id", "scores", "confidence", "tokens"]))
    series = []
    for name, kinds in COLUMNS.items():
        sound, odd, kind = draw(st.sampled_from(kinds))
        values = sound | odd if name == odd_one else sound
        found = draw(st.lists(values, min_size=height, max_size=height))
        series += [] if name == left_out else [pl.Series(name, found, dtype=kind, strict=False)]
    return pl.DataFrame(series)


def as_lines(table: pl.DataFrame) -> bytes:
    """The same rows as JSON Lines, which are read one by one."""
    rows = [json.dumps(row, default=datetime.isoformat) + "\n" for row in table.iter_rows(named=True)]
    return "".join(rows).encode()


def facts(window: Window) -> tuple[Any, ...]:
    broken = [(row.file.partition(".")[0], row.line, row.reason) for row in window.broken]
    counts = (window.total, window.estimated, window.duplicates, window.truncated, window.quarantined)
    return (window.rows.rows(), *counts, broken, window.broken_at)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(tables(), st.integers(-2, 1)), min_size=1, max_size=3), st.integers(1, 4))
def test_columns_and_rows_give_the_same_window(spread: list[tuple[pl.DataFrame, int]], step: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("retrain.production.slices.SLICE_ROWS", step)
        columns, lines = Log(Path(folder) / "columns"), Log(Path(folder) / "lines")
        for number, (table, days) in enumerate(spread):
            path = columns.write_bytes(f"{number}.parquet", b"", DAY + timedelta(days=days))
            table.write_parquet(path)
            lines.write_bytes(f"{number}.jsonl", as_lines(table), DAY + timedelta(days=days))
        policy: dict[str, Any] = {"max_input_chars": 100, "groups": ("channel",), "numbers": ("tokens",)}
        both = [(log.read(**policy), log.read(hours=1, **policy)) for log in (columns, lines)]
        policies = [log.policy(**policy) for log in (columns, lines)]
        first = [first_timestamp(log.folder, one) for log, one in zip((columns, lines), policies, strict=True)]
    assert [facts(window) for window in both[0]] == [facts(window) for window in both[1]]
    assert first[0] == first[1]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("confidence", [0.5, 1.0000001, 1.1, -0.1, float("nan"), None]),
        ("scores", [{"a": 0.5, "b": one} for one in (0.5, 1.0000001, 1.1, -0.1, float("nan"), None)]),
        ("scores", [{"a": 0.0, "b": one} for one in (0.5, 0.0, None)]),
        ("scores", [[{"key": "a", "value": one}] for one in (0.5, 0.0, 1.1, None)]),
        ("tokens", [1, None, 2**53 + 1]),
        ("tokens", [1.5, float("inf"), float("nan"), None]),
        ("tokens", ["3", "many", None]),
        ("tokens", [True, False, None]),
        ("id", ["a", "", " ", "x" * 200, "x" * 201, None]),
        ("id", [1, 10**18 - 1, 10**18, -(10**18), None]),
    ],
)
def test_each_odd_value_means_the_same_in_columns_and_in_rows(log: Log, column: str, values: list[Any]) -> None:
    table = pl.DataFrame([{**log.row(number), column: value} for number, value in enumerate(values)])
    table.write_parquet(log.write_bytes("a.parquet", b""))
    columns = facts(log.read(numbers=("tokens",)))
    (log.folder / f"date={DAY.date()}" / "a.parquet").unlink()
    log.write_bytes("a.jsonl", as_lines(table))
    assert facts(log.read(numbers=("tokens",))) == columns


def test_a_character_is_blank_in_columns_if_it_is_blank_in_rows(log: Log) -> None:
    blank = [chr(code) for code in range(0x110000) if chr(code).isspace()]
    log.write("a.parquet", [log.row(number, input=one) for number, one in enumerate(blank)])
    log.write("b.parquet", [log.row(number, input=one + "x") for number, one in enumerate(blank)])
    window = log.read()
    assert (window.total, window.quarantined) == (len(blank), {"input is missing or blank": len(blank)})


def test_a_broken_row_at_the_head_of_a_slice_counts_for_the_window_of_the_row_before(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrain.production.slices.SLICE_ROWS", 2)
    moments = [DAY + timedelta(seconds=10), DAY + timedelta(seconds=4_000), None, DAY + timedelta(seconds=8_000)]
    path = log.write("a.parquet", [log.row(number) for number in range(4)])
    pl.read_parquet(path).with_columns(timestamp=pl.Series(moments)).write_parquet(path)
    hours = [log.read(start=DAY + timedelta(hours=hour), hours=1).quarantined for hour in range(3)]
    assert hours == [{}, {"timestamp is missing or blank": 1}, {}]


def test_rows_found_by_id_are_never_a_sample(log: Log) -> None:
    for name in ("a.parquet", "b.jsonl"):
        log.write(name, [log.row(number) for number in range(500)])
    wanted = {f"row-{number}" for number in range(0, 500, 7)} | {"elsewhere"}
    found = find_rows(log.folder, log.policy(), wanted, span=(DAY, NOW), now=NOW)
    assert set(found["id"]) == wanted - {"elsewhere"}


def test_a_number_of_the_log_is_kept_and_what_is_none_is_unknown(log: Log) -> None:
    values = [1, 2.5, None, "three", True, float("inf"), 10**400]
    log.write("a.jsonl", [log.row(place, tokens=value) for place, value in enumerate(values)])
    window = log.read(numbers=("tokens",))
    assert window.rows["number_tokens"].to_list() == [1.0, 2.5, None, None, None, None, None]
    assert window.quarantined == {}


def test_the_place_of_an_id_is_the_same_on_every_machine_and_beside_any_other() -> None:
    ids = ["a", "row-1", "row-2", "naïve", "12345678", "x" * 200, "a\0", ""]
    alone = [int(places(pl.Series([one]))[0]) for one in ids]
    assert places(pl.Series(ids)).tolist() == alone
    assert len(set(alone)) == len(ids)
    assert alone[:3] == [514486581926615127, 9208217345882436137, 1397294396328115944]


def test_places_are_spread_evenly() -> None:
    found = places(pl.Series([f"row-{number}" for number in range(100_000)]))
    counts = np.bincount((found >> np.uint64(56)).astype(np.int64), minlength=256)
    # Pearson's statistic with 255 degrees of freedom: 255, give or take 23.
    assert 180 < float(((counts - counts.mean()) ** 2 / counts.mean()).sum()) < 340
    assert len(np.unique(found)) == 100_000


@given(times=st.lists(st.integers(1, 4), min_size=1, max_size=300), parts=st.integers(1, 7), exact=st.integers(50, 400))
def test_distinct_ids_are_counted_exactly_up_to_the_limit_and_always_when_none_comes_twice(
    times: list[int], parts: int, exact: int
) -> None:
    places = np.random.default_rng(7).integers(0, 1 << 63, len(times), dtype=np.uint64) * np.uint64(2)
    for rows in (np.repeat(places, times), places):
        counted = Distinct(exact)
        for part in np.array_split(np.random.default_rng(8).permutation(rows), parts):
            counted.add(part)
        total = counted.total()
        assert counted.estimated == (len(times) > exact)
        assert counted.seen == len(rows)
        if not counted.estimated or len(rows) == len(times):
            assert total == len(times)


def test_above_the_limit_the_estimate_is_as_close_as_it_says() -> None:
    draws = np.random.default_rng(3)
    errors = []
    for _ in range(60):
        places = draws.integers(0, (1 << 64) - 1, 20_000, dtype=np.uint64)
        counted = Distinct(1_000)
        counted.add(np.repeat(places, 1 + draws.poisson(1.0, len(places))))
        errors.append(counted.total() / len(places) - 1)
    # Rows an id: mean 2, deviation 1; so half of the root of 1,000 in 1.
    promised = 0.5 / np.sqrt(1_000)
    assert abs(np.mean(errors)) < promised / 2
    assert 0.6 * promised < np.std(errors) < 1.3 * promised


def test_memory_for_counting_is_bounded() -> None:
    counted = Distinct(1_000)
    draws = np.random.default_rng(5)
    for _ in range(50):
        counted.add(draws.integers(0, (1 << 64) - 1, 1_000, dtype=np.uint64))
    assert counted.held <= 3_000
    assert counted.total() == 50_000


def test_a_window_of_more_ids_than_are_counted_exactly_says_so(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrain.production.distinct.EXACT", 1_000)
    for name in ("a.parquet", "b.jsonl"):
        log.write(name, [log.row(number, confidence=0.5) for number in range(3_000)])
    window = log.read()
    assert (window.total, window.duplicates, window.estimated) == (3_000, 3_000, True)
    assert count_rows(log.folder, log.policy(), start=DAY, end=NOW, now=NOW) == 3_000
    assert not log.read(hours=0.25).estimated


def test_dates_beyond_the_calendar_of_python_break_their_row_alone(log: Log) -> None:
    path = log.write("a.parquet", [log.row(number) for number in range(3)])
    far = pl.Series("timestamp", [1_773_144_000_000_000, 1 << 62, -(1 << 62)]).cast(pl.Datetime("us", "UTC"))
    pl.read_parquet(path).with_columns(far).write_parquet(path)
    window = log.read()
    assert window.quarantined == {"timestamp in the future": 1, "timestamp is unreadable": 1}
    assert window.rows["timestamp"].to_list() == [datetime(2026, 3, 10, 12, tzinfo=UTC)]
