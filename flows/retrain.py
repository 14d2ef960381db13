"""What happens when drift, the quarter or a person asks for a retrain? Dataset, training, evaluation, promotion."""

import sys
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact

from retrain.pipeline.retrain import RunResult, retrain
from retrain.pipeline.site import open_site
from retrain.settings import from_environment
from retrain.store.state import Cause


@flow(name="retrain", retries=1, retry_delay_seconds=300, persist_result=False)
def retrain_model(model: str, cause: Cause = "manual", reason: str = "asked through Prefect") -> dict[str, Any]:
    """One retrain. Two at once are one: the ledger's claim decides, not Prefect; a retry goes on where the run died."""
    logger = get_run_logger()

    def tell(stage: str, sentence: str) -> None:
        logger.info("%s: %s", stage, sentence)

    result = retrain(open_site(model, from_environment(), actor="flow retrain"), cause=cause, reason=reason, tell=tell)
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


if __name__ == "__main__":
    retrain_model(sys.argv[1], reason=" ".join(sys.argv[2:]) or "asked from the command line")
