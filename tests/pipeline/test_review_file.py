"""Is a file taken only where its lines show what was exported, whatever a spreadsheet did to an honest one?"""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from retrain.errors import UsageError
from retrain.pipeline.review_room import ReviewRoom, export_review, import_review
from retrain.spreadsheet import unsafe
from reviewing import LABELS, room_of, waiting_shop
from shop import Message

TEXTS = (
    *("=SUM(A1) please", "'=quoted", "-5 euro?", "two\nlines", "a tab\there", "  spaces around  ", "\tfirst a tab"),
    *(
        "end of a line \r\nand more",
        'he said "no"; why, then?',
        "caf\u00e9",
        "+",
        "'",
        "zero\u200bwidth",
    ),
)
Line = dict[str, str]


@pytest.fixture
def room(tmp_path: Path) -> ReviewRoom:
    texts = [*TEXTS, *(f"where is parcel {at:03}?" for at in range(30))]
    messages: list[Message] = [{"text": text, "label": LABELS[at % 5]} for at, text in enumerate(texts)]
    return room_of(waiting_shop(tmp_path, differ=len(TEXTS), messages=messages))


def lines(file: Path) -> list[Line]:
    if file.suffix == ".jsonl":
        content = file.read_bytes().decode()
        return [json.loads(line) for line in content.split("\n") if line]
    return list(csv.DictReader(io.StringIO(file.read_bytes().decode(), newline="")))


def save(
    file: Path, rows: list[Line], *, encoding: str = "utf-8", end: str = "\r\n", quoting: int = 0, mark: str = ","
) -> None:
    text = io.StringIO(newline="")
    if file.suffix == ".jsonl":
        text.write("".join(json.dumps(row) + end for row in rows))
    else:
        table = csv.DictWriter(text, list(rows[0]), lineterminator=end, quoting=quoting, delimiter=mark)  # type: ignore[arg-type]
        table.writeheader()
        table.writerows(rows)
    file.write_bytes(text.getvalue().encode(encoding))


def exported(room: ReviewRoom, ending: str) -> tuple[Path, list[Line]]:
    file = room.site.settings.work / f"rows{ending}"
    file.parent.mkdir(exist_ok=True)
    export_review(room, file)
    return file, [{**line, "choice": "left"} for line in lines(file)]


def trimmed(rows: list[Line]) -> list[Line]:
    return [{name: value.strip() for name, value in row.items()} for row in rows]


def unix(rows: list[Line]) -> list[Line]:
    return [{name: value.replace("\r\n", "\n") for name, value in row.items()} for row in rows]


def windows(rows: list[Line]) -> list[Line]:
    return [{name: value.replace("\n", "\r\n") + " " for name, value in unix([row])[0].items()} for row in rows]


def unmarked(rows: list[Line]) -> list[Line]:
    """As programs do that take the mark before a formula for a mark."""
    return [{name: unsafe(value) for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
@pytest.mark.parametrize("change", [list, trimmed, unix, windows, lambda rows: rows[::-1]])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_what_spreadsheets_do_is_no_fault(
    room: ReviewRoom, ending: str, change: Callable[[list[Line]], list[Line]], encoding: str
) -> None:
    file, rows = exported(room, ending)
    save(file, change(rows), encoding=encoding, end="\n" if change is unix else "\r\n", quoting=csv.QUOTE_ALL)
    assert import_review(room, file, "Ann").left == 0


def test_a_program_that_takes_the_mark_before_a_formula_away_is_no_fault(room: ReviewRoom) -> None:
    file, rows = exported(room, ".csv")
    save(file, unmarked(rows))
    assert import_review(room, file, "Ann").left == 0


@pytest.mark.parametrize("mark", [";", "\t"])
def test_cells_may_be_parted_as_the_country_of_the_spreadsheet_does(room: ReviewRoom, mark: str) -> None:
    file, rows = exported(room, ".csv")
    save(file, rows, mark=mark)
    assert import_review(room, file, "Ann").left == 0


def swap(row: Line) -> Line:
    return {**row, "left": row["right"], "right": row["left"]}


def without(name: str) -> Callable[[Line], Line]:
    return lambda row: {each: value for each, value in row.items() if each != name}


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (swap, "left and right are exchanged"),
        (lambda row: {**row, "left": "refund"}, "left is 'refund', exported was '"),
        (lambda row: {**row, "right": ""}, "right is '', exported was '"),
        (lambda row: {**row, "text": "where is it?"}, "text is 'where is it?', exported was '"),
        *((without(name), f"no column '{name}', so nobody can say") for name in ("text", "left", "right")),
    ],
)
def test_a_file_that_does_not_show_what_was_exported_is_refused_whole(
    room: ReviewRoom, ending: str, change: Callable[[Line], Line], sentence: str
) -> None:
    file, rows = exported(room, ending)
    save(file, [change(row) for row in rows])
    with pytest.raises(UsageError) as refused:
        import_review(room, file, "Ann")
    assert sentence in str(refused.value)
    assert room.opinions() == ()


def test_the_lines_at_fault_are_named_also_where_nobody_judged(room: ReviewRoom) -> None:
    file, rows = exported(room, ".jsonl")
    rows[3] = {**swap(rows[3]), "choice": ""}
    rows[7] = {**rows[7], "left": "refund"}
    save(file, rows)
    with pytest.raises(
        UsageError, match=r"line 4: left and right are exchanged; line 8: left is 'refund'.* Nothing of it"
    ):
        import_review(room, file, "Ann")
