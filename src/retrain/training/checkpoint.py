"""Where does training go on after it was killed? At the newest checkpoint whose bytes are all what they were."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrain.training.durable import sweep, write_folder
from retrain.values import canonical_json, digest_of

KEPT = 2
CONTENTS = "contents.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What was saved at the end of a step (an epoch, counted from 1): files, and plain facts about them."""

    step: int
    files: Mapping[str, bytes]
    about: Mapping[str, Any]


def save(folder: Path, checkpoint: Checkpoint) -> None:
    """Save atomically; then the newest two stay, so that one torn by the disk still leaves one to go on from."""
    sweep(folder)
    contents = canonical_json(
        {
            "step": checkpoint.step,
            "about": dict(checkpoint.about),
            "files": {name: digest_of(content) for name, content in checkpoint.files.items()},
        }
    )
    # The digest of the table of contents is in the name, so a changed digest in the table does not go unseen either.
    place = folder / f"step-{checkpoint.step:06d}-{digest_of(contents)}"
    write_folder(place, {**checkpoint.files, CONTENTS: contents})
    for old in _newest_first(folder)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def newest(folder: Path) -> Checkpoint | None:
    """The newest intact checkpoint; torn and changed ones are passed over. None when there is none."""
    for place in _newest_first(folder):
        found = _read(place)
        if found is not None:
            return found
    return None


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*-*"), key=lambda place: place.name, reverse=True)


def _read(place: Path) -> Checkpoint | None:
    try:
        contents = (place / CONTENTS).read_bytes()
        if digest_of(contents) != place.name.rsplit("-", 1)[-1]:
            return None
        told = json.loads(contents)
        files = {name: (place / name).read_bytes() for name in told["files"]}
    except (OSError, ValueError):
        return None
    if any(digest_of(content) != told["files"][name] for name, content in files.items()):
        return None
    return Checkpoint(step=told["step"], files=files, about=told["about"])
