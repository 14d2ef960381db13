"""Hourly, within the patrol: does a new champion keep its promise in production? One that does not is rolled back."""

from prefect import get_run_logger
from prefect.events import emit_event

from flows.shown import beside_the_work
from retrain.errors import RetrainError
from retrain.pipeline.probation import ProbationResult, probation
from retrain.pipeline.site import open_site
from retrain.settings import Settings


def on_probation(model: str, settings: Settings) -> str | None:
    """One look at one model; returns what went wrong, in a sentence, so that no other model has to wait for it."""
    try:
        seen = probation(open_site(model, settings, actor="flow probation"))
    except (RetrainError, OSError, ValueError) as error:
        return f"probation: {error}"
    if seen.entry is not None:
        for reason in seen.reasons:
            get_run_logger().info("%s: %s", model, reason)
        with beside_the_work():
            _told(seen)
    return None


def _told(seen: ProbationResult) -> None:
    """For whoever listens: what counts stands in the ledger."""
    payload = seen.model_dump(mode="json", include={"model", "version", "predecessor", "state", "reasons"})
    resource = {"prefect.resource.id": f"retrain.model.{seen.model}"}
    emit_event(f"retrain.probation.{seen.state}", resource=resource, payload=payload)
