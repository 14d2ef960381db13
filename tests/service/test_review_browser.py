"""Can people judge in a real browser, by keyboard, come back, and see nothing that they should not?"""

import json
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from retrain.store.events import Reviewed
from reviewing import CHALLENGER, CHAMPION, PLANTED, room_of, waiting_shop
from servers.answering import answering
from servers.chromium import Tab, chromium
from servers.needed import ROOT, free_port
from service.judging import TOKEN, served
from shop import Messages, Shop, few

KEYS = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "s", "1", "2", "b", "n")
MEANT = ("left", "right", "both", "neither", "skip", "left", "right", "both", "neither")
PICTURE = ROOT / "docs" / "review.png"

pytestmark = pytest.mark.slow


class Desk(NamedTuple):
    """A reviewer's browser, and the shop behind the page."""

    tab: Tab
    shop: Shop
    address: str


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with reviewed(waiting_shop(tmp_path / "shop"), tmp_path) as desk:
        yield desk


@contextmanager
def reviewed(shop: Shop, tmp_path: Path) -> Iterator[Desk]:
    """The page of a shop that asks for two reviewers, in a browser."""
    spec = (shop.root / "models" / "shop.yaml").read_text()
    shop.spec(spec.replace("rows: 15", "rows: 15, min_reviewers: 2"))
    port, log = free_port(), tmp_path / "review.log"
    address = f"http://127.0.0.1:{port}"
    places = {name: value for name, value in shop.environment.items() if name.startswith("RETRAIN_")}
    with answering(served(shop, port), f"{address}/health", log, places), chromium(tmp_path) as tab:
        tab.size(1100, 800)
        tab.open(address)
        yield Desk(tab, shop, address)
        assert tab.errors == [], "the page's console is clean, and its own rules forbade it nothing"
    assert "Traceback" not in log.read_text()


def begin(tab: Tab, name: str) -> None:
    tab.until("document.activeElement?.id === 'name'")
    tab.type(name)
    tab.press("Enter")
    tab.until("!document.getElementById('judge').hidden || !document.getElementById('done').hidden")


def at_row(tab: Tab, number: int) -> None:
    tab.until(f"document.getElementById('place').innerText === 'Row {number} of 15' && !seen.busy")


def judge(tab: Tab, first: int, keys: tuple[str, ...]) -> None:
    for number, key in enumerate(keys, start=first):
        at_row(tab, number)
        tab.press(key)


def ready(tab: Tab) -> None:
    tab.until("!document.getElementById('done').hidden && !seen.busy")


def test_two_reviewers_judge_by_keyboard_come_back_finish_and_approve(desk: Desk) -> None:
    tab, shop = desk.tab, desk.shop
    begin(tab, "Ann")
    judge(tab, 1, KEYS)
    at_row(tab, 10)
    order = [row.id for row in room_of(shop).rows]
    assert list(room_of(shop).opinion_of("Ann").choices.items()) == list(zip(order, MEANT, strict=False))
    tab.press("u")
    at_row(tab, 9)
    tab.reload()
    at_row(tab, 9)
    judge(tab, 9, ("ArrowLeft",) * 7)
    ready(tab)
    tab.press("Enter")
    tab.until("document.getElementById('waits').innerText.includes('1 of 2 reviewers have finished')")
    assert tab.text("#totals") == ""

    tab.value("sessionStorage.clear()")
    tab.reload()
    begin(tab, "Bo")
    judge(tab, 1, ("ArrowLeft",) * 15)
    ready(tab)
    tab.press("Enter")
    tab.until("!document.getElementById('totals').hidden")
    assert "Cohen's kappa" in tab.text("#agreement")
    assert "Ann: finished" in tab.text("#list")
    tab.value("document.getElementById('reason').focus()")
    tab.type("read all of them")
    tab.value("document.querySelector('[value=approve]').click()")
    tab.until("document.getElementById('given').innerText.startsWith('Approved after review by Bo')")
    assert "1 more must approve before it counts." in tab.text("#given")
    tab.until("document.getElementById('decide').hidden")
    entry = shop.site().ledger.newest()
    assert entry is not None
    assert isinstance(entry.event, Reviewed)
    assert (entry.event.verdict, entry.event.note) == ("approve", "read all of them")


def test_markup_in_a_text_is_shown_and_does_nothing(desk: Desk) -> None:
    begin(desk.tab, "Ann")
    texts = []
    for number in range(1, 16):
        at_row(desk.tab, number)
        texts.append(desk.tab.text("#text"))
        sides = {desk.tab.text("#left"), desk.tab.text("#right")}
        if PLANTED in texts[-1]:
            assert "<b>bold</b>" in sides
            assert desk.tab.value("document.querySelectorAll('#judge script, #judge img, #judge b').length") == 0
        desk.tab.press("s")
    assert f"000 {PLANTED}" in texts
    assert desk.tab.value("document.title") == "Review"


def test_the_browser_is_told_neither_version_nor_side(desk: Desk) -> None:
    begin(desk.tab, "Ann")
    at_row(desk.tab, 1)
    known = str(
        desk.tab.value("document.documentElement.outerHTML + JSON.stringify(seen) + JSON.stringify(sessionStorage)")
    )
    room = room_of(desk.shop)
    for secret in (CHAMPION, CHALLENGER, CHALLENGER[:12], room.plan.seed, room.about.evaluation):
        assert secret not in known


def test_a_key_pressed_while_a_name_or_a_reason_is_typed_judges_nothing(desk: Desk) -> None:
    tab = desk.tab
    tab.until("document.activeElement?.id === 'name'")
    for key in ("b", "n", "s", "ArrowLeft"):
        tab.press(key)
    begin_name = str(tab.value("document.getElementById('name').value"))
    assert begin_name.startswith("bn"), "letters go into the field"
    assert room_of(desk.shop).opinions() == ()


def test_it_says_when_the_review_does_not_answer_and_keeps_the_row(tmp_path: Path) -> None:
    shop = waiting_shop(tmp_path / "shop")
    port, log = free_port(), tmp_path / "review.log"
    places = {name: value for name, value in shop.environment.items() if name.startswith("RETRAIN_")}
    address = f"http://127.0.0.1:{port}"
    with chromium(tmp_path) as tab:
        with answering(served(shop, port), f"{address}/health", log, places) as process:
            tab.open(address)
            begin(tab, "Ann")
            judge(tab, 1, ("ArrowLeft", "ArrowLeft"))
            at_row(tab, 3)
            process.kill()
            process.wait()
            tab.press("ArrowRight")
            tab.until("document.getElementById('trouble').innerText.includes('does not answer')")
            at_row(tab, 3)
        with answering(served(shop, port), f"{address}/health", log, places):
            tab.press("ArrowRight")
            at_row(tab, 4)
            tab.until("document.getElementById('trouble').hidden")
    assert list(room_of(shop).opinion_of("Ann").choices.values()) == ["left", "left", "right"]


WITH_TOKEN = f"""
import sys
from retrain.pipeline.review_room import open_review
from retrain.pipeline.site import open_site
from retrain.service.listen_uvicorn import listen
from retrain.service.review_starlette import review_application
from retrain.service.token import TokenCheck
from retrain.settings import from_environment
room = open_review(open_site("shop", from_environment()), "a seed")
listen(review_application(room, TokenCheck({TOKEN!r})), "127.0.0.1", int(sys.argv[1]))
"""


def test_a_token_comes_in_by_the_address_or_by_hand_and_leaves_no_trace_in_the_bar(tmp_path: Path) -> None:
    shop = waiting_shop(tmp_path / "shop")
    port, log = free_port(), tmp_path / "review.log"
    places = {name: value for name, value in shop.environment.items() if name.startswith("RETRAIN_")}
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-c", WITH_TOKEN, str(port)]
    with answering(command, f"{address}/health", log, places), chromium(tmp_path) as tab:
        tab.open(f"{address}/#token={TOKEN}")
        begin(tab, "Ann")
        judge(tab, 1, ("ArrowLeft",))
        at_row(tab, 2)
        assert tab.value("location.href") == f"{address}/"
        tab.value("sessionStorage.clear()")
        tab.reload()
        tab.until("document.activeElement?.id === 'name'")
        tab.type("Ann")
        tab.press("Enter")
        tab.until("document.getElementById('trouble').innerText.includes('asks for a token')")
        tab.value("document.getElementById('token').focus()")
        tab.type(TOKEN)
        tab.press("Enter")
        at_row(tab, 2)
    assert TOKEN not in log.read_text()


CONTRAST = """
(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.getClientRects().length || node.disabled || node.closest("[disabled]")) continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(`${node.tagName} ${node.textContent.trim().slice(0, 30)}`);
  }
  return poor;
})()
"""
UNNAMED = """
[...document.querySelectorAll("button, input, textarea, progress")].filter((node) => node.getClientRects().length
  && !node.innerText?.trim() && !node.labels?.length && !node.getAttribute("aria-labelledby")).map((node) => node.id)
"""


@pytest.mark.parametrize("dark", [False, True])
def test_it_can_be_read_on_a_phone_and_by_those_who_see_or_hear_less(desk: Desk, dark: bool) -> None:
    tab = desk.tab
    tab.size(400, 800, dark=dark)
    tab.until("document.activeElement?.id === 'name'")
    parts = []

    def look() -> None:
        parts.append(tab.value("[...document.querySelectorAll('main > :not([hidden])')].map((part) => part.id).join()"))
        assert tab.value("document.documentElement.scrollWidth") <= 400
        assert tab.value(CONTRAST) == [], parts
        assert tab.value(UNNAMED) == [], parts
        assert tab.value(
            "[...document.querySelectorAll('button')].every((b) => !b.offsetHeight || b.offsetHeight >= 44)"
        )

    look()
    begin(tab, "Ann")
    at_row(tab, 1)
    assert tab.value("document.activeElement.id") == "place", "a screen reader begins at the new row"
    look()
    judge(tab, 1, ("b",) * 15)
    ready(tab)
    look()
    tab.press("Enter")
    tab.until("!document.getElementById('result').hidden")
    look()
    assert len(set(parts)) == 4
    assert json.dumps(parts).count("people") == 3


def test_the_picture_in_the_documentation_can_be_drawn(
    tmp_path: Path, messages: Messages, request: pytest.FixtureRequest
) -> None:
    """Judged half way, in the middle of a review of the example's messages; written anew under --refresh-golden."""
    known = few(messages("base", 0, 300))[:40]
    drawn = PICTURE if request.config.getoption("--refresh-golden") else tmp_path / "review.png"
    with reviewed(waiting_shop(tmp_path / "shop", messages=known), tmp_path) as desk:
        room = room_of(desk.shop)
        for row in room.rows:
            room.judge("Bo Lindqvist", row.id, "left")
        room.finish("Bo Lindqvist")
        desk.tab.size(1000, 620)
        begin(desk.tab, "Ann Mbeki")
        judge(desk.tab, 1, ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowLeft"))
        at_row(desk.tab, 5)
        desk.tab.value("document.activeElement.blur()")
        desk.tab.picture(drawn)
    width, height = struct.unpack(">II", drawn.read_bytes()[16:24])
    assert (width, height) == (1000, 620)
