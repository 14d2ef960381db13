"""Why was it decided, who said so, what led to it, what else could have been? In sentences that a person can use."""

import re
from datetime import timedelta

import pytest

from conftest import Golden
from faults.conftest import Fresh
from faults.faulty import Died, Faulty
from faults.yard import EXPIRED, Yard, by_hand, run
from retrain.cli.look import told
from retrain.pipeline.check import check
from retrain.pipeline.explain import explain
from retrain.pipeline.rollback import rollback
from shop import DAY, LATE, START, Messages, Shop

DIGEST = re.compile(r"\b[0-9a-f]{12,64}\b")


def text(yard: Yard, numbers: range) -> str:
    """As the command shows them; each digest by a number of its own, in the order of their first mention."""
    said = "\n\n".join("\n".join(told(explain(yard.site(), number))) for number in numbers)
    names: dict[str, str] = {}
    said = DIGEST.sub(lambda found: names.setdefault(found[0][:12], f"<{len(names) + 1}>"), said)
    return said.replace(str(yard.root), "<root>") + "\n"


def test_a_run_a_promotion_by_hand_and_a_rollback_are_told(first_folder: Fresh, golden: Golden) -> None:
    yard = first_folder()
    run(yard, yard.open())
    yard.now += timedelta(hours=1)
    by_hand(yard, yard.open())
    yard.now += timedelta(hours=1)
    rollback(yard.site(), reason="complaints about refunds")
    golden("explain-run.txt", text(yard, range(3, 9)))


def test_a_take_over_names_the_run_that_died(first_folder: Fresh) -> None:
    yard, dead = first_folder(), first_folder()
    counted = Faulty(dead.open())
    run(dead, counted)
    at = counted.calls.index("create models/shop/ledger/00000004.json") + 1
    with pytest.raises(Died):
        run(yard, Faulty(yard.open(), at, "after"))
    yard.now += EXPIRED
    run(yard, yard.open())
    claimed = explain(yard.site(), 5)
    assert any("began, and died over the work" in sentence for sentence in claimed.led_to)
    assert any("took the work over" in sentence for sentence in explain(yard.site(), 3).came_of_it)
    promoted = explain(yard.site(), 7)
    assert [sentence.split(" (")[0] for sentence in promoted.led_to[:3]] == ["Entry 6", "Entry 5", "Entry 3"]


def test_drift_that_asked_for_it_is_named_with_its_signals(shop: Shop, messages: Messages) -> None:
    for day in range(4):
        shop.day(day, messages("base", day * 150, 150))
    for day in range(4, 7):
        shop.day(day, messages("new_intent", day * 60, 110) + messages("base", day * 150, 40), sure=0.6)
    shop.now = START + 7 * DAY + LATE
    check(shop.site())
    entries = list(shop.site().ledger.entries())
    opened = next(entry for entry in entries if entry.state.episode)
    last = explain(shop.site(), entries[-1].number)
    assert last.led_to == (
        f"Entry {opened.number} ({opened.at:%Y-%m-%d %H:%M UTC}): drift episode 1 was opened by "
        f"{', '.join(opened.state.episode.signals if opened.state.episode else ())}.",
    )
    quiet = next(entry for entry in entries if getattr(entry.event, "state", "") == "quiet")
    assert explain(shop.site(), quiet.number).who == "The program decided by its policy, run by a test."
