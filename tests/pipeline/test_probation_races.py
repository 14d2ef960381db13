"""Is a probation ended once, whoever looks at the same time, and not at all when its champion is gone?"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from retrain.pipeline.probation import probation
from retrain.pipeline.rollback import rollback
from retrain.promotion.probation import judge
from retrain.store.events import ProbationSeen, Promoted, RolledBack
from retrain.store.ledger import Draft
from retrain.store.probation import Terms
from shop import DAY, START, Shop

TERMS = Terms(days=10, min_labels=30, margin=0.05, confidence=0.95, look_labels=20, max_rows=200)
LOOKERS = 8


@pytest.fixture
def over(shop: Shop) -> tuple[Shop, str, str]:
    """A shop whose probation is over, without a label."""
    old, new = (shop.site().versions.put({"model.json": f"{n}".encode()}, {"n": n}) for n in (1, 2))
    for event in (
        Promoted(claim=None, version=old, over=None, snapshot="s"),
        Promoted(claim=None, version=new, over=old, snapshot="s", probation=TERMS),
    ):
        shop.site().ledger.append(lambda _, event=event: Draft(event=event, reasons=("r",), actor="a test"))  # type: ignore[misc]
    shop.now = START + 10 * DAY
    return shop, old, new


def events(shop: Shop) -> list[Any]:
    return [entry.event for entry in shop.site().ledger.entries()]


def test_of_many_who_look_at_once_one_writes_it_down(over: tuple[Shop, str, str]) -> None:
    shop, _, _ = over
    with ThreadPoolExecutor(LOOKERS) as lookers:
        seen = list(lookers.map(lambda _: probation(shop.site()), range(LOOKERS)))
    assert {one.state for one in seen} == {"not_enough_labels"}
    assert sum(one.entry is not None for one in seen) == 1
    assert sum(isinstance(event, ProbationSeen) for event in events(shop)) == 1


def test_a_champion_that_was_taken_back_meanwhile_is_not_confirmed(
    over: tuple[Shop, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, old, _ = over

    def slow(*given: Any, **more: Any) -> Any:
        rollback(shop.site(), reason="I was quicker")
        return judge(*given, **more)

    monkeypatch.setattr("retrain.pipeline.probation.judge", slow)
    seen = probation(shop.site())
    assert (seen.state, seen.entry) == ("none", None)
    assert "quicker" in seen.reasons[0]
    assert isinstance(events(shop)[-1], RolledBack)
    assert shop.site().ledger.state().champion.version == old  # type: ignore[union-attr]


def test_before_its_end_and_without_labels_nothing_is_written_and_nothing_is_read(over: tuple[Shop, str, str]) -> None:
    shop, _, _ = over
    shop.now = START + 10 * DAY - DAY / 24
    assert not Path(shop.root / "log").exists()
    seen = probation(shop.site())
    assert (seen.state, seen.looked, seen.entry) == ("running", False, None)
    assert len(events(shop)) == 2
