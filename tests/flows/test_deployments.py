"""What is registered, on a real server with a real scheduler, and with real workers where it is run."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flows.automations import SILENT, automations
from flows.deployments import plans, register_all

from flows import deployments as registering
from retrain.errors import ServiceAway
from retrain.service.server_prefect import connected, scheduled
from servers.crew import Crew, until
from servers.needed import ROOT, free_port
from servers.prefect import prefect_environment, prefect_server

NAMES = {"drill/weekly", "patrol/hourly", "patrol/quarterly", "check/model", "retrain/model", "rollback/model"}
NAMES |= {"review/model"}
SCHEDULED = {"drill/weekly", "patrol/hourly", "patrol/quarterly"}


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    with prefect_server(tmp_path_factory.mktemp("prefect")) as server:
        yield Crew(server)


def held(crew: Crew) -> dict[str, dict[str, Any]]:
    """What the server has, less what it makes itself."""
    with connected(crew.server.api) as client:
        flows = {each.id: each.name for each in client.read_flows()}
        kept = {"entrypoint", "work_pool_name", "job_variables", "parameters", "parameter_openapi_schema"}
        kept |= {"description", "pull_steps", "paused", "tags", "concurrency_limit", "enforce_parameter_schema"}
        found = {}
        for each in client.read_deployments():
            schedules = [
                (one.slug, one.active, one.schedule.model_dump(mode="json", exclude={"day_or"}))
                for one in each.schedules
            ]
            content = each.model_dump(mode="json", include=kept)
            found[f"{flows[each.flow_id]}/{each.name}"] = {**content, "schedules": schedules}
        return found


def automatic(crew: Crew) -> dict[str, str]:
    with connected(crew.server.api) as client:
        return {each.name: str(each.id) for each in client.read_automations()}


def test_registered_twice_is_registered_once(crew: Crew) -> None:
    said = crew.register()
    before, watching = held(crew), automatic(crew)
    assert set(before) == NAMES
    assert crew.register() == said
    assert held(crew) == before
    assert automatic(crew) == watching, "an automation that is as wanted is not touched"
    assert [pool["name"] for pool in said["pools"]] == ["cpu", "gpu"]
    assert said["pools"][1]["limit"] >= 1
    assert said["pools"][0]["limit"] is None
    assert {name for name, each in before.items() if each["concurrency_limit"]} == set()
    assert {tick["deployment"] for tick in said["next"]} == SCHEDULED


def test_the_scheduler_is_alive_and_keeps_the_time_zone(crew: Crew) -> None:
    crew.register("Europe/Berlin")
    until(
        lambda: {each.deployment for each in scheduled(9, api=crew.server.api)} == SCHEDULED,
        what="a scheduled run of each schedule",
    )
    seen = {each.deployment: each.at for each in scheduled(9, api=crew.server.api)}
    assert set(seen) == SCHEDULED
    assert seen["patrol/hourly"].minute == 7
    # The first of a quarter begins in Berlin an hour or two before it does in UTC.
    assert (seen["patrol/quarterly"].hour, seen["patrol/quarterly"].minute) in ((22, 5), (23, 5))
    crew.register()


def test_what_an_operator_paused_or_chose_stays_so(crew: Crew) -> None:
    crew.register()
    with connected(crew.server.api) as client:
        client.pause_deployment(client.read_deployment_by_name("retrain/model").id)
        hourly = client.read_deployment_by_name("patrol/hourly")
        client.update_deployment_schedule(hourly.id, hourly.schedules[0].id, active=False)
        (silent,) = client.read_automations_by_name("retrain: crash runs that went silent")
        client.pause_automation(silent.id)
    said = register_all(timezone="UTC", gpu_count=3, api=crew.server.api)
    assert said["pools"][1]["limit"] == 3
    assert {each["name"] for each in said["deployments"] if each["paused"]} == {"retrain/model", "patrol/hourly"}
    assert {tick["deployment"] for tick in said["next"]} == SCHEDULED - {"patrol/hourly"}
    with connected(crew.server.api) as client:
        assert not client.read_automations_by_name(silent.name)[0].enabled
        client.resume_automation(silent.id)
        client.resume_deployment(client.read_deployment_by_name("retrain/model").id)
        hourly = client.read_deployment_by_name("patrol/hourly")
        client.update_deployment_schedule(hourly.id, hourly.schedules[0].id, active=True)


def test_an_automation_of_another_version_is_brought_up_to_date_and_copies_go(crew: Crew) -> None:
    crew.register()
    name = "retrain: crash runs that went silent"
    with connected(crew.server.api) as client:
        other = automations(client.read_deployment_by_name("retrain/model").id, silent=SILENT * 2)[1]
        (kept,) = client.read_automations_by_name(name)
        client.update_automation(kept.id, other)
        client.create_automation(other)
        assert len(client.read_automations_by_name(name)) == 2
        crew.register()
        (left,) = client.read_automations_by_name(name)
    assert left.trigger.within == SILENT  # type: ignore[union-attr]


def test_prefect_deploy_registers_the_same(crew: Crew) -> None:
    crew.register()
    before = held(crew)
    with connected(crew.server.api) as client:
        for each in client.read_deployments():
            client.delete_deployment(each.id)
    environment = prefect_environment(Path(crew.server.environment["PREFECT_HOME"]), crew.server.api)
    words = ["--no-prompt", "deploy", "--all", "--prefect-file", "deploy/prefect.yaml"]
    command = [sys.executable, "-m", "prefect", *words]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    assert held(crew) == before


def test_a_server_that_is_away_is_said_and_is_status_3(tmp_path: Path) -> None:
    away = f"http://127.0.0.1:{free_port()}/api"
    with pytest.raises(ServiceAway, match="cannot be reached"):
        register_all(timezone="UTC", api=away)
    environment = prefect_environment(tmp_path, away)
    command = [sys.executable, "-m", "flows.deployments", "--json"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"the Prefect server at {away} cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_gpus_are_counted_without_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        (tmp_path / "gpus" / f"0000:0{number}:00.0").mkdir(parents=True)
    monkeypatch.setattr(registering, "NVIDIA", tmp_path / "gpus")
    assert registering.gpus() == 3
    monkeypatch.setattr(registering, "NVIDIA", tmp_path / "none")
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: a (UUID: x)'\necho 'GPU 1: b (UUID: y)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert registering.gpus() == 2
    (tmp_path / "none").mkdir()
    assert registering.gpus() == 2
    program.write_text("#!/bin/sh\nexit 9\n")
    assert registering.gpus() == 0


def test_every_deployment_runs_what_its_name_says() -> None:
    assert {f"{plan.flow.name}/{plan.name}": (plan.entrypoint, plan.pool) for plan in plans("UTC")} == {
        "patrol/hourly": ("flows.patrol.patrol", "cpu"),
        "patrol/quarterly": ("flows.patrol.patrol", "cpu"),
        "drill/weekly": ("flows.drilling.drill_models", "cpu"),
        "check/model": ("flows.check.check_model", "cpu"),
        "retrain/model": ("flows.retraining.retrain_model", "gpu"),
        "rollback/model": ("flows.rollback.rollback_model", "cpu"),
        "review/model": ("flows.reviewing.review_model", "cpu"),
    }
