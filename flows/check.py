"""Hourly: has the world changed? One drift check; emits `retrain.due` when a retrain is owed."""

import argparse
import sys
from typing import Any

from prefect import State, Task, flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import TaskRun
from prefect.events import emit_event
from prefect.states import Failed

from retrain.errors import RetrainError, WorldError
from retrain.pipeline.check import CheckResult, check
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


@flow(name="check", persist_result=False)
def check_model(model: str) -> dict[str, Any] | State[Any]:
    """Judge the owed windows of one model. Safe to run twice or late: the ledger says what is owed."""
    seen: State[Any] = judge(model, return_state=True)
    if not seen.is_completed():
        # Said anew: Prefect words a state that is passed on as "1/1 states failed".
        return Failed(message=seen.message, data=seen.result(raise_on_failure=False))
    result: CheckResult = seen.result()
    for reason in result.reasons:
        get_run_logger().info("%s: %s", model, reason)
    create_markdown_artifact(_summary(result), key=f"check-{model.replace('_', '-')}", description=f"drift of {model}")
    if result.retrain:
        # A convenience: should it be lost, the next check finds the same thing due and says it again.
        emit_event(
            "retrain.due",
            resource={"prefect.resource.id": f"retrain.model.{model}"},
            payload={"model": model, "cause": result.cause, "reasons": list(result.reasons)},
        )
    return result.model_dump(mode="json")


def _summary(result: CheckResult) -> str:
    rows = [
        f"| {s.signal} | {s.value:.3f} | {s.threshold:.3f} | {'drifted' if s.drifted else ''} |" for s in result.signals
    ]
    head = f"**{result.model}**: {result.state}, {result.window.rows} rows, report: {result.report or 'none'}"
    return "\n".join([head, "", "| signal | score | threshold | |", "| --- | --- | --- | --- |", *rows])


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
