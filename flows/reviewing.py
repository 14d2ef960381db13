"""How does a person approve or reject a challenger through Prefect? A run of its own; none waits for it."""

import argparse
import sys
from typing import Any

from prefect import State, flow, get_run_logger
from prefect.states import Failed

from retrain.errors import RetrainError
from retrain.pipeline.review_room import said_so_far
from retrain.pipeline.reviewing import conclude, verdict_word, waiting
from retrain.pipeline.site import open_site
from retrain.settings import from_environment


@flow(name="review", retries=0, persist_result=False)
def review_model(model: str, verdict: str, reviewer: str, reason: str) -> dict[str, Any] | State[Any]:
    """One verdict on the challenger that waits: approve or reject, by whom and why. An empty reviewer is refused."""
    try:
        site = open_site(model, from_environment(), actor="flow review")
        word = verdict_word(verdict)
        result = conclude(site, waiting(site), said_so_far(site), verdict=word, by=(reviewer, reason))
    except RetrainError as error:
        return Failed(message=str(error), data=error)
    get_run_logger().info("%s: verdict %s by %s", model, result.verdict, ", ".join(result.reviewers))
    return result.model_dump(mode="json")


def main() -> int:
    """One verdict in this process; the flow has logged what a person needs to know."""
    words = argparse.ArgumentParser(prog="python -m flows.reviewing", description="One verdict through Prefect.")
    words.add_argument("model")
    words.add_argument("verdict", help="approve or reject")
    words.add_argument("reviewer", help="who gives it")
    words.add_argument("reason", help="why; it stands in the ledger")
    given = words.parse_args()
    try:
        review_model(given.model, given.verdict, given.reviewer, given.reason)
    except RetrainError as error:
        return error.exit_status
    return 0


if __name__ == "__main__":
    how = "run it from the folder above flows/: python -m flows.reviewing MODEL VERDICT WHO WHY"
    sys.exit(main() if __package__ else how)
