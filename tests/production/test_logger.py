"""Does logging keep what was logged, and never bother the caller?"""

import json
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrain.production.log_files import LogFiles
from retrain.production.logger import PredictionLogger
from retrain.production.prediction import Line

from .conftest import DAY, NOW, Log

NEVER = 300.0


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.moment = DAY

    def __call__(self) -> datetime:
        return self.moment


@contextmanager
def logging_to(folder: Path, **tuning: Any) -> Iterator[PredictionLogger]:
    settings = {"model_version": "v1", "flush_seconds": NEVER, "clock": lambda: DAY, **tuning}
    with PredictionLogger(folder, **settings) as logger:
        yield logger


def lines(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob("date=*/*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def test_what_is_logged_is_what_a_window_holds(log: Log) -> None:
    with logging_to(log.folder) as logger:
        key = logger.log(
            input="where is my card",
            output="card",
            confidence=0.75,
            scores={"card": 0.75, "refund": 0.25},
            latency_ms=12.5,
            input_tokens=5,
            groups={"channel": "app"},
            source="web",
        )
        assert logger.flush()
        window = log.read(groups=("channel",))
        assert logger.stats.written == 1
    row = window.rows.row(0, named=True)
    assert (row["id"], row["timestamp"], row["model_version"]) == (key, DAY, "v1")
    assert (row["input"], row["output"], row["confidence"], row["group_channel"]) == (
        "where is my card",
        "card",
        0.75,
        "app",
    )
    assert row["entropy"] == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
    assert lines(log.folder)[0].items() >= {"latency_ms": 12.5, "input_tokens": 5, "source": "web"}.items()


def test_ids_are_new_unless_given(log: Log) -> None:
    with logging_to(log.folder) as logger:
        keys = [logger.log(input="a", output="b", id=given) for given in (None, "mine", "", "x" * 201)]
        numbered = logger.log(**cast("Any", {"input": "a", "output": "b", "id": 17}))
    assert (keys[1], numbered) == ("mine", "17")
    assert len({*keys, numbered}) == 5
    assert {row["id"] for row in lines(log.folder)} == {*keys, numbered}


def test_a_row_is_filed_under_its_own_day_in_utc(log: Log) -> None:
    late = datetime(2026, 3, 11, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    with logging_to(log.folder) as logger:
        logger.log(input="a", output="b", timestamp=late)
        logger.log(input="a", output="b", timestamp=datetime(2026, 2, 1))  # noqa: DTZ001 - naive on purpose
    assert sorted(path.name for path in log.folder.iterdir()) == ["date=2026-02-01", "date=2026-03-10"]
    assert log.read().rows["timestamp"].to_list() == [late.astimezone(UTC)]


def test_a_new_day_begins_a_new_file(log: Log) -> None:
    clock = Clock()
    with logging_to(log.folder, clock=clock) as logger:
        logger.log(input="a", output="b")
        clock.moment = NOW
        logger.log(input="a", output="b")
    assert [path.parent.name for path in sorted(log.folder.glob("*/*"))] == ["date=2026-03-10", "date=2026-03-12"]


BAD: list[tuple[str, Any]] = [
    ("confidence", math.nan),
    ("confidence", math.inf),
    ("confidence", 1.5),
    ("confidence", "high"),
    ("confidence", object()),
    ("scores", {"a": math.nan}),
    ("scores", [0.5]),
    ("latency_ms", math.nan),
    ("input", 5),
    ("input", b"bytes"),
    ("output", None),
    ("timestamp", "now"),
    ("groups", "app"),
    ("groups", {"channel": object()}),
    ("misspelt", 1),
]


@pytest.mark.parametrize(("field", "value"), BAD)
def test_a_bad_value_is_null_and_counted_and_costs_nothing_else(log: Log, field: str, value: Any) -> None:
    with logging_to(log.folder) as logger:
        logger.log(**cast("Any", {"input": "a", "output": "b", field: value}))
        assert logger.flush()
        assert (logger.stats.written, logger.stats.bad_values) == (1, 1)
    (row,) = lines(log.folder)
    assert row.get(field) is None or field == "timestamp"


def test_a_nan_confidence_does_not_lose_the_row(log: Log) -> None:
    with logging_to(log.folder) as logger:
        logger.log(input="a", output="b", confidence=math.nan)
    window = log.read()
    assert (window.rows["confidence"].to_list(), window.quarantined) == ([None], {})


def test_numbers_of_numpy_are_numbers(log: Log) -> None:
    with logging_to(log.folder) as logger:
        row = {"input": "a", "output": "b", "confidence": np.float32(1.0000001), "input_tokens": np.int64(7)}
        logger.log(**cast("Any", {**row, "scores": {"a": np.float32(0.5)}}))
        assert logger.flush()
        assert logger.stats.bad_values == 0
    assert lines(log.folder)[0].items() >= {"confidence": 1.0, "input_tokens": 7, "scores": {"a": 0.5}}.items()


def test_scores_may_change_after_the_call(log: Log) -> None:
    with logging_to(log.folder) as logger:
        scores = {"a": 1.0}
        logger.log(input="a", output="b", scores=scores)
        scores.clear()
    assert lines(log.folder)[0]["scores"] == {"a": 1.0}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ("input", "output", "id", "timestamp", "confidence", "scores", "latency_ms", "groups", "source", "other")


@settings(deadline=None)
@given(row=st.dictionaries(st.sampled_from(FIELDS), anything))
def test_no_value_ever_raises_or_breaks_the_log(tmp_path_factory: pytest.TempPathFactory, row: dict[str, Any]) -> None:
    folder = tmp_path_factory.mktemp("log")
    with logging_to(folder) as logger:
        logger.log(**cast("Any", row))
        logger.log(input="sound", output="b", timestamp=DAY)
        assert logger.flush()
        assert logger.stats.written == 2
    assert "sound" in Log(folder).read().rows["input"].to_list()


def test_a_full_buffer_drops_and_counts_and_never_waits(log: Log) -> None:
    with logging_to(log.folder / "plain" / "missing", buffer_rows=10) as logger:
        (log.folder / "plain").write_text("a file where the folder should be")
        for number in range(25):
            logger.log(input=f"{number}", output="b")
        assert logger.stats.dropped == 15
        assert not logger.flush()
        (log.folder / "plain").unlink()
        assert logger.flush()
        assert (logger.stats.written, logger.stats.dropped) == (10, 15)
        logger.log(input="again", output="b")
    assert [row["input"] for row in lines(log.folder / "plain" / "missing")] == [*map(str, range(10)), "again"]


def test_huge_rows_are_bounded_by_their_characters(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrain.production.buffer.BUFFER_CHARS", 1_000)
    with logging_to(log.folder) as logger:
        for size in (600, 600, 300):
            logger.log(input="x" * size, output="b")
        assert logger.flush()
        assert (logger.stats.written, logger.stats.dropped) == (2, 1)
        logger.log(input="x" * 900, output="b")
    assert [len(row["input"]) for row in lines(log.folder)] == [600, 300, 900]


def test_a_disk_that_refuses_is_counted_and_tried_again(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("")
    with logging_to(place / "log") as logger:
        logger.log(input="a", output="b")
        assert not logger.flush()
        assert (logger.stats.errors, logger.stats.written, logger.stats.dropped) == (1, 0, 0)
        place.unlink()
        assert logger.flush()
        assert logger.stats.written == 1
    assert len(lines(place / "log")) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_died_is_replaced(log: Log) -> None:
    class Hostile(dict[str, float]):
        def items(self) -> Any:
            raise SystemExit

    with logging_to(log.folder) as logger:
        logger.log(input="a", output="b", scores=Hostile(a=1.0))
        logger.flush()
        logger.log(input="c", output="d")
        assert logger.flush()
        assert (logger.stats.written, logger.stats.dropped) == (1, 1)
    assert [row["input"] for row in lines(log.folder)] == ["c"]


def test_the_writer_flushes_by_itself(log: Log) -> None:
    written = threading.Event()

    class Watched(LogFiles):
        def append(self, lines: Any) -> tuple[int, OSError | None]:
            answer = super().append(lines)
            written.set()
            return answer

    with logging_to(log.folder, flush_seconds=0.01) as logger:
        logger._files = Watched(log.folder)
        logger.log(input="a", output="b")
        assert written.wait(20)
    assert len(lines(log.folder)) == 1


def test_a_closed_logger_drops_and_closing_twice_is_harmless(log: Log) -> None:
    with logging_to(log.folder) as logger:
        logger.log(input="a", output="b")
        assert logger.close()
        logger.log(input="late", output="b")
        assert logger.close()
        assert (logger.stats.written, logger.stats.dropped) == (1, 1)


def test_many_threads_lose_nothing(log: Log) -> None:
    with logging_to(log.folder) as logger:
        work = [threading.Thread(target=log_many, args=(logger, name)) for name in "abcd"]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
    assert log.read().total == 1_000


def log_many(logger: PredictionLogger, name: str) -> None:
    for number in range(250):
        logger.log(input=f"{name} {number}", output="b")


def line(text: str) -> Line:
    return Line(DAY.date(), text.encode() + b"\n", 0)


def test_a_full_file_is_followed_by_another(tmp_path: Path) -> None:
    files = LogFiles(tmp_path, file_bytes=10)
    assert files.append([line("123456"), line("123456"), line("3")]) == (3, None)
    files.close()
    assert sorted(path.stat().st_size for path in tmp_path.glob("*/*.jsonl")) == [2, 14]


def test_lines_do_not_go_to_a_file_that_was_deleted(tmp_path: Path) -> None:
    files = LogFiles(tmp_path)
    files.append([line("1")])
    next(tmp_path.glob("*/*.jsonl")).unlink()
    files.append([line("2")])
    files.close()
    assert [path.read_text() for path in tmp_path.glob("*/*.jsonl")] == ["2\n"]
