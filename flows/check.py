"""Hourly: has the world changed? One drift check; emits `retrain.due` when a retrain is owed."""

import argparse
import sys
from typing import Any

from prefect import State, Task, flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import TaskRun
from prefect.events import emit_event
from prefect.states import Failed

from flows.shown import link, markdown
from retrain.errors import RetrainError, WorldError
from retrain.pipeline.check import CheckResult, check
from retrain.pipeline.pending import PendingResult, decide_pending
from retrain.pipeline.site import open_site
from retrain.settings import from_environment


def world_is_broken(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Only what may mend itself is worth a second try; a wrong word in a spec stays wrong."""
    return isinstance(state.data, WorldError | OSError)


@task(retries=2, retry_delay_seconds=60, retry_condition_fn=world_is_broken, cache_policy=NO_CACHE)
def judge(model: str) -> CheckResult | State[Any]:
    """The owed windows, judged; an error of ours as a state, since its sentence says more than its traceback."""
    try:
        return check(open_site(model, from_environment(), actor="flow check"))
    except RetrainError as error:
        return Failed(message=str(error), data=error)


@task(cache_policy=NO_CACHE)
def look_again(model: str) -> PendingResult | State[Any]:
    """The challenger that waits, if there is one, with what came since. Not tried again: the next hour looks, too."""
    try:
        return decide_pending(open_site(model, from_environment(), actor="flow check"))
    except RetrainError as error:
        return Failed(message=str(error), data=error)


@flow(name="check", persist_result=False)
def check_model(model: str, retries: int = 2) -> dict[str, Any] | State[Any]:
    """Look again at a challenger that waits for labels or people, and judge the owed windows of one model.

    Safe to run twice or late: the ledger says what is owed. The challenger comes first, since what it comes to may
    answer what the windows would ask for; and it is looked at also where no window can be read.
    """
    looked: State[Any] = look_again(model, return_state=True)
    if looked.is_completed() and looked.result().outcome != "nothing":
        for reason in looked.result().reasons:
            get_run_logger().info("%s: %s", model, reason)
    seen: State[Any] = judge.with_options(retries=retries)(model, return_state=True)
    if not seen.is_completed():
        # Said anew: Prefect words a state that is passed on as "1/1 states failed".
        return Failed(message=seen.message, data=seen.result(raise_on_failure=False))
    result: CheckResult = seen.result()
    for reason in result.reasons:
        get_run_logger().info("%s: %s", model, reason)
    markdown(_summary(result), kind="check", model=model, description=f"drift of {model}")
    if result.retrain:
        # A convenience: should it be lost, the next check finds the same thing due and says it again.
        emit_event("retrain.due", resource={"prefect.resource.id": f"retrain.model.{model}"}, payload=_due(result))
    if not looked.is_completed():
        return Failed(message=looked.message, data=looked.result(raise_on_failure=False))
    return result.model_dump(mode="json")


def _due(result: CheckResult) -> dict[str, Any]:
    """What `flows.automations` starts a retrain with."""
    return {
        "model": result.model,
        "cause": result.cause,
        "request": result.request,
        "reason": "; ".join(result.reasons),
        "reasons": list(result.reasons),
    }


def _summary(result: CheckResult) -> str:
    rows = [
        f"| {s.signal} | {s.value:.3f} | {s.threshold:.3f} | {'drifted' if s.drifted else ''} |" for s in result.signals
    ]
    report = link("drift report", result.report) if result.report else "no report"
    head = f"**{result.model}**: {result.state}, {result.window.rows} rows, {report}"
    reasons = [f"- {reason}" for reason in result.reasons]
    return "\n".join([head, "", *reasons, "", "| signal | score | threshold | |", "| --- | --- | --- | --- |", *rows])


def main() -> int:
    """One check in this process; the flow has logged what a person needs to know."""
    words = argparse.ArgumentParser(prog="python -m flows.check", description="One drift check through Prefect.")
    words.add_argument("model")
    try:
        check_model(words.parse_args().model)
    except RetrainError as error:
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main() if __package__ else "run it from the folder above flows/: python -m flows.check MODEL")
