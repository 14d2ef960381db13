"""Every model, one after the other, in this process, against a real Prefect server."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flows.patrol import patrol
from prefect import State
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterParentFlowRunId,
)

from retrain.pipeline.fleet import in_turn
from shop import Messages, Shop

Said = Callable[[State[Any]], list[str]]


def as_model(shop: Shop, name: str) -> None:
    """One more model, on the same log."""
    text = (shop.root / "models" / "shop.yaml").read_text()
    (shop.root / "models" / f"{name}.yaml").write_text(text.replace("model: shop", f"model: {name}"))


def children(state: State[Any]) -> dict[str, str]:
    """Subflow's model to the state that it ended in."""
    run = state.state_details.flow_run_id
    assert run is not None
    chosen = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run]))
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=chosen)
    return {each.parameters["model"]: each.state.type.value for each in runs if each.state}


def table(key: str) -> list[dict[str, Any]]:
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])))
    rows: list[dict[str, Any]] = json.loads(str(found[-1].data))
    return rows


def test_a_broken_model_stops_no_other_one_and_is_named_at_the_end(shop: Shop, messages: Messages, said: Said) -> None:
    shop.day(0, messages("base", 0, 50))
    as_model(shop, "other")
    (shop.root / "models" / "odd.yaml").write_text("model: odd\nbase: nowhere\ndrft: {}\n")
    state: State[Any] = patrol(return_state=True)
    assert state.is_failed()
    message = str(state.message)
    assert message.startswith("1 of 3 checks failed: odd: ")
    assert "unknown key 'drft'" in message
    assert children(state) == {"odd": "FAILED", "other": "COMPLETED", "shop": "COMPLETED"}
    rows = table("patrol")
    assert [(row["model"], row["state"]) for row in rows] == [
        ("odd", "failed"),
        ("other", "insufficient_data"),
        ("shop", "insufficient_data"),
    ]
    assert "unknown key" in rows[0]["reasons"]
    assert rows[2]["champion age"] == "no champion"
    assert not any("Retry" in line for line in said(state)), "a store that is away must not hold up each model in turn"


def test_a_patrol_of_models_that_are_well_is_completed(shop: Shop, messages: Messages) -> None:
    shop.day(0, messages("base", 0, 50))
    (shop.root / "models" / "odd.yaml").write_text("not looked at\n")
    state: State[Any] = patrol(["shop"], return_state=True)
    assert (state.name, state.message) == ("Completed", "1 models checked")
    assert state.result() == {"models": ["shop"], "failed": {}}


def test_no_model_is_nothing_to_do_and_is_said(shop: Shop) -> None:
    (shop.root / "models" / "shop.yaml").unlink()
    state: State[Any] = patrol(return_state=True)
    assert state.is_completed()
    assert str(shop.root / "models") in str(state.message)
    assert "no model to check" in str(state.message)


def test_a_wrong_setting_fails_with_its_sentence(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETRAIN_STOER", "x")
    state: State[Any] = patrol(return_state=True)
    assert state.is_failed()
    assert "RETRAIN_STOER" in str(state.message)


def test_a_model_that_kills_the_patrol_hides_no_other_one_for_long() -> None:
    names = [f"m{number}" for number in range(20)]
    start = datetime(2026, 3, 2, tzinfo=UTC)
    turns = [in_turn(names, start + timedelta(hours=hour)) for hour in range(72)]
    assert all(sorted(turn) == sorted(names) for turn in turns)
    assert in_turn(names[::-1], start + timedelta(minutes=59)) == turns[0], "the same hour, the same order"
    for killer in names:
        reached = [set(turn[: turn.index(killer)]) for turn in turns]
        for name in set(names) - {killer}:
            assert sum(name in before for before in reached) >= 18, "about every second hour, even in a bad three days"
