"""How is a snapshot kept? As one bundle: a file of canonical JSON lines a part, and the counts in its manifest."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from retrain.dataset.snapshot import Example, Snapshot
from retrain.store.shelf import Shelf

PARTS = ("train", "validation", "heldout")


def put(shelf: Shelf, snapshot: Snapshot, *, about: Mapping[str, Any] | None = None) -> str:
    """Store a snapshot and return its digest. `about` is what else its manifest shall say, plain JSON content."""
    parts: dict[str, tuple[Example, ...]] = {name: getattr(snapshot, name) for name in PARTS}
    told: dict[str, Any] = {
        **(about or {}),
        "rows": {name: len(examples) for name, examples in parts.items()},
        "labels": dict(Counter(example.label for examples in parts.values() for example in examples)),
        "removed": snapshot.removed,
    }
    return shelf.put({f"{name}.jsonl": _lines(examples) for name, examples in parts.items()}, told)


def get(shelf: Shelf, digest: str) -> Snapshot:
    """The snapshot of a digest, verified. Raises NotInStore or DigestMismatch."""
    removed = shelf.manifest(digest).about["removed"]
    parts = {name: _examples(shelf.read(digest, f"{name}.jsonl")) for name in PARTS}
    return Snapshot(**parts, removed=removed)


def _lines(examples: tuple[Example, ...]) -> bytes:
    return b"".join(sorted(example.canonical() + b"\n" for example in examples))


def _examples(content: bytes) -> tuple[Example, ...]:
    return tuple(Example.model_validate_json(line) for line in content.split(b"\n") if line)
