"""Where do the processes write, how large may it grow, and what did one say last?"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

LARGEST_BYTES = 20_000_000
KEPT = 2
"""Older files beside the current one."""
LAST_LINES = 5
TAIL_BYTES = 8192


def log_file(work: Path, name: str) -> Path:
    """Where a process of this name writes."""
    return work / "logs" / f"{name}.log"


def opened(path: Path) -> BinaryIO:
    """For appending, so that it can be cut off while a process writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab")


def rotate(path: Path) -> None:
    """Copy a log that has grown too large aside and empty it; the process that writes it keeps it open."""
    if not path.exists() or path.stat().st_size <= LARGEST_BYTES:
        return
    for number in range(KEPT - 1, 0, -1):
        older = path.with_suffix(f".log.{number}")
        if older.exists():
            older.replace(path.with_suffix(f".log.{number + 1}"))
    # On a full disk there is no place for the copy: better no old lines than no new ones.
    with suppress(OSError):
        shutil.copyfile(path, path.with_suffix(".log.1"))
    os.truncate(path, 0)


def last_lines(path: Path, count: int = LAST_LINES) -> list[str]:
    """The last lines that say something."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - TAIL_BYTES))
            lines = stream.read().decode(errors="replace").splitlines()
    except OSError:
        return []
    return [line.strip() for line in lines if line.strip()][-count:]
