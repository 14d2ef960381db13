"""Where do examples come from? Files of standing examples, and production rows that were labelled later.

A broken row is counted and passed over. A file that cannot hold examples at all is an error, since training on the rest
would look like success.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from retrain.dataset.snapshot import Example
from retrain.errors import LogError
from retrain.spreadsheet import separator

GROUP = "group_"
NEEDED = ("text", "label")

Fields = Mapping[str, Any]
Read = Fields | str
"""One row, or the reason why it could not be read."""


def read_examples(place: Path, groups: tuple[str, ...]) -> tuple[list[Example], dict[str, int]]:
    """All standing examples of a file or folder, and the number of broken rows by reason.

    Groups are read from a column `group_<name>` or else `<name>`. Raises LogError for a place or file of no use.
    """
    examples: list[Example] = []
    broken: Counter[str] = Counter()
    for file in _files(place):
        try:
            for fields in _read(file):
                made = fields if isinstance(fields, str) else _example(fields, groups)
                if isinstance(made, str):
                    broken[made] += 1
                else:
                    examples.append(made)
        except (OSError, csv.Error, PolarsError) as error:
            raise LogError(f"example file {str(file)!r} cannot be read: {error}. Mend it or move it away") from error
    return examples, dict(sorted(broken.items()))


def from_production(rows: pl.DataFrame) -> list[Example]:
    """Labelled production rows as examples; what they lack is left empty, for cleaning to count."""
    named = [column for column in rows.columns if column.startswith(GROUP)]
    return [
        Example(
            text=row["input"] or "",
            label=str(row["label"] if row["label"] is not None else "").strip(),
            source="production",
            id=row.get("id"),
            at=row["timestamp"],
            labeller=row.get("labeller"),
            groups={column.removeprefix(GROUP): str(row[column]) for column in named if row[column] is not None},
        )
        for row in rows.iter_rows(named=True)
    ]


def _files(place: Path) -> list[Path]:
    kinds = ", ".join(READERS)
    if place.is_file() and place.suffix in READERS:
        return [place]
    if place.is_file():
        raise LogError(f"example file {str(place)!r} is of kind {place.suffix!r}, expected one of {kinds}; convert it")
    if not place.is_dir():
        raise LogError(
            f"examples not found at {str(place)!r}; expected a file or folder of {kinds}. "
            f"Put the examples there, or correct 'examples' under 'dataset' in the spec"
        )
    files = sorted(path for path in place.rglob("*") if path.suffix in READERS and path.is_file())
    found = [path for path in files if not any(part.startswith(".") for part in path.relative_to(place).parts)]
    if not found:
        raise LogError(f"no examples in folder {str(place)!r}; expected files of {kinds} with columns text and label")
    return found


def _read(file: Path) -> Iterator[Read]:
    """The rows of a file, once it is known to have the columns needed somewhere."""
    rows = list(READERS[file.suffix](file))
    columns = {str(name) for row in rows if not isinstance(row, str) for name in row}
    missing = [name for name in NEEDED if name not in columns]
    if rows and missing:
        raise LogError(
            f"example file {str(file)!r} has no column {missing[0]!r}: found {', '.join(sorted(columns)) or 'none'}; "
            f"expected text and label. Rename its columns, or move the file away"
        )
    yield from rows


def _example(fields: Fields, groups: tuple[str, ...]) -> Example | str:
    """The example in a row, or why there is none."""
    text, label = fields.get("text"), fields.get("label")
    if isinstance(label, int) and not isinstance(label, bool):
        label = str(label)
    if text is None or text == "":
        return "empty text"
    if label is None or label == "":
        return "missing label"
    if not isinstance(text, str) or not isinstance(label, str):
        return "text or label is not a string"
    found = {name: (fields.get(GROUP + name), fields.get(name)) for name in groups}
    members = {name: str(value) for name, pair in found.items() for value in reversed(pair) if value not in (None, "")}
    if not all(map(_encodable, (text, label, *members.values()))):
        return "not UTF-8"
    if not text.strip():
        return "empty text"
    return (
        Example(text=text, label=label.strip(), source="standing", groups=members) if label.strip() else "missing label"
    )


def _encodable(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _json_lines(file: Path) -> Iterator[Read]:
    with file.open("rb") as stream:
        for line in stream:
            if not line.strip():
                continue
            try:
                content = json.loads(line)
            except (ValueError, RecursionError):
                yield "not JSON"
                continue
            yield content if isinstance(content, dict) else "not a JSON object"


def _csv(file: Path) -> Iterator[Read]:
    # Bytes that are not UTF-8 come through as lone surrogates and are counted by row, instead of ending the file.
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        mark = separator(stream.readline(), NEEDED)
        stream.seek(0)
        rows = csv.DictReader(stream, delimiter=mark)
        header = rows.fieldnames
        while header is not None:
            try:
                row = next(rows, None)
            except csv.Error:
                yield "not CSV"
                continue
            if row is None:
                return
            yield "too many columns" if None in row else row


def _parquet(file: Path) -> Iterator[Read]:
    yield from pl.read_parquet(file, glob=False, hive_partitioning=False).iter_rows(named=True)


READERS = {".jsonl": _json_lines, ".csv": _csv, ".parquet": _parquet}
