"""How do people get the rows? As JSON Lines and CSV, and as Label Studio and Argilla take them."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from retrain.labels.choose import Why
from retrain.spreadsheet import safe
from retrain.values import Value, canonical_json

ID = "row_id"
"""Not `id`: annotation tools put their own number under that name when they export."""
COLUMNS = (ID, "text", "label", "timestamp", "why", "segment", "inclusion_probability", "stands_for")
ROWS, CSV = "labels.jsonl", "labels.csv"
STUDIO, STUDIO_CONFIG = "label-studio.json", "label-studio.xml"
ARGILLA, ARGILLA_SETTINGS = "argilla.json", "argilla-settings.json"


class Task(Value):
    """One row that people are asked to label."""

    id: str
    text: str
    timestamp: str
    why: Why
    segment: str | None = None
    """What drifted, in words that do not give away what the model answered."""
    inclusion_probability: float
    """With which it was to be chosen: labels weighted by its inverse speak for all rows."""
    stands_for: int
    suggestion: str | None = None
    """What the model answered, when people shall see it: they then agree with it more often than they would."""
    confidence: float | None = None


def task_files(tasks: Sequence[Task], names: Sequence[str], guidelines: str) -> dict[str, bytes]:
    """Every file, by name; the same tasks give the same bytes."""
    return {
        ROWS: b"".join(canonical_json(_flat(task)) + b"\n" for task in tasks),
        CSV: _csv(tasks),
        STUDIO: _pretty([_studio(task) for task in tasks]),
        STUDIO_CONFIG: _studio_config(names, guidelines),
        ARGILLA: _pretty([_argilla(task) for task in tasks]),
        ARGILLA_SETTINGS: _pretty(_argilla_settings(names, guidelines)),
    }


def _flat(task: Task) -> dict[str, Any]:
    content = {ID: task.id, "label": "", **task.model_dump(mode="json", exclude={"id"})}
    return {name: value for name, value in content.items() if name in COLUMNS or value is not None}


def _csv(tasks: Sequence[Task]) -> bytes:
    text = io.StringIO(newline="")
    more = ("suggestion", "confidence") if any(task.suggestion is not None for task in tasks) else ()
    writer = csv.DictWriter(text, (*COLUMNS, *more), extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: safe(value) for name, value in _flat(task).items()} for task in tasks)
    return text.getvalue().encode()


def _studio(task: Task) -> dict[str, Any]:
    """A task in Label Studio's JSON format: `data` is what the labelling config names."""
    about = task.model_dump(mode="json", include={"timestamp", "why", "segment", "inclusion_probability", "stands_for"})
    content: dict[str, Any] = {"data": {ID: task.id, "text": task.text}, "meta": about}
    if task.suggestion is not None:
        chosen = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [task.suggestion]}}
        prediction = {"model_version": "champion", "result": [chosen]}
        content["predictions"] = [prediction | ({"score": task.confidence} if task.confidence is not None else {})]
    return content


def _studio_config(names: Sequence[str], guidelines: str) -> bytes:
    choices = "".join(f"    <Choice value={quoteattr(name)}/>\n" for name in names)
    config = (
        f"<View>\n  <Header value={quoteattr(guidelines)}/>\n"
        f'  <Text name="text" value="$text"/>\n'
        f'  <Choices name="label" toName="text" choice="single-radio" showInline="true">\n'
        f"{choices}  </Choices>\n</View>\n"
    )
    return config.encode()


def _argilla(task: Task) -> dict[str, Any]:
    """A record as `dataset.records.from_json` takes it."""
    metadata = task.model_dump(mode="json", include={"why", "inclusion_probability", "stands_for"})
    suggested = {"value": task.suggestion, "score": task.confidence, "agent": "champion"}
    return {
        "id": task.id,
        "fields": {"text": task.text},
        "metadata": metadata | {"segment": task.segment or "-"},
        "suggestions": {"label": suggested} if task.suggestion is not None else {},
        "responses": {},
        "vectors": {},
    }


def _argilla_settings(names: Sequence[str], guidelines: str) -> dict[str, Any]:
    """What `rg.Settings.from_json` takes."""
    options = [{"text": name, "value": name} for name in names]
    kinds = {"why": "terms", "segment": "terms", "inclusion_probability": "float", "stands_for": "integer"}
    return {
        "guidelines": guidelines,
        "fields": [_titled("text", {"type": "text", "use_markdown": False}) | {"required": True}],
        "questions": [
            _titled("label", {"type": "label_selection", "options": options, "visible_options": None})
            | {"description": None, "required": True}
        ],
        # Why a row was chosen hints at the answer, so labellers do not see it.
        "metadata": [_titled(name, {"type": kind}) | {"visible_for_annotators": False} for name, kind in kinds.items()],
        "vectors": [],
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": 1},
        "mapping": None,
    }


def _titled(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "title": name, "settings": settings}


def _pretty(content: object) -> bytes:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
