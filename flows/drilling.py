"""Weekly: can each model's drift monitor still be trusted? One drill after the other, on the models' own references."""

import argparse
import sys
from typing import Any

from prefect import State, flow, get_run_logger
from prefect.states import Completed, Failed

from flows.collecting import collected
from flows.shown import table
from retrain.errors import RetrainError
from retrain.pipeline import fleet
from retrain.pipeline.drill import DrillResult, drill_model
from retrain.pipeline.site import open_site, utc_now
from retrain.settings import from_environment


@flow(name="drill", persist_result=False)
def drill_models(models: list[str] | None = None) -> State[Any]:
    """Drill every model of RETRAIN_MODELS, or those named. Fails, at its end, when a drill failed."""
    try:
        settings = from_environment()
    except RetrainError as error:
        return Failed(message=str(error), data=error)
    names = fleet.in_turn(fleet.models(settings) if models is None else models, utc_now())
    answers: dict[str, DrillResult] = {}
    failed: dict[str, str] = {}
    for name in names:
        try:
            answers[name] = drill_model(open_site(name, settings, actor="flow drill"))
            # After it, once a week: what the spec lets go, if it lets anything go unattended.
            collected(name, settings)
        except (RetrainError, OSError) as error:
            # One model's trouble hides no other one's drill.
            failed[name] = str(error)
        for reason in answers[name].reasons if name in answers else (failed[name],):
            get_run_logger().info("%s: %s", name, reason)
    rows = [_row(name, answers.get(name), failed.get(name, "")) for name in sorted(names)]
    table(rows, name="drill", description="every model's drift monitor, as last drilled")
    told = {"models": sorted(names), "failed": failed}
    propose = sorted(name for name, answer in answers.items() if answer.propose_only)
    if failed:
        sentence = "; ".join(f"{name}: {why}" for name, why in sorted(failed.items()))
        return Failed(message=f"{len(failed)} of {len(names)} drills failed: {sentence}", data=told)
    only = f"; drift only proposes for {', '.join(propose)}" if propose else ""
    return Completed(message=f"{len(names)} models drilled{only}", data={**told, "propose_only": propose})


def _row(name: str, answer: DrillResult | None, failed: str) -> dict[str, Any]:
    found = answer.drill if answer else None
    return {
        "model": name,
        "outcome": answer.outcome if answer else "failed",
        "false alarms a year": f"{found.per_year:.2g} ({found.low:.2g} to {found.high:.2g})" if found else "",
        "drift may": "propose" if answer and answer.propose_only else "ask for a retrain",
        "reasons": "; ".join(answer.reasons) if answer else failed,
    }


def main() -> int:
    """One round of drills in this process; the flow has logged what a person needs to know."""
    words = argparse.ArgumentParser(prog="python -m flows.drilling", description="Drills through Prefect.")
    words.add_argument("models", nargs="*", help="names of models (default: all that have a spec)")
    given = words.parse_args()
    ended: State[Any] = drill_models(given.models or None, return_state=True)
    return 0 if ended.is_completed() else 3


if __name__ == "__main__":
    sys.exit(main() if __package__ else "run it from the folder above flows/: python -m flows.drilling [MODEL ...]")
