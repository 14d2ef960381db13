"""Are examples read from every kind of file, and is what is broken counted or named?"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from retrain.dataset.gather import from_production, read_examples
from retrain.dataset.snapshot import Example
from retrain.errors import LogError

ROWS = {"text": ["Lost my card", "Gib mir €5, bitte"], "label": ["card_lost", "refund"], "group_channel": ["app", None]}
Write = Callable[[Path], object]


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.jsonl", lambda path: pl.DataFrame(ROWS).write_ndjson(path)),
        ("a.csv", lambda path: pl.DataFrame(ROWS).write_csv(path)),
        ("a.csv", lambda path: pl.DataFrame(ROWS).write_csv(path, include_bom=True)),
        ("a.parquet", lambda path: pl.DataFrame(ROWS).write_parquet(path)),
        ("plain.csv", lambda path: pl.DataFrame(ROWS).rename({"group_channel": "channel"}).write_csv(path)),
        ("[a]*.parquet", lambda path: pl.DataFrame(ROWS).write_parquet(path)),
    ],
)
def test_every_kind_of_file_gives_the_same_examples(tmp_path: Path, name: str, write: Write) -> None:
    write(tmp_path / name)
    expected = [
        Example(text="Lost my card", label="card_lost", source="standing", groups={"channel": "app"}),
        Example(text="Gib mir €5, bitte", label="refund", source="standing"),
    ]
    assert read_examples(tmp_path / name, ("channel", "absent")) == (expected, {})
    assert read_examples(tmp_path, ("channel",)) == (expected, {})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe\xfa", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"label": "x"}', "empty text"),
        (b'{"text": " ", "label": "x"}', "empty text"),
        (b'{"text": "a"}', "missing label"),
        (b'{"text": "a", "label": null}', "missing label"),
        (b'{"text": "a", "label": " "}', "missing label"),
        (b'{"text": ["a"], "label": "x"}', "text or label is not a string"),
        (b'{"text": "a", "label": true}', "text or label is not a string"),
        (b'{"text": "a", "label": NaN}', "text or label is not a string"),
        (b'{"text": "\\ud800", "label": "x"}', "not UTF-8"),
    ],
)
def test_a_broken_line_is_counted_and_the_others_are_read(tmp_path: Path, line: bytes, reason: str) -> None:
    good = b'{"text": "a", "label": 3}\n'
    (tmp_path / "a.jsonl").write_bytes(good + line + b"\n\n" + good)
    examples, broken = read_examples(tmp_path / "a.jsonl", ())
    assert [example.label for example in examples] == ["3", "3"]
    assert broken == {reason: 1}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"a", "missing label"),
        (b",x", "empty text"),
        (b"a,x,y", "too many columns"),
        (b"caf\xe9,x", "not UTF-8"),
        (b"a" * 140_000 + b",x", "not CSV"),
    ],
)
def test_a_broken_csv_row_is_counted_and_the_others_are_read(tmp_path: Path, line: bytes, reason: str) -> None:
    (tmp_path / "a.csv").write_bytes(b"text,label\na,x\n" + line + b"\nb,x\n")
    examples, broken = read_examples(tmp_path / "a.csv", ())
    assert [example.text for example in examples] == ["a", "b"]
    assert broken == {reason: 1}


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_an_empty_file_holds_no_examples(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    assert read_examples(tmp_path, ()) == ([], {})


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "text,category\na,x\n", "no column 'label': found category, text"),
        ("a.jsonl", '{"label": "x"}\n', "no column 'text': found label"),
        ("a.jsonl", "nothing\n", "no column 'text': found none"),
        ("a.parquet", "PAR0", "cannot be read"),
        ("a.txt", "text,label\n", "of kind '.txt', expected one of .jsonl, .csv, .parquet"),
    ],
)
def test_a_file_that_cannot_hold_examples_is_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(LogError) as raised:
        read_examples(tmp_path / name, ())
    assert said in str(raised.value)
    assert repr(str(tmp_path / name)) in str(raised.value)


def test_a_place_without_examples_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"examples not found at .*absent"):
        read_examples(tmp_path / "absent", ())
    (tmp_path / ".old").mkdir()
    (tmp_path / ".old" / "a.csv").write_text("text,label\na,x\n")
    (tmp_path / "README.md").write_text("no data")
    with pytest.raises(LogError, match="no examples in folder"):
        read_examples(tmp_path, ())


def test_labelled_production_rows_become_examples() -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    rows = pl.DataFrame(
        {
            "id": ["p1", "p2"],
            "timestamp": [at, at],
            "input": ["Lost my card", None],
            "label": [" card_lost ", None],
            "labeller": ["human", "outcome"],
            "group_channel": ["app", None],
        }
    )
    known = {"source": "production", "at": at}
    assert from_production(rows) == [
        Example(text="Lost my card", label="card_lost", id="p1", labeller="human", groups={"channel": "app"}, **known),
        Example(text="", label="", id="p2", labeller="outcome", **known),
    ]
    assert from_production(rows.clear()) == []


def test_a_group_column_named_as_in_the_log_goes_before_a_plain_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label,channel,group_channel\na,x,old,app\nb,x,old,\n")
    examples, _ = read_examples(tmp_path, ("channel",))
    assert [example.groups["channel"] for example in examples] == ["app", "old"]
