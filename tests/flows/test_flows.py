"""The flows, in this process, against a real Prefect server."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flows.check import check_model
from flows.retraining import retrain_model
from flows.rollback import rollback_model
from prefect import State
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterKey
from prefect.events import ReceivedEvent

from flows import check as check_flow
from retrain.errors import LogError, StoreError, UnknownVersion
from retrain.store.events import Promoted
from retrain.store.ledger import Draft
from shop import DAY, START, Messages, Shop

ROOT = Path(__file__).parents[2]

Said = Callable[[State[Any]], list[str]]
Events = Callable[[str], list[ReceivedEvent]]


def serve(shop: Shop, version: str) -> None:
    """Version becomes champion at the shop's time, as if promoted by hand."""
    event = Promoted(claim=None, version=version, over=None, snapshot="s" * 64)
    shop.site().ledger.append(lambda newest: Draft(event=event, reasons=("by hand",), actor="a test"))


def drifting(shop: Shop, messages: Messages) -> None:
    """A champion, three quiet days, and two that are not; all long ago, so that every window is owed."""
    serve(shop, "v" * 64)
    for day in range(3):
        shop.day(day, messages("base", day * 150, 150))
    for day in (3, 4):
        rows = messages("new_intent", day * 60, 90) + messages("base", day * 150, 60)
        ids = shop.day(day, rows, sure=0.6)
        shop.label(ids[90:], [row["label"] for row in rows[90:]], at=START + 5 * DAY)


def in_server(state: State[Any]) -> str:
    """How the run ended, as the server has it."""
    assert state.state_details.flow_run_id is not None
    with get_client(sync_client=True) as client:
        seen = client.read_flow_run(state.state_details.flow_run_id).state
    assert seen is not None
    return seen.type.value


def artifact(key: str, state: State[Any]) -> str:
    run = state.state_details.flow_run_id
    assert run is not None
    chosen = ArtifactFilter(key=ArtifactFilterKey(any_=[key]), flow_run_id=ArtifactFilterFlowRunId(any_=[run]))
    with get_client(sync_client=True) as client:
        (found,) = client.read_artifacts(artifact_filter=chosen)
    return str(found.data)


def test_a_check_judges_what_is_owed_says_why_and_emits_the_event(
    shop: Shop, messages: Messages, said: Said, events: Events
) -> None:
    drifting(shop, messages)
    state: State[Any] = check_model("shop", return_state=True)
    answer = state.result()
    assert (answer["model"], answer["windows"], answer["retrain"], answer["cause"]) == ("shop", 3, True, "drift")
    assert json.loads(json.dumps(answer)) == answer
    lines = said(state)
    assert [f"shop: {reason}" for reason in answer["reasons"]] == [line for line in lines if line.startswith("shop: ")]
    text = artifact("check-shop", state)
    assert text.startswith(f"**shop**: {answer['state']}, ")
    assert all(f"| {signal['signal']} |" in text for signal in answer["signals"])
    (event,) = events("retrain.due")
    assert event.resource.id == "retrain.model.shop"
    due = {name: answer[name] for name in ("model", "cause", "request", "reasons")}
    assert event.payload == {**due, "reason": "; ".join(answer["reasons"])}
    assert event.payload["request"], "the same need is asked for under one id"
    again = check_model("shop")
    assert isinstance(again, dict)
    assert (again["windows"], again["retrain"]) == (0, True), "the ledger says what is owed, and what is still due"


def test_a_check_without_enough_rows_is_done_and_says_so(shop: Shop, messages: Messages) -> None:
    shop.day(0, messages("base", 0, 50))
    state: State[Any] = check_model("shop", return_state=True)
    assert in_server(state) == "COMPLETED"
    assert state.result()["state"] == "insufficient_data"
    assert not state.result()["retrain"]


def test_a_wrong_word_fails_at_once_with_its_sentence(shop: Shop, said: Said) -> None:
    state: State[Any] = check_model("shop", return_state=True)
    assert in_server(state) == "FAILED"
    assert "production log" in str(state.message)
    with pytest.raises(LogError):
        state.result()
    lines = said(state)
    assert not any("Retry" in line or "Traceback" in line for line in lines)


def test_a_broken_store_is_tried_again_and_then_fails(
    shop: Shop, messages: Messages, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(3):
        shop.day(day, messages("base", day * 150, 150))
    (shop.root / "file").write_text("in the way")
    monkeypatch.setenv("RETRAIN_STORE", str(shop.root / "file" / "store"))
    monkeypatch.setattr(check_flow.judge, "retry_delay_seconds", 0)
    state: State[Any] = check_model("shop", return_state=True)
    assert in_server(state) == "FAILED"
    with pytest.raises(StoreError):
        state.result()
    assert sum("Retry" in line for line in said(state)) == 2


def test_a_refusal_is_a_result_not_a_failure(shop: Shop, messages: Messages, said: Said) -> None:
    shop.examples(messages("base", 0, 60))
    state: State[Any] = retrain_model("shop", reason="try", return_state=True)
    assert in_server(state) == "COMPLETED"
    assert state.name == "Refused", "a list of runs says what came of them"
    answer = state.result()
    assert answer["outcome"] == "refused"
    assert f"refused: {answer['reasons'][0]}" in said(state)
    assert f"- {answer['reasons'][0]}" in artifact("retrain-shop", state)
    assert [entry.actor for entry in shop.site().ledger.entries()] == ["flow retrain"] * 2


def test_a_retrain_whose_examples_are_gone_fails_at_once(shop: Shop, said: Said) -> None:
    state: State[Any] = retrain_model("shop", return_state=True)
    assert in_server(state) == "FAILED"
    assert "examples.csv" in str(state.message)
    assert not any("Retry" in line for line in said(state))


def test_a_rollback_without_a_champion_fails_with_our_sentence(shop: Shop) -> None:
    state: State[Any] = rollback_model("shop", reason="it was worse", return_state=True)
    assert in_server(state) == "FAILED"
    with pytest.raises(UnknownVersion, match="cannot be rolled back: no champion; nothing was changed"):
        state.result()
    assert list(shop.site().ledger.entries()) == []


def test_a_rollback_is_not_retried() -> None:
    assert rollback_model.retries == 0


def python(*words: str, server: str, shop: Shop) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **shop.environment, "PREFECT_API_URL": server}
    command = [sys.executable, *words]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=180)


def test_a_flow_run_by_its_module_shows_the_sentence_and_ends_with_our_status(shop: Shop, prefect_server: str) -> None:
    done = python("-m", "flows.rollback", "nobody", "it was worse", server=prefect_server, shop=shop)
    assert done.returncode == 2
    assert "no spec for model 'nobody'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_flow_run_by_its_file_says_how_to_run_it(shop: Shop, prefect_server: str) -> None:
    done = python("flows/retraining.py", "shop", "why", server=prefect_server, shop=shop)
    assert done.returncode == 1
    assert done.stderr == "run it from the folder above flows/: python -m flows.retraining MODEL WHY\n"


LOAD = """
import sys
from prefect.flows import load_flow_from_entrypoint
for entrypoint in sys.argv[1:]:
    print(load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False).name)
"""


def test_a_worker_can_load_every_flow_by_file_and_by_module(shop: Shop, prefect_server: str) -> None:
    named = {
        "check": "check_model",
        "drilling": "drill_models",
        "patrol": "patrol",
        "retraining": "retrain_model",
        "reviewing": "review_model",
        "rollback": "rollback_model",
    }
    files = [f"flows/{file}.py:{flow}" for file, flow in named.items()]
    modules = [f"flows.{file}.{flow}" for file, flow in named.items()]
    done = python("-c", LOAD, *files, *modules, server=prefect_server, shop=shop)
    assert done.stdout.split() == ["check", "drill", "patrol", "retrain", "review", "rollback"] * 2, done.stderr
