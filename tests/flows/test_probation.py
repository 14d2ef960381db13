"""Does the hourly patrol look after champions on probation, and the weekly round after what may go?"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flows.drilling import drill_models
from flows.patrol import patrol
from prefect import State
from prefect.events import ReceivedEvent

from retrain.store.events import Collected, ProbationSeen, Promoted
from retrain.store.folder import FolderStore
from retrain.store.ledger import Draft, Ledger
from retrain.store.probation import Terms
from shop import SPEC, Shop

TERMS = Terms(days=10, min_labels=30, margin=0.05, confidence=0.95, look_labels=20, max_rows=200)
LONG_AGO = datetime(2026, 3, 2, tzinfo=UTC)


def promoted(shop: Shop, version: str, over: str | None, days: float) -> None:
    """As if so many days after the start; a probation of ten days is then long over by the server's clock."""
    event = Promoted(claim=None, version=version, over=over, snapshot="s" * 64, probation=TERMS if over else None)
    ledger = Ledger(FolderStore(shop.root / "store"), "shop", lambda: LONG_AGO + timedelta(days=days))
    evidence = {"version": version}
    ledger.append(lambda _: Draft(event=event, reasons=("a test",), actor="a test", evidence=evidence))


def test_a_patrol_ends_the_probations_whose_time_is_over_and_says_so(
    shop: Shop, events: Callable[[str], list[ReceivedEvent]]
) -> None:
    promoted(shop, "a" * 64, None, 0)
    promoted(shop, "b" * 64, "a" * 64, 1)
    (shop.root / "log").mkdir()
    (shop.root / "models" / "broken.yaml").write_text("model: [")
    state: State[Any] = patrol(return_state=True)
    assert state.is_failed()
    assert str(state.message).startswith("1 of 2 checks failed: broken: ")
    held = shop.site().ledger.state().probation
    assert held is not None
    assert (held.state, held.version) == ("not_enough_labels", "b" * 64)
    newest = next(e for e in shop.site().ledger.backwards() if isinstance(e.event, ProbationSeen))
    assert newest.actor == "flow probation"
    (event,) = (one for one in events("retrain.probation.not_enough_labels") if one.payload["version"] == "b" * 64)
    assert event.resource.id == "retrain.model.shop"


def test_the_weekly_round_collects_only_where_the_spec_says_so(shop: Shop) -> None:
    for number, version in enumerate("abcd"):
        promoted(shop, version * 64, None, number)
    assert drill_models(["shop"], return_state=True).is_completed()
    assert not [e for e in shop.site().ledger.entries() if isinstance(e.event, Collected)]
    shop.site().store.create(f"models/shop/versions/{'e' * 64}/half.safetensors", b"x")
    shop.spec(SPEC + "retention: {automatic: true}\n")
    assert drill_models(["shop"], return_state=True).is_completed()
    (entry,) = (e for e in shop.site().ledger.entries() if isinstance(e.event, Collected))
    assert entry.actor == "flow collect"
