"""Hourly: has the world changed? One drift check; emits `retrain.due` when a retrain is owed."""

import sys
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event

from retrain.pipeline.check import CheckResult, check
from retrain.pipeline.site import open_site
from retrain.settings import from_environment


@flow(name="check", retries=2, retry_delay_seconds=60, persist_result=False)
def check_model(model: str) -> dict[str, Any]:
    """Judge the owed windows of one model. Safe to run twice or late: the ledger says what is owed."""
    result = check(open_site(model, from_environment(), actor="flow check"))
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


if __name__ == "__main__":
    check_model(sys.argv[1])
