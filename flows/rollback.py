"""How does a person undo a promotion through Prefect? The champion goes back to its predecessor."""

import argparse
import sys
from typing import Any

from prefect import State, flow, get_run_logger
from prefect.states import Failed

from retrain.errors import RetrainError
from retrain.pipeline.rollback import rollback
from retrain.pipeline.site import open_site
from retrain.settings import from_environment


@flow(name="rollback", retries=0, persist_result=False)
def rollback_model(model: str, reason: str) -> dict[str, Any] | State[Any]:
    """One rollback. Not retried: a second one would go back one version further."""
    try:
        result = rollback(open_site(model, from_environment(), actor="flow rollback"), reason=reason)
    except RetrainError as error:
        return Failed(message=str(error), data=error)
    get_run_logger().info("%s: %s is champion, in place of %s", model, result.version, result.withdrawn)
    return result.model_dump(mode="json")


def main() -> int:
    """One rollback in this process; the flow has logged what a person needs to know."""
    words = argparse.ArgumentParser(prog="python -m flows.rollback", description="One rollback through Prefect.")
    words.add_argument("model")
    words.add_argument("reason", help="why; it stands in the ledger")
    given = words.parse_args()
    try:
        rollback_model(given.model, reason=given.reason)
    except RetrainError as error:
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main() if __package__ else "run it from the folder above flows/: python -m flows.rollback MODEL WHY")
