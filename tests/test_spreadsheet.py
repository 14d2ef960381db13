"""Is a table that came back from a spreadsheet read as it was meant, whichever country's spreadsheet saved it?"""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.dataset.gather import read_examples
from retrain.labels.answers import read_answers
from retrain.spreadsheet import SEPARATORS, safe, separator, unsafe

CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=12)


@given(st.text())
def test_a_cell_comes_back_as_it_was(text: str) -> None:
    assert unsafe(str(safe(text))) == text or text.startswith("'")
    assert not str(safe(text)).startswith(("=", "+", "-", "@"))


@given(
    mark=st.sampled_from(SEPARATORS), before=st.lists(CELL, min_size=1, max_size=3), after=st.lists(CELL, max_size=3)
)
def test_the_separator_is_the_one_that_shows_the_column(mark: str, before: list[str], after: list[str]) -> None:
    line = io.StringIO()
    csv.writer(line, delimiter=mark, quoting=csv.QUOTE_ALL).writerow([*before, "label", *after])
    assert separator(line.getvalue().rstrip("\r\n"), ("label",)) == mark


@pytest.mark.parametrize("header", ["", "nothing;known", 'a,"', "label"])
def test_a_header_that_shows_nothing_is_left_to_the_reader(header: str) -> None:
    assert separator(header, ("label",)) == ","


@pytest.mark.parametrize("mark", SEPARATORS)
def test_examples_and_labels_may_come_from_any_spreadsheet(tmp_path: Path, mark: str) -> None:
    rows = [("text", "label"), ("a, b; c\td", "x"), ('say "no"', "y")]
    with (tmp_path / "examples.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream, delimiter=mark).writerows(rows)
    found, broken = read_examples(tmp_path / "examples.csv", ())
    assert ([(one.text, one.label) for one in found], broken) == (rows[1:], {})
    with (tmp_path / "labels.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream, delimiter=mark).writerows([("row_id", "text", "label"), ("r1", "a, b; c\td", "x")])
    (answer,) = read_answers(tmp_path / "labels.csv")
    assert (answer.id, answer.text, answer.label) == ("r1", "a, b; c\td", "x")
