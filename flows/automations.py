"""What does the server do by itself? It answers `retrain.due`, and ends runs that only look alive."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from flows.retraining import NAMES

OURS = ("check", "drill", "patrol", "retrain", "rollback")
"""Other flows of the same server may send no heartbeats, or slower ones, and are left alone."""

SILENT = timedelta(seconds=90)
"""Three heartbeats of 30 seconds (`flows.deployments.ENVIRONMENT`); Prefect takes no shorter ones."""

STUCK = timedelta(minutes=10)
"""From the moment a worker takes a run until it runs: a process starts in seconds, a container in a few minutes."""

ENDS = ("Completed", "Failed", "Crashed", "Cancelled", *NAMES.values())
"""Prefect names its events after the names of states, so those that our flows give belong here."""


def automations(retrain: UUID, *, silent: timedelta = SILENT, stuck: timedelta = STUCK) -> tuple[AutomationCore, ...]:
    """All of them; `retrain` is the deployment that answers a `retrain.due`."""
    return (_due(retrain), _zombies(silent), _stuck(stuck))


def register(client: SyncPrefectClient, wanted: AutomationCore) -> UUID:
    """Create or update by name; spare copies, left by two that registered at once, are removed.

    One that is as wanted is not touched: an update makes the server forget the runs that it is watching.
    """
    found = sorted(client.read_automations_by_name(wanted.name), key=lambda each: str(each.id))
    if not found:
        return client.create_automation(wanted)
    kept, *spare = found
    for each in spare:
        client.delete_automation(each.id)
    # Whether it is switched on is the operator's word.
    wanted = wanted.model_copy(update={"enabled": kept.enabled})
    if _said(kept) != _said(wanted):
        client.update_automation(kept.id, wanted)
    return kept.id


def _said(automation: AutomationCore) -> dict[str, Any]:
    said = AutomationCore.model_validate(automation.model_dump(include=set(AutomationCore.model_fields)))
    content = said.model_dump(mode="json", include={"description", "trigger", "actions"})
    # The server names each trigger anew, and sets have no order.
    content["trigger"] = {key: _ordered(value) for key, value in content["trigger"].items() if key != "id"}
    return content


def _ordered(value: Any) -> Any:
    return sorted(map(str, value)) if isinstance(value, list) else value


def _due(retrain: UUID) -> AutomationCore:
    """An event answered twice is harmless: the second run finds the ledger's claim, or nothing left to do."""
    fields = ("model", "cause", "reason", "request")
    parameters = {name: {"__prefect_kind": "jinja", "template": f"{{{{ event.payload.{name} }}}}"} for name in fields}
    return AutomationCore(
        name="retrain: answer retrain.due",
        description="A check found a retrain due: run it. What is due, and that it happens once, stands in the ledger.",
        trigger=EventTrigger(
            expect={"retrain.due"},
            match={"prefect.resource.id": "retrain.model.*"},
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[RunDeployment(source="selected", deployment_id=retrain, parameters=parameters)],
    )


def _zombies(silent: timedelta) -> AutomationCore:
    """Worker and run killed together leave nobody who would say so."""
    return AutomationCore(
        name="retrain: crash runs that went silent",
        description="A run whose heartbeats stopped is dead: it must not stay Running and hold a place in its pool.",
        # From its start on: one that is killed at once has had no heartbeat yet.
        trigger=_absent(after=("Running", "heartbeat"), expect=("heartbeat", *ENDS), within=silent),
        actions=[_crashed(f"no heartbeat for {silent.total_seconds():.0f} s: its process is gone")],
    )


def _stuck(stuck: timedelta) -> AutomationCore:
    """A worker that dies between taking a run and starting it leaves it Pending, where no worker looks again."""
    return AutomationCore(
        name="retrain: crash runs that never started",
        description="A run that a worker took and never started is lost: the next check or ask makes another.",
        trigger=_absent(after=("Pending",), expect=("Running", *ENDS), within=stuck),
        actions=[_crashed(f"taken by a worker and not started within {stuck.total_seconds():.0f} s")],
    )


def _absent(*, after: tuple[str, ...], expect: tuple[str, ...], within: timedelta) -> EventTrigger:
    return EventTrigger(
        after={f"prefect.flow-run.{each}" for each in after},
        expect={f"prefect.flow-run.{each}" for each in expect},
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related={"prefect.resource.role": "flow", "prefect.resource.name": list(OURS)},
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=within,
    )


def _crashed(message: str) -> ChangeFlowRunState:
    return ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message=message)
