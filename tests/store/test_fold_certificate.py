"""Who is the best champion ever, who waits, and what do older entries say of either?"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from retrain.store.certificate import Awaited, Decided
from retrain.store.events import Dismissed, Ended, Event, Promoted, Reviewed, RolledBack
from retrain.store.fold import fold
from retrain.store.ledger import LedgerEntry, follows
from retrain.store.state import State

AT = datetime(2026, 1, 1, tzinfo=UTC)


def promoted(version: str, **more: Any) -> Promoted:
    return Promoted(**{"claim": "c", "version": version, "over": None, "snapshot": "s", **more})


def after(*events: Event) -> State:
    state = State()
    for hours, event in enumerate(events):
        state = fold(state, event, AT + timedelta(hours=hours))
    return state


def left_open(challenger: str = "x", **more: Any) -> Ended:
    usual = {"claim": "c", "outcome": "inconclusive", "challenger": challenger, "evaluation": "e"}
    return Ended(**{**usual, "waits_for": ("labels",), "decided": Decided(rows=9, error=0.01, waiting=0.005), **more})


@pytest.mark.parametrize(
    ("events", "best"),
    [
        pytest.param([promoted("a")], "a", id="the first one"),
        pytest.param([promoted("a"), promoted("b")], "a", id="not worse is not better"),
        pytest.param([promoted("a"), promoted("b", beats_best=True)], "b", id="better"),
        pytest.param([promoted("a"), promoted("b", claim=None, by="hand")], "a", id="a hand shows nothing"),
        pytest.param(
            [promoted("a"), promoted("b", beats_best=True), RolledBack(version="a", withdrawn="b")],
            "a",
            id="what was withdrawn is no yardstick",
        ),
        pytest.param(
            [promoted("a"), promoted("b"), RolledBack(version="a", withdrawn="b")], "a", id="another was withdrawn"
        ),
    ],
)
def test_the_best_champion_ever(events: list[Event], best: str) -> None:
    found = after(*events).best
    assert found is not None
    assert found.version == best


def test_a_challenger_that_is_left_open_waits_against_the_champion_of_then() -> None:
    state = after(promoted("a"), left_open())
    assert state.pending is not None
    assert (state.pending.challenger, state.pending.champion, state.pending.error) == ("x", "a", 0.005)
    assert [spend.error for spend in state.spent] == [pytest.approx(0.015)]


@pytest.mark.parametrize(
    ("event", "waits"),
    [
        (promoted("b"), None),
        (promoted("x", claim=None, by="pending"), None),
        (RolledBack(version="a", withdrawn="a1"), None),
        (Dismissed(challenger="x", outcome="expired"), None),
        (left_open("y"), "y"),
        (left_open("y", waits_for=()), None),
        (Ended(claim="c", outcome="held", challenger="y", evaluation="e"), None),
        (Ended(claim="c", outcome="refused"), "x"),
        (Ended(claim="c", outcome="failed"), "x"),
    ],
)
def test_what_ends_the_waiting(event: Event, waits: str | None) -> None:
    state = after(promoted("a"), promoted("a1"), left_open(), event)
    assert (state.pending.challenger if state.pending else None) == waits


def test_until_when_it_waits_follows_from_what_it_was_given() -> None:
    awaited = Awaited(days=30, review_days=14, reviewers=1)
    left = after(promoted("a"), left_open(waits_for=("labels", "review"), awaited=awaited)).pending
    assert left is not None
    assert (left.still_for, left.until) == (("labels", "review"), left.since + timedelta(days=14))
    known = {"challenger": "x", "champion": "a", "evaluation": "e", "verdict": "approve", "note": "n"}
    said = Reviewed.model_validate({**known, "reviewers": ("Ann",)})
    heard = after(promoted("a"), left_open(waits_for=("labels", "review"), awaited=awaited), said).pending
    assert heard is not None
    assert (heard.still_for, heard.until) == (("labels",), heard.since + timedelta(days=30))
    assert heard.waits_for == ("labels", "review"), "a look goes by all that was open"


def test_a_verdict_about_one_that_was_left_open_before_people_were_counted_changes_no_state() -> None:
    said = Reviewed(challenger="x", champion="a", evaluation="e", verdict="approve", reviewers=("Ann",), note="n")
    before = after(promoted("a"), left_open(waits_for=("review",)))
    assert fold(before, said, AT + timedelta(hours=2)) == before


def test_entries_of_before_use_nothing_and_leave_nobody_waiting() -> None:
    old = Ended(claim="c", outcome="inconclusive", challenger="x", evaluation="e")
    state = after(promoted("a"), old)
    assert (state.pending, state.spent, state.heldout.decisions) == (None, (), 0)


def test_an_entry_of_format_2_that_knows_no_best_champion_is_still_held_to_the_rest() -> None:
    event = promoted("a", claim=None)
    state = fold(State(), event, AT).model_copy(update={"best": None})
    words = {"model": "shop", "at": AT, "actor": "a", "reasons": ("r",), "evidence": {}, "previous": None}
    entry = LedgerEntry(number=1, event=event, state=state, format=2, **words)
    follows(None, entry)


def test_a_promotion_after_a_further_look_is_counted_as_such() -> None:
    state = after(promoted("a"), promoted("x", claim=None, by="pending"), promoted("y", claim=None))
    assert state.totals.promotions == {"run": 1, "pending": 1, "hand": 1}


def looked_again(**more: Any) -> Promoted:
    return promoted("x", claim=None, by="pending", decided=Decided(rows=12, error=0.0, **more))


def test_a_challenger_that_waited_is_one_of_those_judged_and_its_fresh_rows_are_used() -> None:
    heldout = after(promoted("a"), left_open(), looked_again(again=True)).heldout
    assert (heldout.decisions, heldout.promotions, heldout.uses) == (1, 1, 9 + 12)


def test_entries_of_before_this_was_told_apart_lead_where_they_led() -> None:
    assert after(promoted("a"), left_open(), looked_again()).heldout.decisions == 2
