"""How do people judge without the page? In JSON Lines or CSV, blinded like the page; read back whole or not at all."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from retrain.errors import UsageError
from retrain.review.judgement import CHOICES, Choice
from retrain.review.plan import Plan, Shown
from retrain.spreadsheet import safe, separator, unsafe
from retrain.values import canonical_json

SHOWN = ("text", "left", "right")
COLUMNS = ("review", "row_id", *SHOWN, "choice")
SHAPES = "expected a .jsonl or .csv that `retrain review MODEL --export FILE` wrote, with choice one of " + ", ".join(
    CHOICES
)
ENDS, LOST = re.compile(r"\r\n?|\n"), re.compile("[\ufeff\x00]")
NAMED = 5
"""Faults that are told; the others are counted."""


class Given(NamedTuple):
    """One line of a file, as it stands there."""

    line: int
    review: str
    row: str
    choice: str
    told: tuple[str, str, str]
    """Text, left and right."""


def written(plan: Plan, rows: Sequence[Shown], file: Path) -> bytes:
    """The rows for people, in the form that the file's ending asks for. Raises UsageError for another ending."""
    lines = [
        {"review": plan.name, "row_id": row.id, "text": row.text, "left": row.left, "right": row.right, "choice": ""}
        for row in rows
    ]
    if _ending(file) == ".jsonl":
        return b"".join(canonical_json(line) + b"\n" for line in lines)
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    table.writeheader()
    table.writerows({name: safe(cell) for name, cell in line.items()} for line in lines)
    return text.getvalue().encode("utf-8", "surrogatepass")


def choices_in(plan: Plan, rows: Sequence[Shown], file: Path) -> dict[str, Choice]:
    """Row to choice, of the lines that have one. Raises UsageError, with the lines at fault, and takes none of them.

    Lines without a choice are held to what was exported as well: where one is not, somebody worked on another file.
    """
    given, exported = list(_read(file)), {row.id: row for row in rows}
    faults = [fault for one in given if (fault := _fault(plan, exported, one))]
    answered = [one for one in given if one.choice]
    lines: dict[str, int] = {}
    for one in answered:
        if one.row in lines:
            faults.append(f"line {one.line}: row {one.row!r} has an answer in line {lines[one.row]} already")
        lines.setdefault(one.row, one.line)
    if faults:
        more = f"; and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
        raise UsageError(
            f"{file}: {'; '.join(faults[:NAMED])}{more}. Nothing of it was taken: mend it and import it again"
        )
    if not answered:
        raise UsageError(f"{file}: no row has a choice; {SHAPES}")
    return {one.row: cast("Choice", one.choice) for one in answered}


def _fault(plan: Plan, exported: Mapping[str, Shown], one: Given) -> str | None:
    if one.review != plan.name:
        return f"line {one.line}: it belongs to review {one.review[:40]!r}, the one that waits is {plan.name!r}"
    row = exported.get(one.row)
    if row is None:
        return f"line {one.line}: no row {one.row[:40]!r} in this review"
    if (other := _other(row, one.told)) is not None:
        return f"line {one.line}: {other}"
    if one.choice and one.choice not in CHOICES:
        return f"line {one.line}: choice is {one.choice[:40]!r}, expected one of {', '.join(CHOICES)}, or nothing"
    return None


def _other(row: Shown, told: tuple[str, str, str]) -> str | None:
    """What of a row is not as it was exported: whoever judged another text, or other sides, judged another model."""
    was, found = (row.text, row.left, row.right), [_plainly(each) for each in told]
    expected = [_plainly(each) for each in was]
    if found == expected:
        return None
    if found == [expected[0], expected[2], expected[1]]:
        return "left and right are exchanged"
    name, at = next((name, at) for at, name in enumerate(SHOWN) if found[at] != expected[at])
    return f"{name} is {told[at][:40]!r}, exported was {was[at][:40]!r}"


def _plainly(text: str) -> str:
    """Without what spreadsheets and editors do to an honest file: ends of lines, outer white space, characters
    that do not show, accents written apart, and the mark that keeps a formula a text."""
    text = LOST.sub("", unicodedata.normalize("NFC", unsafe(text)))
    return "\n".join(line.rstrip() for line in ENDS.split(text)).strip()


def _ending(file: Path) -> str:
    if file.suffix not in (".jsonl", ".csv"):
        raise UsageError(f"{file}: found {file.suffix or 'no ending'!r}; {SHAPES}")
    return file.suffix


def _read(file: Path) -> Iterator[Given]:
    ending = _ending(file)
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}); {SHAPES}") from error
    except UnicodeDecodeError:
        raise UsageError(f"{file}: not UTF-8; save it as UTF-8 and import it again") from None
    yield from _from_lines(file, text) if ending == ".jsonl" else _from_csv(file, text)


def _from_lines(file: Path, text: str) -> Iterator[Given]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise UsageError(f"{file}:{number}: not a JSON object; {SHAPES}")
        yield _given(file, number, content)


def _from_csv(file: Path, text: str) -> Iterator[Given]:
    mark = separator(text, COLUMNS)
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True, delimiter=mark)
    try:
        for row in rows:
            if None in row or None in row.values():
                raise csv.Error("the line has more or fewer cells than the header")
            yield _given(file, rows.line_num, {name: unsafe(cell) for name, cell in row.items()})
    except csv.Error as error:
        raise UsageError(f"{file}:{rows.line_num}: not CSV ({error}); mend that line and import it again") from None


def _given(file: Path, line: int, content: dict[str, Any]) -> Given:
    if missing := [name for name in COLUMNS if name not in content]:
        raise UsageError(
            f"{file}:{line}: no column {missing[0]!r}, so nobody can say what was judged; nothing was taken; {SHAPES}"
        )
    review, row, *told = (content[name] for name in COLUMNS[:-1])
    choice = content["choice"]
    if not all(isinstance(each, str) for each in (review, row, *told)) or not isinstance(choice, str | None):
        raise UsageError(f"{file}:{line}: {', '.join(COLUMNS)} are texts; nothing was taken; {SHAPES}")
    text, left, right = told
    return Given(line, review.strip(), row.strip(), (choice or "").strip().lower(), (text, left, right))
