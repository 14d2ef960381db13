"""An approval of people leads to a promotion by itself, and their silence to a hold."""

from datetime import timedelta

import pytest

from left_open import CLEAR, OPEN, append, approve, begun, left_open
from retrain.pipeline.audit import audit
from retrain.pipeline.pending import decide_pending
from retrain.pipeline.review_room import said_so_far
from retrain.pipeline.reviewing import conclude, waiting
from retrain.pipeline.status import status
from retrain.store.events import Dismissed, Ended, Promoted
from retrain.store.shelf import Shelf
from shop import Shop


@pytest.mark.parametrize(
    ("promotion", "counts"),
    [
        ("review: {required: always}", CLEAR),
        ("unknown_group: review", CLEAR),
        ("review: {required: inconclusive}", OPEN),
        ("unknown_group: block, review: {required: inconclusive}", CLEAR),
    ],
)
def test_an_approval_promotes_what_people_were_asked_about(shop: Shop, promotion: str, counts: tuple[int, int]) -> None:
    challenger = left_open(shop, promotion, counts)
    assert decide_pending(shop.site()).outcome == "waiting"
    approve(shop)
    assert decide_pending(shop.site()).outcome == "promoted"
    state = shop.site().ledger.state()
    assert state.champion is not None
    assert (state.champion.version, state.pending) == (challenger, None)
    assert (state.heldout.decisions, state.heldout.promotions) == (1, 1), "one challenger, decided about twice"
    assert audit(shop.site()).findings == ()


def test_nobody_looked_in_time_and_it_is_held(shop: Shop) -> None:
    left_open(shop, "review: {required: always}", CLEAR)
    shop.now += timedelta(days=15)
    result = decide_pending(shop.site())
    assert result.outcome == "held"
    assert any("a missing review is no approval" in reason for reason in result.reasons)
    newest = shop.site().ledger.newest()
    assert newest is not None
    assert isinstance(newest.event, Dismissed)
    assert audit(shop.site()).findings == ()


def test_a_rejection_while_it_is_being_looked_at_is_not_overlooked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    left_open(shop, "review: {required: always}", CLEAR)
    approve(shop)
    real = Shelf.verify_all

    def meddle(shelf: Shelf, digest: str) -> None:
        monkeypatch.setattr(Shelf, "verify_all", real)
        site = shop.site()
        conclude(site, waiting(site), said_so_far(site), verdict="reject", by=("Bo", "rude on returns"))

    # The last thing that is done before the entry is written.
    monkeypatch.setattr(Shelf, "verify_all", meddle)
    assert decide_pending(shop.site()).outcome == "waiting"
    assert decide_pending(shop.site()).outcome == "held"


def test_people_who_were_given_longer_than_a_challenger_waits_have_it(shop: Shop) -> None:
    left_open(shop, "review: {required: always, timeout_days: 60}", CLEAR)
    shop.now += timedelta(days=45)
    assert decide_pending(shop.site()).outcome == "waiting"


def test_a_run_that_was_refused_meanwhile_closes_no_review(shop: Shop) -> None:
    left_open(shop, "review: {required: always}", CLEAR)
    begun(shop, "run-2")
    append(shop, Ended(claim="run-2", outcome="refused"))
    told = status(shop.site()).pending
    assert told is not None
    assert told.waits_for == ("review",)
    approve(shop)
    assert decide_pending(shop.site()).outcome == "promoted"


def test_a_review_that_nobody_gave_is_found_by_the_audit(shop: Shop) -> None:
    challenger = left_open(shop, "review: {required: always}", CLEAR)
    approve(shop)
    decide_pending(shop.site())
    store = shop.site().store
    assert audit(shop.site()).findings == ()
    reviews = [entry for entry in shop.site().ledger.entries() if entry.event.kind == "reviewed"]
    assert [entry.number for entry in reviews] == [4]
    # The same promotion in a ledger in which nobody ever approved.
    forged = Shop(root=shop.root, now=shop.now)
    for key in list(store.keys("models/shop/ledger/"))[3:]:
        store.delete(key)
    champion = forged.site().ledger.state().champion
    assert champion is not None
    promoted = Promoted(claim=None, version=challenger, over=champion.version, snapshot="s" * 64, by="pending")
    last = list(forged.site().evaluations.digests())
    verdicts = {forged.site().evaluations.manifest(digest).about["verdict"]: digest for digest in last}
    append(forged, promoted, {"evaluation": verdicts["promote"]})
    assert any("rests on a review in entry 4" in finding.what for finding in audit(forged.site()).findings)
