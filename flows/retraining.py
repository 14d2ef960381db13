"""What happens when drift, the quarter or a person asks for a retrain? Dataset, training, evaluation, promotion."""

# Not named retrain.py: Prefect puts a flow's folder first in the search path, and the package would be hidden.

import argparse
import sys
from datetime import UTC, datetime
from typing import Any

from prefect import Flow, State, flow, get_run_logger
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext, get_run_context
from prefect.states import Completed, Failed

from flows.shown import Bar, key, link, markdown, table
from retrain.errors import RetrainError
from retrain.pipeline.claim import abandon
from retrain.pipeline.retrain import RunResult, retrain
from retrain.pipeline.site import Site, open_site
from retrain.service.queue_prefect import STOOD_ASIDE
from retrain.service.request import derived_request, runs_ended_before
from retrain.settings import from_environment
from retrain.store.state import Cause

UNSAID = "asked through Prefect"
NAMES = {
    "promoted": "Promoted",
    "held": "Held",
    "inconclusive": "Inconclusive",
    "refused": "Refused",
    "already_running": STOOD_ASIDE,
}
"""Outcome to the name of the completed state, so that a list of runs says what came of them."""


def cancelled(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001  Prefect names them
    """A person cancelled it: without this, the next check would take it for a run that died, and go on with it."""
    given = flow_run.parameters
    site = open_site(given["model"], from_environment(), actor="flow retrain")
    cause: Cause = given.get("cause") or "manual"
    at = flow_run.created or datetime.now(UTC)
    request = given.get("request") or _derived(site, cause, given.get("reason") or UNSAID, at)
    abandon(site, request, "cancelled in Prefect; what it had trained is not gone on with")


@flow(name="retrain", persist_result=False, on_cancellation=[cancelled])
def retrain_model(model: str, cause: Cause = "manual", reason: str = UNSAID, request: str | None = None) -> State[Any]:
    """One retrain. Two at once are one: the ledger's claim decides, not Prefect.

    Not retried here: a run that failed stands in the ledger, and the next check asks again, later each time. What it
    had trained is kept and used then.
    """
    logger, bar = get_run_logger(), Bar(model)

    def tell(stage: str, sentence: str) -> None:
        logger.info("%s: %s", stage, sentence)
        bar.at(stage, sentence)

    try:
        site = open_site(model, from_environment(), actor="flow retrain")
        # Asked in Prefect's UI or by its command there is no id: the same words are one request, as everywhere.
        asked = request or _derived(site, cause, reason, _asked_at())
        result = retrain(site, cause=cause, reason=reason, tell=tell, request=asked)
    except RetrainError as error:
        return Failed(message=str(error), data=error)
    for line in result.reasons:
        logger.info("%s: %s", result.outcome, line)
    table(_compared(result), name=key("comparison", model), description=f"champion against challenger: {model}")
    markdown(_summary(result), kind="retrain", model=model, description=f"retrain of {model}")
    bar.at("done", result.outcome)
    answer = result.model_dump(mode="json")
    return Completed(name=NAMES[result.outcome], message=result.reasons[0] if result.reasons else None, data=answer)


def _derived(site: Site, cause: Cause, reason: str, at: datetime) -> str:
    return derived_request(site.model, cause, reason, runs_ended_before(site.ledger, at))


def _asked_at() -> datetime:
    """When this run was asked for; it may have waited since."""
    context = get_run_context()
    assert isinstance(context, FlowRunContext)
    made = context.flow_run.created if context.flow_run else None
    return made or datetime.now(UTC)


def _summary(result: RunResult) -> str:
    lines = [
        f"**{result.model}**: {result.outcome}",
        "",
        *(f"- {reason}" for reason in (*result.reasons, *result.notes)),
    ]
    addresses = {"evaluation report": result.report, "model card": result.card}
    links = [link(name, address) for name, address in addresses.items() if address]
    return "\n".join([*lines, "", *links])


def _compared(result: RunResult) -> list[dict[str, Any]]:
    seen = result.comparison
    if seen is None:
        return []
    low, high = seen.difference.low, seen.difference.high
    interval = f"{low:+.3f} to {high:+.3f} ({seen.difference.confidence:.0%}), p {seen.p_value:.2g}"
    versions = {"champion": seen.champion_version or "the most frequent label", "challenger": result.version}
    return [
        {"": who, "version": versions[who], "rows": seen.rows, **metrics.model_dump(mode="json"), "difference": told}
        for who, metrics, told in (("champion", seen.champion, ""), ("challenger", seen.challenger, interval))
    ]


def main() -> int:
    """One retrain in this process; the flow has logged what a person needs to know."""
    words = argparse.ArgumentParser(prog="python -m flows.retraining", description="One retrain through Prefect.")
    words.add_argument("model")
    words.add_argument("reason", help="why; it stands in the ledger")
    given = words.parse_args()
    try:
        retrain_model(given.model, reason=given.reason)
    except RetrainError as error:
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main() if __package__ else "run it from the folder above flows/: python -m flows.retraining MODEL WHY")
