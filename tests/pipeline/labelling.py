"""How does a test export rows to be labelled, and hand in what people answered?"""

import json
from pathlib import Path
from typing import Any

from retrain.pipeline.labels_export import ExportResult, export_labels
from retrain.pipeline.labels_import import ImportResult, import_labels
from shop import Shop


def rows_of(shop: Shop) -> dict[str, dict[str, Any]]:
    lines = [line for file in sorted((shop.root / "log").rglob("*.jsonl")) for line in file.read_text().splitlines()]
    return {row["id"]: row for row in map(json.loads, lines)}


def export(shop: Shop, name: str = "out", budget: int = 40, **more: Any) -> tuple[ExportResult, list[dict[str, Any]]]:
    result = export_labels(shop.site(), budget, shop.root / name, **more)
    file = shop.root / name / "labels.jsonl"
    return result, [json.loads(line) for line in file.read_text().splitlines()] if result.rows else []


def answer(shop: Shop, rows: list[dict[str, Any]], name: str = "answers.jsonl", label: str = "refund_status") -> Path:
    """What people send back, in our own format."""
    file = shop.root / name
    file.write_text("".join(json.dumps({**row, "label": label}) + "\n" for row in rows))
    return file


def take(shop: Shop, file: Path, **more: Any) -> ImportResult:
    return import_labels(shop.site(), file, **more)
