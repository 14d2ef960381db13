"""What happens when drift, the quarter or a person asks for a retrain? Dataset, training, evaluation, promotion."""

# Not named retrain.py: Prefect puts a flow's folder first in the search path, and the package would be hidden.

import argparse
import sys
from typing import Any

from prefect import State, flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.states import Failed

from retrain.errors import RetrainError
from retrain.pipeline.retrain import RunResult, retrain
from retrain.pipeline.site import open_site
from retrain.settings import from_environment
from retrain.store.state import Cause


@flow(name="retrain", persist_result=False)
def retrain_model(
    model: str, cause: Cause = "manual", reason: str = "asked through Prefect"
) -> dict[str, Any] | State[Any]:
    """One retrain. Two at once are one: the ledger's claim decides, not Prefect.

    Not retried here: a run that failed stands in the ledger, and the next check asks again, later each time. What it
    had trained is kept and used then.
    """
    logger = get_run_logger()

    def tell(stage: str, sentence: str) -> None:
        logger.info("%s: %s", stage, sentence)

    try:
        site = open_site(model, from_environment(), actor="flow retrain")
        result = retrain(site, cause=cause, reason=reason, tell=tell)
    except RetrainError as error:
        return Failed(message=str(error), data=error)
    for line in result.reasons:
        logger.info("%s: %s", result.outcome, line)
    create_markdown_artifact(
        _summary(result), key=f"retrain-{model.replace('_', '-')}", description=f"retrain of {model}"
    )
    return result.model_dump(mode="json")


def _summary(result: RunResult) -> str:
    lines = [f"**{result.model}**: {result.outcome}", "", *(f"- {reason}" for reason in result.reasons)]
    addresses = {"evaluation": result.report, "model card": result.card}
    return "\n".join([*lines, "", *(f"{name}: {address}" for name, address in addresses.items() if address)])


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
