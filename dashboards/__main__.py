"""What is checked in as dashboards/*.json? `python -m dashboards [FOLDER]` writes it anew."""

import sys
from pathlib import Path

from dashboards.board_grafana import render
from dashboards.boards import BOARDS


def write(folder: Path) -> list[Path]:
    """Write every dashboard into a folder; the same content each time."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for board in BOARDS:
        written.append(folder / f"{board.name}.json")
        written[-1].write_text(render(board), encoding="utf-8", newline="\n")
    return written


if __name__ == "__main__":
    for path in write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent):
        sys.stdout.write(f"{path}\n")
