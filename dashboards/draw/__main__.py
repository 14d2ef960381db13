"""What are the pictures in docs/dashboards? `python -m dashboards.draw [FOLDER]` draws them anew."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from dashboards.boards import BOARDS
from dashboards.draw.history import ROOT, STEP, told
from dashboards.draw.life import DAY
from dashboards.draw.page import easel
from dashboards.draw.story import END
from dashboards.parts import Board

THEME = "dark"
STAR = "support-intents"
"""The model of the dashboards that show one."""
FINEST = 600
"""Points of a line at most."""


def draw(folder: Path) -> dict[str, dict[str, Any]]:
    """Draw every dashboard into a folder; what the page says of each, by name."""
    reports = {}
    with tempfile.TemporaryDirectory() as scratch, told(Path(scratch)) as prometheus, easel(prometheus) as page:
        for board in BOARDS:
            source = ROOT / "dashboards" / f"{board.name}.json"
            reports[board.name] = page.draw(source, folder / f"{board.name}.png", _scene(board))
    return reports


def _scene(board: Board) -> dict[str, str | float]:
    """What a person would have chosen on top of the dashboard on the story's last day."""
    span = board.days * DAY
    step = max(STEP.total_seconds(), span.total_seconds() / FINEST)
    model = ".+" if board.several else STAR
    start = (END - span).timestamp()
    return {"from": start, "to": END.timestamp(), "step": step, "model": model, "per": board.per, "theme": THEME}


if __name__ == "__main__":
    for name, report in draw(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "dashboards").items():
        blank = [panel["title"] for panel in report["panels"] if panel["failed"] or panel["nothing"]]
        sys.stdout.write(f"{name}: {len(report['panels'])} panels; trouble: {report['troubles']}; blank: {blank}\n")
