"""Which label counts, and which production rows have one?"""

import csv
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrain.errors import LogError
from retrain.production.labels import Labels, labelled, read_labels

from .conftest import DAY, NOW, Log


def label(key: str = "row-1", **changes: Any) -> dict[str, Any]:
    row = {"id": key, "label": "refund", "labelled_at": "2026-03-11T00:00:00Z", "labeller": "human", **changes}
    return {name: value for name, value in row.items() if value is not None}


def write(place: Path, rows: Sequence[dict[str, Any]]) -> Path:
    if place.suffix == ".parquet":
        pl.DataFrame(list(rows)).write_parquet(place)
    elif place.suffix == ".csv":
        with place.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, ["id", "label", "labelled_at", "labeller"])
            writer.writeheader()
            writer.writerows(rows)
    else:
        place.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return place


@pytest.mark.parametrize("name", ["labels.jsonl", "labels.csv", "labels.parquet"])
def test_labels_are_read_from_a_file_or_its_folder_in_any_format(tmp_path: Path, name: str) -> None:
    place = write(tmp_path / name, [label("b"), label("a", label="card", labeller="model:judge")])
    found = read_labels(place, now=NOW)
    assert found.rows["id"].to_list() == ["a", "b"]
    assert found.rows["label"].to_list() == ["card", "refund"]
    assert found.rows["labelled_at"].to_list() == [datetime(2026, 3, 11, tzinfo=UTC)] * 2
    assert read_labels(tmp_path, now=NOW).rows.equals(found.rows)


@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [
        (("outcome", 1), ("human", 0), "second"),
        (("model:judge", 1), ("outcome", 0), "second"),
        (("model:judge", 1), ("human", 0), "second"),
        (("human", 0), ("human", 1), "second"),
        (("model:a", 2), ("model:b", 1), "first"),
    ],
)
def test_human_beats_outcome_beats_model_and_then_the_latest_counts(
    tmp_path: Path, first: tuple[str, int], second: tuple[str, int], counts: str
) -> None:
    rows = [
        label(label=name, labeller=labeller, labelled_at=(DAY + timedelta(hours=hours)).isoformat())
        for name, (labeller, hours) in (("first", first), ("second", second))
    ]
    for order in (rows, rows[::-1]):
        found = read_labels(write(tmp_path / "labels.jsonl", order), now=NOW)
        assert (found.rows["label"].to_list(), found.superseded) == ([counts], 1)


labels = st.builds(
    label,
    st.sampled_from(["a", "b", "c"]),
    label=st.sampled_from(["x", "y"]),
    labelled_at=st.integers(1_700_000_000, 1_700_000_003),
    labeller=st.sampled_from(["human", "outcome", "model:m", "model:n"]),
)


@settings(deadline=None)
@given(rows=st.lists(labels, min_size=1), data=st.data())
def test_the_order_of_labels_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("labels")
    one = read_labels(write(folder / "one.jsonl", rows), now=NOW)
    other = read_labels(write(folder / "other.jsonl", data.draw(st.permutations(rows))), now=NOW)
    assert one == Labels(rows=one.rows, superseded=len(rows) - one.rows.height)
    assert other.rows.equals(one.rows)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None}, "id is missing or blank"),
        ({"id": " "}, "id is missing or blank"),
        ({"id": [1]}, "id is not text of at most 200 characters"),
        ({"label": ""}, "label is missing or blank"),
        ({"label": {"a": 1}}, "label is not text"),
        ({"labelled_at": None}, "timestamp is missing or blank"),
        ({"labelled_at": "soon"}, "timestamp is unreadable"),
        ({"labelled_at": (NOW + timedelta(minutes=6)).isoformat()}, "timestamp in the future"),
        ({"labeller": None}, "labeller is not human, outcome or model:<name>"),
        ({"labeller": "model:"}, "labeller is not human, outcome or model:<name>"),
        ({"labeller": "somebody"}, "labeller is not human, outcome or model:<name>"),
    ],
)
def test_a_broken_label_is_quarantined_alone(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    found = read_labels(write(tmp_path / "a.jsonl", [label("good"), label(**changes)]), now=NOW)
    assert (found.rows["id"].to_list(), found.quarantined) == (["good"], {reason: 1})
    assert [(row.file, row.line) for row in found.broken] == [("a.jsonl", 2)]


def test_broken_csv_rows_are_quarantined_alone(tmp_path: Path) -> None:
    head, good = b"id,label,labelled_at,labeller\n", b"a,refund,2026-03-11,human\n"
    (tmp_path / "a.csv").write_bytes(
        head + b"b,too,many,human,columns\n" + b"c,\xff,2026-03-11,human\n" + b"d\n" + good
    )
    found = read_labels(tmp_path, now=NOW)
    assert found.rows["id"].to_list() == ["a"]
    assert found.quarantined == {"label is missing or blank": 1, "not CSV": 1, "not UTF-8": 1}


def test_an_empty_folder_has_no_labels_and_a_missing_one_is_refused(tmp_path: Path) -> None:
    assert read_labels(tmp_path, now=NOW).rows.height == 0
    with pytest.raises(LogError, match=r"nothing there.*production\.labels"):
        read_labels(tmp_path / "nowhere", now=NOW)


def test_a_log_without_the_label_column_and_an_unknown_format_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"'label'.*'answer'"):
        read_labels(write(tmp_path / "a.jsonl", [label(label=None, answer="refund")]), now=NOW)
    with pytest.raises(LogError, match=r"'\.txt'.*\.jsonl"):
        read_labels(write(tmp_path / "a.txt", [label()]), now=NOW)


def test_the_join_keeps_the_windows_order_and_counts_unknown_ids(log: Log, tmp_path: Path) -> None:
    log.write("a.jsonl", [log.row(number) for number in range(4)])
    window = log.read()
    given = [label("row-2", label="card"), label("row-0", labeller="model:judge"), label("elsewhere")]
    found = labelled(window.rows, read_labels(write(tmp_path / "labels.jsonl", given), now=NOW))
    assert found.rows["id"].to_list() == ["row-0", "row-2"]
    assert found.rows["label"].to_list() == ["refund", "card"]
    assert found.rows.columns == [*window.rows.columns, "label", "labelled_at", "labeller"]
    assert (found.unknown, found.by_labeller) == (1, {"human": 1, "model": 1})
