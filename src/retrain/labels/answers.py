"""What did people answer? Read from our own files, Label Studio's export or Argilla's; what cannot be read is said."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from retrain.errors import LogError
from retrain.labels.tasks import ID
from retrain.spreadsheet import separator, unsafe
from retrain.values import Value

SHAPES = (
    f"expected our own .jsonl or .csv with {ID} and label filled in, Label Studio's export as JSON, or Argilla's "
    f"records.to_json"
)


class Answer(Value):
    """One answer of one person to one row."""

    place: str
    """Where it stands in the file: `line 12`, `task 3`."""
    id: str
    label: str | None
    """None: seen and left without a label, or skipped."""
    labelled_at: str | None = None
    """As the file says it."""
    text: str | None = None
    """What the file says was read; none where it does not say."""
    trouble: str | None = None
    """Why it cannot be used."""


def read_answers(file: Path) -> tuple[Answer, ...]:
    """Every answer of a file. Raises LogError, with file, line and next step, for one that is not an answer file."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise LogError(f"{file}: cannot be read ({error.strerror}); {SHAPES}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise LogError(f"{file}:{line}: not UTF-8; save the file as UTF-8 and import it again") from None
    readers = {".csv": _from_csv, ".jsonl": _from_lines, ".json": _from_json}
    if file.suffix not in readers:
        raise LogError(f"{file}: found {file.suffix or 'no ending'!r}; {SHAPES}")
    answers = tuple(readers[file.suffix](file, text))
    if not answers:
        raise LogError(f"{file}:1: no rows in it; {SHAPES}")
    return answers


def _from_csv(file: Path, text: str) -> Iterator[Answer]:
    mark = separator(text, (ID, "id", "label"))
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True, delimiter=mark)
    try:
        _columns(file, rows.fieldnames or ())
        for row in rows:
            if None in row or None in row.values():
                raise csv.Error("the line has more or fewer cells than the header")
            cells = {name: unsafe(cell) for name, cell in row.items()}
            yield _flat(f"line {rows.line_num}", cells)
    except csv.Error as error:
        raise LogError(f"{file}:{rows.line_num}: not CSV ({error}); mend that line and import it again") from None


def _from_lines(file: Path, text: str) -> Iterator[Answer]:
    known: set[str] = set()
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            row = _decoded(file, line, number)
            if not isinstance(row, dict):
                raise LogError(f"{file}:{number}: not a JSON object; mend that line and import it again")
            known |= row.keys()
            _columns(file, known, number)
            yield _flat(f"line {number}", row)


def _from_json(file: Path, text: str) -> Iterator[Answer]:
    content = _decoded(file, text, 1)
    if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
        raise LogError(f"{file}:1: not a list of JSON objects; {SHAPES}")
    for number, item in enumerate(content, start=1):
        if isinstance(item.get("data"), dict):
            yield from _from_studio(f"task {number}", item)
        elif isinstance(item.get("fields"), dict):
            yield from _from_argilla(f"record {number}", item)
        else:
            _columns(file, item, number)
            yield _flat(f"row {number}", item)


def _decoded(file: Path, text: str, first: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line = first + error.lineno - 1
        raise LogError(f"{file}:{line}: not JSON ({error.msg}); mend that line and import it again") from None
    except (ValueError, RecursionError) as error:
        raise LogError(f"{file}:{first}: not JSON ({error}); export it anew and import it again") from None


def _columns(file: Path, names: Any, line: int = 1) -> None:
    """An id of ours and a label; the number an annotation tool gives its tasks is not an id of ours."""
    found = [str(name) for name in names]
    if ID in found or ("id" in found and "annotation_id" not in found):
        if any(name in found for name in ("label", "labels")):
            return
        missing = "label"
    else:
        missing = ID
    shown = ", ".join(repr(name[:40]) for name in found[:20]) or "none"
    raise LogError(f"{file}:{line}: no column {missing!r}, found {shown}; {SHAPES}")


def _flat(place: str, row: Mapping[str, Any]) -> Answer:
    label = row.get("label", row.get("labels"))
    if isinstance(label, dict | list):
        return _answer(place, row.get(ID, row.get("id")), None, trouble=f"label is {type(label).__name__}, not text")
    when = row.get("labelled_at") or row.get("updated_at") or row.get("created_at")
    return _beside(_answer(place, row.get(ID, row.get("id")), label, when), row.get("text"))


def _from_studio(place: str, task: Mapping[str, Any]) -> Iterator[Answer]:
    row = task["data"].get(ID, task["data"].get("id"))
    given = [one for one in task.get("annotations") or () if isinstance(one, dict)]
    if not given:
        yield _answer(place, row, None)
    text = task["data"].get("text")
    for number, annotation in enumerate(given, start=1):
        at = f"{place}, annotation {number}" if len(given) > 1 else place
        chosen = [] if annotation.get("was_cancelled") else _choices(annotation.get("result"))
        when = annotation.get("updated_at") or annotation.get("created_at")
        if len(chosen) > 1:
            said = ", ".join(map(repr, chosen))
            yield _answer(at, row, None, trouble=f"{len(chosen)} choices at once: {said}; keep one")
        else:
            yield _beside(_answer(at, row, chosen[0] if chosen else None, when), text)


def _choices(result: Any) -> list[str]:
    found: list[str] = []
    for one in result if isinstance(result, list) else ():
        value = one.get("value") if isinstance(one, dict) and one.get("from_name") == "label" else None
        if isinstance(value, dict) and isinstance(value.get("choices"), list):
            found += map(str, value["choices"])
    return found


def _from_argilla(place: str, record: Mapping[str, Any]) -> Iterator[Answer]:
    responses = record.get("responses")
    given = responses.get("label") if isinstance(responses, dict) else None
    values = [one.get("value") for one in given or () if isinstance(one, dict)]
    if not values:
        yield _answer(place, record.get("id"), None)
    for number, value in enumerate(values, start=1):
        at = f"{place}, response {number}" if len(values) > 1 else place
        yield _beside(_answer(at, record.get("id"), value), record["fields"].get("text"))


def _beside(answer: Answer, text: Any) -> Answer:
    return answer.model_copy(update={"text": text}) if isinstance(text, str) and text.strip() else answer


def _answer(place: str, row: Any, label: Any, when: Any = None, *, trouble: str | None = None) -> Answer:
    """Numbers count as text, as in the label log."""
    if isinstance(row, bool) or not isinstance(row, str | int) or not str(row).strip():
        return Answer(place=place, id="", label=None, trouble="it has no id of a row")
    if not isinstance(label, str | int | None) or isinstance(label, bool):
        trouble = trouble or f"label is {type(label).__name__}, not text"
        label = None
    text = str(label).strip() if label is not None else ""
    stamp = when if isinstance(when, str) and when.strip() else None
    return Answer(place=place, id=str(row), label=text or None, labelled_at=stamp, trouble=trouble)
