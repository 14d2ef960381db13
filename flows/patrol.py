"""Hourly: how is every model? One check after the other; a model that is broken stops no other one."""

import argparse
import sys
from datetime import datetime
from typing import Any

from prefect import State, flow, get_run_logger
from prefect.states import Completed, Failed

from flows.check import check_model
from flows.probation import on_probation
from flows.shown import table
from retrain.errors import RetrainError
from retrain.pipeline import fleet
from retrain.pipeline.site import open_site, utc_now
from retrain.pipeline.status import ModelStatus, status
from retrain.settings import Settings, from_environment

Row = dict[str, Any]


@flow(name="patrol", persist_result=False)
def patrol(models: list[str] | None = None) -> State[Any]:
    """Check every model of RETRAIN_MODELS, or those named. Safe to run twice, late or many at once: see `check`.

    Fails, at its end, when a check failed; the hour after, all of them are tried again.
    """
    try:
        settings = from_environment()
    except RetrainError as error:
        return Failed(message=str(error), data=error)
    names = fleet.in_turn(fleet.models(settings) if models is None else models, utc_now())
    if not names:
        sentence = f"no model to check: no spec in {settings.models}; `retrain init MODEL` writes one"
        get_run_logger().warning(sentence)
        return Completed(message=sentence, data={"models": [], "failed": {}})
    rows: list[Row] = []
    failed: dict[str, str] = {}
    for name in names:
        # No second tries here: a store that is away would hold up each model in turn, and an hour later is soon enough.
        # Before the check: where a probation ends, the check moves the drift reference in the same hour.
        trouble = on_probation(name, settings)
        seen: State[Any] = check_model(name, retries=0, return_state=True)
        if not seen.is_completed():
            failed[name] = seen.message or "no reason given"
        elif trouble:
            failed[name] = trouble
        rows.append(_row(name, settings, failed.get(name)))
    table(sorted(rows, key=lambda row: str(row["model"])), name="patrol", description="every model, as last checked")
    return _ended(names, failed)


def _ended(names: list[str], failed: dict[str, str]) -> State[Any]:
    answer = {"models": sorted(names), "failed": failed}
    if not failed:
        return Completed(message=f"{len(names)} models checked", data=answer)
    told = "; ".join(f"{name}: {sentence}" for name, sentence in sorted(failed.items()))
    return Failed(message=f"{len(failed)} of {len(names)} checks failed: {told}", data=answer)


def _row(name: str, settings: Settings, sentence: str | None) -> Row:
    """One line of the table. Whatever is wrong with this model stands in its own line.

    Read from the ledger: what a subflow returned is lost when the server's answer to its end comes late.
    """
    try:
        seen = status(open_site(name, settings))
    except (RetrainError, OSError, ValueError) as error:
        return {"model": name, "state": "failed", "reasons": sentence or str(error)}
    return {
        "model": name,
        "state": "failed" if sentence else _state(seen),
        "champion age": f"{seen.age_days:.1f} d" if seen.age_days is not None else "no champion",
        "last check": _shown(seen.last_check),
        "retrain due": "yes" if seen.retrain_due else "no",
        "reasons": sentence or "; ".join(seen.reasons),
    }


def _state(seen: ModelStatus) -> str:
    """As just checked: a check that found too few rows for a reference leaves no entry."""
    return "insufficient_data" if seen.state == "never_checked" else seen.state


def _shown(stamp: datetime | None) -> str:
    return f"{stamp:%Y-%m-%d %H:%M} UTC" if stamp else "never"


def main() -> int:
    """One patrol in this process; the flow has logged what a person needs to know."""
    words = argparse.ArgumentParser(prog="python -m flows.patrol", description="One round of checks through Prefect.")
    words.add_argument("models", nargs="*", help="names of models (default: all that have a spec)")
    given = words.parse_args()
    ended: State[Any] = patrol(given.models or None, return_state=True)
    return 0 if ended.is_completed() else 3


if __name__ == "__main__":
    sys.exit(main() if __package__ else "run it from the folder above flows/: python -m flows.patrol [MODEL ...]")
