"""What several tests of the pipeline begin with: a shop in alarm, and one whose challenger waits for people."""

import shutil
from pathlib import Path

import pytest

from retrain.pipeline.check import check
from reviewing import waiting_shop
from shop import DAY, LATE, SPEC, START, Messages, Shop

ROWS = 150


@pytest.fixture(scope="session")
def alarmed(tmp_path_factory: pytest.TempPathFactory, messages: Messages) -> Path:
    """Three quiet days, then two with a new intent and a new way to write, of which the model is unsure: an alarm."""
    shop = Shop(root=tmp_path_factory.mktemp("alarmed"))
    shop.spec(SPEC)
    shop.examples(messages("base", 0, 200))
    for day in range(3):
        shop.day(day, messages("base", day * ROWS, ROWS))
    for day in range(3, 5):
        fresh = messages("new_intent", (day - 3) * 60, 60) + messages("new_phrasing", (day - 3) * 30, 30)
        shop.day(day, fresh, sure=0.6)
        shop.day(day, messages("base", day * ROWS, 60))
    shop.now = START + 5 * DAY + LATE
    assert check(shop.site()).state == "alarm"
    return shop.root


@pytest.fixture
def drifting(alarmed: Path, tmp_path: Path) -> Shop:
    """A copy of it."""
    shutil.copytree(alarmed, tmp_path / "shop")
    return Shop(root=tmp_path / "shop", now=START + 5 * DAY + LATE)


@pytest.fixture
def asked(tmp_path: Path) -> Shop:
    return waiting_shop(tmp_path)
