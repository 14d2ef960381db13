"""Which held-out rows are those that drift asked a retrain for, and is what can be seen of them said before?"""

from datetime import timedelta

import pytest

from retrain.dataset.snapshot import Example
from retrain.pipeline.certificate import foreseen
from retrain.pipeline.claim import Run
from retrain.pipeline.drifted import what_drifted
from retrain.pipeline.retrain import silent
from retrain.store.certificate import Heldout
from retrain.store.events import Checked, Claimed, Event
from retrain.store.judged import CheckState
from retrain.store.ledger import Draft
from retrain.store.state import Cause, Claim
from shop import DAY, START, Shop


def append(shop: Shop, event: Event) -> None:
    shop.site().ledger.append(lambda newest: Draft(event=event, reasons=("r",), actor="a test"))


def judged(shop: Shop, day: int, state: CheckState) -> None:
    append(shop, Checked(start=START + day * DAY, end=START + (day + 1) * DAY, rows=300, state=state))


def run_for(shop: Shop, cause: Cause, *, took_over: str | None = None) -> Run:
    at = START + 9 * DAY
    claim = Claim(
        id="r" if took_over is None else "r2",
        cause=cause,
        reason="r",
        at=at,
        expires_at=at + DAY,
        host="h",
        pid=1,
        process_start="s",
    )
    append(shop, Claimed(claim=claim, took_over=took_over))
    return Run(site=shop.site(), claim=claim, tell=silent)


def seen(label: str, day: float) -> Example:
    return Example(text="x", label=label, source="production", at=START + day * DAY)


HELDOUT = [
    Example(text="x", label="order_status", source="standing"),
    seen("order_status", 2.5),
    seen("order_status", 3.0),
    seen("order_status", 4.5),
    Example(text="x", label="pickup_locker", source="standing"),
]


@pytest.mark.model
def test_rows_since_the_first_window_that_was_not_quiet_and_labels_new_to_the_champion(running_shop: Shop) -> None:
    for day, state in enumerate(("alarm", "quiet", "quiet", "warning", "alarm")):
        judged(running_shop, day, state)  # type: ignore[arg-type]
    champion = running_shop.site().ledger.state().champion
    assert what_drifted(run_for(running_shop, "manual"), HELDOUT, champion) is None
    run = run_for(running_shop, "drift")
    judged(running_shop, 5, "quiet")
    found = what_drifted(run, HELDOUT, champion)
    assert found is not None
    assert found.name == "seen since 2026-03-05 00:00 UTC, or of labels new to the champion"
    assert list(found.rows) == [False, False, True, True, True]
    again = what_drifted(run_for(running_shop, "drift", took_over="r"), HELDOUT, champion)
    assert again == found, "who takes over asks about the same rows"


@pytest.mark.model
def test_without_a_champion_nothing_is_compared_by_drift(running_shop: Shop) -> None:
    assert what_drifted(run_for(running_shop, "drift"), HELDOUT, None) is None


@pytest.mark.model
def test_what_can_be_seen_is_said_before_anything_is_trained(running_shop: Shop) -> None:
    site = running_shop.site()
    state = site.ledger.state()
    told = foreseen(site, state, 1_000)
    assert told == "with 1,000 held-out rows and 6 % disagreement a gain of 2.6 points is seen with 80 %"
    assert "no gain at all is seen" in foreseen(site, state, 60)
    worn = state.model_copy(update={"heldout": Heldout(decisions=20, promotions=0, uses=20_000)})
    assert "they will decide nothing more" in foreseen(site, worn, 1_000)
    running_shop.now += timedelta(days=1)
    assert foreseen(site, state, 1_000) == told
