"""How does a person undo a promotion through Prefect? The champion goes back to its predecessor."""

import sys
from typing import Any

from prefect import flow, get_run_logger

from retrain.pipeline.rollback import rollback
from retrain.pipeline.site import open_site
from retrain.settings import from_environment


@flow(name="rollback", persist_result=False)
def rollback_model(model: str, reason: str) -> dict[str, Any]:
    """One rollback. Not retried: a second one would go back one version further."""
    result = rollback(open_site(model, from_environment(), actor="flow rollback"), reason=reason)
    get_run_logger().info("%s: %s is champion, in place of %s", model, result.version, result.withdrawn)
    return result.model_dump(mode="json")


if __name__ == "__main__":
    rollback_model(sys.argv[1], reason=" ".join(sys.argv[2:]))
