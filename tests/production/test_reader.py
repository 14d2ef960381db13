"""Is a window what the log says, and nothing else?"""

import json
import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from retrain.errors import LogError
from retrain.production.policy import Columns, ProductionPolicy
from retrain.production.reader import count_rows, first_timestamp, read_window
from retrain.production.rows import KEPT_SCORES
from retrain.production.window import SCORES

from .conftest import DAY, NOW, Log


def test_an_empty_log_gives_an_empty_window_with_all_columns(log: Log) -> None:
    window = log.read(groups=("channel",))
    assert (window.total, window.duplicates, window.quarantined) == (0, 0, {})
    assert window.rows.schema == {
        "id": pl.String,
        "timestamp": pl.Datetime("us", "UTC"),
        "input": pl.String,
        "output": pl.String,
        "model_version": pl.String,
        "confidence": pl.Float64,
        "entropy": pl.Float64,
        "scores": SCORES,
        "group_channel": pl.String,
    }
    assert not window.sampled


def test_empty_files_are_no_rows_and_no_fault(log: Log) -> None:
    log.write_bytes("a.jsonl", b"")
    log.write_bytes("b.jsonl.gz", b"")
    log.write("c.parquet", [])
    assert log.read().total == 0


def test_a_log_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"no such folder.*production\.log"):
        read_window(tmp_path / "nowhere", ProductionPolicy(log="x"), start=DAY, end=NOW, now=NOW)


def test_files_outside_partitions_are_refused_not_overlooked(log: Log) -> None:
    (log.folder / "today.jsonl").write_text(json.dumps(log.row()))
    with pytest.raises(LogError, match=r"'today\.jsonl' directly in the folder.*date=YYYY-MM-DD"):
        log.read()


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.parquet"])
def test_rows_come_ordered_by_time_with_their_values(log: Log, name: str) -> None:
    log.write(name, [log.row(2, group_channel="app"), log.row(1, confidence=0.5, group_channel="web")])
    rows = log.read(groups=("channel",)).rows
    assert rows["id"].to_list() == ["row-1", "row-2"]
    assert rows["timestamp"].to_list() == [DAY + timedelta(seconds=1), DAY + timedelta(seconds=2)]
    assert rows["confidence"].to_list() == [0.5, 0.75]
    assert rows["group_channel"].to_list() == ["web", "app"]


def test_the_start_belongs_to_a_window_and_the_end_does_not(log: Log) -> None:
    log.write("a.jsonl", [log.row(0), log.row(3599), log.row(3600)])
    assert log.read(hours=1).rows["id"].to_list() == ["row-0", "row-3599"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
@pytest.mark.parametrize(("days", "found"), [(-2, 0), (-1, 1), (0, 1), (1, 1), (2, 0)])
def test_a_row_filed_a_day_off_counts_for_its_own_day(log: Log, name: str, days: int, found: int) -> None:
    log.write(name, [log.row(7)], day=DAY + timedelta(days=days))
    assert log.read().total == found


def test_other_programs_scratch_files_are_not_read(log: Log) -> None:
    for name in ("_temporary.jsonl", ".a.jsonl", "a.jsonl.tmp", "_SUCCESS"):
        log.write_bytes(name, b"nonsense\n")
    assert log.read().quarantined == {}


def test_a_retried_write_counts_once_across_files_and_formats(log: Log) -> None:
    for name in ("a.jsonl", "b.jsonl.gz", "c.parquet"):
        log.write(name, [log.row(1), log.row(2)])
    window = log.read()
    assert (window.total, window.duplicates, window.rows.height) == (2, 4, 2)


def test_of_two_rows_with_one_id_the_earlier_is_kept(log: Log) -> None:
    log.write("a.jsonl", [log.row(5, id="same"), log.row(1, id="same", output="earlier")])
    assert log.read().rows["output"].to_list() == ["earlier"]


def test_rows_without_an_id_get_the_same_one_at_every_reading(log: Log) -> None:
    twins = [log.row(1, id=None), log.row(1, id=None), log.row(1, id=" ")]
    log.write("a.jsonl", twins)
    first, second = log.read(), log.read()
    assert first.total == 3
    assert first.rows["id"].to_list() == second.rows["id"].to_list()


def test_a_number_and_its_text_are_one_id(log: Log) -> None:
    log.write("a.jsonl", [log.row(1, id=17), log.row(1, id="17"), log.row(1, id=17.0)])
    assert log.read().rows["id"].to_list() == ["17"]


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-10T12:00:00+00:00",
        "2026-03-10T14:00:00+02:00",
        "2026-03-10T12:00:00Z",
        "2026-03-10 12:00:00",
        1773144000,
        1773144000.0,
        1773144000000,
        1773144000000000,
        "1773144000",
    ],
)
def test_a_timestamp_may_be_iso_or_epoch(log: Log, written: object) -> None:
    log.write("a.jsonl", [log.row(timestamp=written)])
    assert log.read().rows["timestamp"].to_list() == [datetime(2026, 3, 10, 12, tzinfo=UTC)]


@pytest.mark.parametrize("kind", [pl.Datetime("ms"), pl.Datetime("ns", "Europe/Berlin"), pl.Datetime("us", "UTC")])
def test_a_parquet_timestamp_of_any_unit_and_zone_is_the_same_instant(log: Log, kind: pl.DataType) -> None:
    noon = pl.Series("timestamp", [datetime(2026, 3, 10, 12, tzinfo=UTC)]).cast(kind)
    path = log.write("a.parquet", [log.row()])
    pl.read_parquet(path).with_columns(noon).write_parquet(path)
    assert log.read().rows["timestamp"].to_list() == [datetime(2026, 3, 10, 12, tzinfo=UTC)]


def test_a_parquet_date_is_its_first_instant(log: Log) -> None:
    log.write("a.parquet", [log.row(timestamp=date(2026, 3, 10))])
    assert log.read().rows["timestamp"].to_list() == [DAY]


@pytest.mark.parametrize(
    ("scores", "nats"),
    [
        ({"a": 0.5, "b": 0.5}, math.log(2)),
        ([{"key": "a", "value": 0.5}, {"key": "b", "value": 0.5}], math.log(2)),
        ('{"a": 0.25, "b": 0.25, "c": 0.5}', 1.5 * math.log(2)),
        ({"a": 0.4, "b": 0.4}, math.log(2)),
        ({"a": 1.0, "b": 0.0}, 0.0),
        ({"a": None}, None),
    ],
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_entropy_is_computed_from_scores_in_nats(log: Log, name: str, scores: Any, nats: float | None) -> None:
    log.write(name, [log.row(scores=scores)])
    found = log.read().rows["entropy"].item()
    assert found is None if nats is None else found == pytest.approx(nats, abs=1e-12)


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_the_likeliest_labels_are_kept_whatever_the_order_they_are_logged_in(log: Log, name: str) -> None:
    scores = {f"label {place:02}": place / 210 for place in range(21)}
    log.write(name, [log.row(id="1", scores=scores), log.row(id="2", scores=dict(reversed(scores.items())))])
    first, second = log.read().rows["scores"].to_list()
    assert first == second
    assert [one["label"] for one in first] == [f"label {place:02}" for place in range(20, 20 - KEPT_SCORES, -1)]
    assert first[0]["probability"] == pytest.approx(20 / 210)


def test_a_row_without_scores_has_none(log: Log) -> None:
    log.write("a.jsonl", [log.row(scores=None)])
    assert log.read().rows["scores"].to_list() == [None]


def test_about_when_rows_were_broken_is_remembered_for_a_few_thousand(log: Log) -> None:
    rows = [log.row(timestamp=(DAY + timedelta(seconds=second)).isoformat()) for second in range(6_000)]
    log.write("a.jsonl", [{**row, "confidence": 7} if second >= 1_000 else row for second, row in enumerate(rows)])
    at = log.read().broken_at
    begin = DAY.timestamp() * 1e6
    assert 1_000 < len(at) <= 2_000
    assert begin + 1_000e6 <= at[0] <= begin + 1_010e6
    assert begin + 5_990e6 <= at[-1] < begin + 6_000e6


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_a_policy_maps_the_columns_of_a_log(log: Log, name: str) -> None:
    log.write(name, [{"ts": DAY.isoformat(), "prompt": "hi", "intent": "hello", "model": 3, "p": 0.5, "uid": "u1"}])
    columns = Columns(timestamp="ts", input="prompt", output="intent", model_version="model", confidence="p", id="uid")
    row = log.read(columns=columns).rows.row(0, named=True)
    assert (row["id"], row["input"], row["output"], row["model_version"], row["confidence"]) == (
        "u1",
        "hi",
        "hello",
        "3",
        0.5,
    )


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_a_column_that_no_row_has_names_the_next_step(log: Log, name: str) -> None:
    log.write(name, [log.row(number, output=None, answer="x") for number in range(3)])
    with pytest.raises(LogError) as caught:
        log.read()
    for part in (name, "'output'", "'answer'", "production.columns"):
        assert part in str(caught.value)


def test_one_file_without_a_column_is_quarantined_if_others_have_it(log: Log) -> None:
    log.write("a.jsonl", [log.row(1, output=None)])
    log.write("b.jsonl", [log.row(2)])
    window = log.read()
    assert (window.total, window.quarantined) == (1, {"output is missing or blank": 1})


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_a_long_input_is_cut_and_counted(log: Log, name: str) -> None:
    log.write(name, [log.row(1, input="x" * 101), log.row(2, input="x" * 100)])
    window = log.read(max_input_chars=100)
    assert window.truncated == 1
    assert window.rows["input"].str.len_chars().to_list() == [100, 100]


def test_rows_that_came_late_are_seen_by_counting_again(log: Log) -> None:
    log.write("a.jsonl", [log.row(number) for number in range(5)])
    before = log.read(hours=1)
    log.write("late.jsonl", [log.row(4), log.row(5)], day=DAY + timedelta(days=1))
    policy = ProductionPolicy(log="x")
    after = count_rows(log.folder, policy, start=before.start, end=before.end, now=NOW)
    assert (before.total, after) == (5, 6)


def test_the_first_timestamp_may_stand_in_the_second_partition(log: Log) -> None:
    log.write("a.jsonl", [log.row(60, timestamp="1999-01-01"), log.row(50)])
    log.write("a.parquet", [log.row(40)], day=DAY + timedelta(days=1))
    log.write("a.jsonl", [log.row(10)], day=DAY + timedelta(days=2))
    assert first_timestamp(log.folder, ProductionPolicy(log="x")) == DAY + timedelta(seconds=40)


def test_a_log_without_a_plausible_row_has_no_first_timestamp(log: Log) -> None:
    assert first_timestamp(log.folder, ProductionPolicy(log="x")) is None
    log.write("a.jsonl", [log.row(timestamp="2031-01-01")])
    assert first_timestamp(log.folder, ProductionPolicy(log="x")) is None


def test_a_sample_is_even_over_the_window_and_knows_the_whole(log: Log) -> None:
    log.write("a.jsonl", [log.row(number) for number in range(4_000)])
    window = log.read(sample_rows=1_000)
    assert (window.total, window.rows.height, window.sampled) == (4_000, 1_000, True)
    early = window.rows.filter(pl.col("timestamp") < DAY + timedelta(seconds=2_000)).height
    assert 420 < early < 580
