"""Can every dashboard be drawn with Grafana's own components, and is there something to see in every panel?"""

import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from dashboards.draw.__main__ import draw
from dashboards.draw.page import WIDTH

from servers.needed import ROOT, needed

from .conftest import NAMES, checked_in, drawn

DRAW = ROOT / "dashboards" / "draw"
LEAST_INK = 100
"""Pixels of lines and bars: short runs are thin lines among ninety days."""


@pytest.fixture(scope="module")
def built() -> None:
    """The page that draws, with its libraries as package-lock.json names them."""
    for program in ("prometheus", "promtool", "chromium", "npm"):
        needed(program)
    if not (DRAW / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=DRAW, check=True, timeout=600)
    subprocess.run(["npm", "run", "--silent", "build"], cwd=DRAW, check=True, timeout=300)


@pytest.mark.slow
@pytest.mark.usefixtures("built")
def test_every_panel_is_drawn(tmp_path: Path) -> None:
    reports = draw(tmp_path)
    for name in NAMES:
        assert reports[name]["troubles"] == [], name
        panels: list[dict[str, Any]] = reports[name]["panels"]
        assert [panel["id"] for panel in panels] == [panel["id"] for panel in drawn(checked_in(name))]
        for panel in panels:
            assert panel["failed"] is None, f"{name}, {panel['title']}"
            assert panel["nothing"] is None, f"{name}, {panel['title']} has no data"
            assert not panel["cropped"], f"{name}, {panel['title']}: its legend does not fit"
            if panel["type"] == "timeseries":
                assert panel["ink"] >= LEAST_INK, f"{name}, {panel['title']} is blank"
            assert panel["text"] > len(panel["title"]), f"{name}, {panel['title']} says nothing"
        assert size_of(tmp_path / f"{name}.png")[0] == WIDTH


@pytest.mark.parametrize("name", NAMES)
def test_the_picture_that_is_shown_is_of_this_dashboard(name: str) -> None:
    """Its height follows from the panels: one that was drawn before a row was added is found here."""
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in checked_in(name)["panels"])
    width, height = size_of(ROOT / "docs" / "dashboards" / f"{name}.png")
    assert (width, height) == (WIDTH, 52 + bottom * 36 + 8)


def size_of(picture: Path) -> tuple[int, int]:
    head = picture.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    return width, height
