"""A week's round of drills, in this process, against a real Prefect server."""

from typing import Any

from flows.drilling import drill_models
from prefect import State

from shop import Shop


def test_a_drill_takes_every_model_and_a_broken_one_stops_no_other(shop: Shop) -> None:
    (shop.root / "models" / "broken.yaml").write_text("model: [")
    ended: State[Any] = drill_models(return_state=True)
    assert ended.is_failed()
    assert "1 of 2 drills failed: broken" in (ended.message or "")
    alone: State[Any] = drill_models(["shop"], return_state=True)
    assert alone.is_completed()
    assert (alone.message, alone.result()["failed"]) == ("1 models drilled", {})
