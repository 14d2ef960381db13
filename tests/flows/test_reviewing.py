"""Does a verdict through Prefect become an entry, and is one without a name refused, rather than accepted empty?"""

from typing import Any

import pytest
from flows.reviewing import review_model
from prefect import State

from retrain.errors import UsageError
from retrain.store.events import Reviewed
from reviewing import CHALLENGER, waiting_shop
from shop import Shop


@pytest.fixture
def asked(shop: Shop) -> Shop:
    return waiting_shop(shop.root)


def test_a_verdict_is_an_entry_with_who_and_why(asked: Shop) -> None:
    state: State[Any] = review_model("shop", "approve", "Ann", "looked at fifty rows", return_state=True)
    assert state.is_completed(), state.message
    assert state.result()["challenger"] == CHALLENGER
    entry = asked.site().ledger.newest()
    assert entry is not None
    assert isinstance(entry.event, Reviewed)
    assert (entry.event.verdict, entry.event.reviewers, entry.reasons) == (
        "approve",
        ("Ann",),
        ("looked at fifty rows",),
    )
    assert entry.actor == "Ann, through flow review"


@pytest.mark.parametrize(
    ("verdict", "reviewer", "reason", "sentence"),
    [
        ("approve", "", "fine", "the reviewer's name is empty; say who judges"),
        ("approve", "  ", "fine", "the reviewer's name is empty"),
        ("approve", "Ann", "", "the reason is empty; say in a few words why"),
        ("maybe", "Ann", "fine", "the verdict is 'maybe'; expected 'approve' or 'reject'"),
    ],
)
def test_an_empty_word_is_refused_and_nothing_is_written(
    asked: Shop, verdict: str, reviewer: str, reason: str, sentence: str
) -> None:
    before = len(list(asked.site().ledger.entries()))
    state: State[Any] = review_model("shop", verdict, reviewer, reason, return_state=True)
    assert state.is_failed()
    with pytest.raises(UsageError, match=sentence):
        state.result()
    assert len(list(asked.site().ledger.entries())) == before


def test_where_nothing_waits_it_says_so(shop: Shop) -> None:
    state: State[Any] = review_model("shop", "reject", "Ann", "worse", return_state=True)
    with pytest.raises(UsageError, match="nothing of 'shop' waits for people"):
        state.result()


def test_a_verdict_is_not_retried() -> None:
    assert review_model.retries == 0
