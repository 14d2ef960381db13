"""Are the deployment files valid, by the word of the tools that read such files? And would a mistake be seen?"""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.files import COMPOSE_FILE, DEPLOY, DOCKERFILE, FOREIGN, JOB_TEMPLATE, MANIFESTS, UNITS
from servers.needed import ROOT, needed

TOOLS = Path(sys.executable).parent
MOST_EXPOSED = 2.5
"""Of 10 points of `systemd-analyze security`, which calls everything below 4 OK; a service without settings has 9.6."""
CHECKED = [path for path in MANIFESTS if path.name != "servicemonitor.example.yaml"]


def told(command: Sequence[str | Path]) -> tuple[int, str, str]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr


def in_place(unit: Path, folder: Path, text: str | None = None) -> Path:
    """A unit as it would be installed here: systemd asks whether the programs exist."""
    there = (text or unit.read_text("utf-8")).replace("/opt/retrain/bin", str(TOOLS))
    place = folder / unit.name.replace("@.", "@gpu.")
    place.write_text(there)
    return place


def rendered_job() -> dict[str, Any]:
    """The job as the worker makes it from the template's defaults."""
    template = json.loads(JOB_TEMPLATE.read_text("utf-8"))
    given = {name: about.get("default") for name, about in template["variables"]["properties"].items()}
    given |= {"env": [{"name": "A", "value": "b"}], "labels": {"a": "b"}, "annotations": {"a": "b"}}
    given["command"] = ["prefect", "flow-run", "execute"]

    def filled(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: filled(value) for name, value in part.items()}
        if isinstance(part, list):
            return [filled(each) for each in part]
        if not isinstance(part, str):
            return part
        whole = re.fullmatch(r"\{\{ (\w+) \}\}", part)
        return given[whole[1]] if whole else re.sub(r"\{\{ (\w+) \}\}", lambda found: str(given[found[1]]), part)

    job: dict[str, Any] = filled(template["job_configuration"]["job_manifest"])
    job["metadata"]["name"] = job["metadata"].pop("generateName") + "x"
    return job


def test_hadolint_has_nothing_to_say() -> None:
    assert told([TOOLS / "hadolint", DOCKERFILE]) == (0, "", "")


def test_hadolint_would_see_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE.read_text("utf-8") + "RUN cd /x && sudo ls\n")
    assert told([TOOLS / "hadolint", tmp_path / "Dockerfile"])[0] != 0


def test_compose_fits_its_schema() -> None:
    status, said, _ = told([TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE_FILE])
    assert status == 0, said


def test_a_mistake_in_compose_is_seen(tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(COMPOSE_FILE.read_text("utf-8").replace("stop_grace_period", "stop_grace_time"))
    assert told([TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", wrong])[0] != 0


def test_kubernetes_takes_every_manifest() -> None:
    status, said, errors = told([TOOLS / "kubernetes-validate", "--strict", *CHECKED])
    assert status == 0, said + errors
    count = sum(len(list(yaml.safe_load_all(path.read_text("utf-8")))) for path in CHECKED)
    assert (said + errors).count("passed for resource") == count


def test_only_foreign_kinds_are_left_out() -> None:
    left = [each for path in set(MANIFESTS) - set(CHECKED) for each in yaml.safe_load_all(path.read_text("utf-8"))]
    assert {each["kind"] for each in left} == FOREIGN


def test_kubernetes_takes_the_job_of_a_retrain(tmp_path: Path) -> None:
    place = tmp_path / "job.json"
    place.write_text(json.dumps(rendered_job()))
    status, said, errors = told([TOOLS / "kubernetes-validate", "--strict", place])
    assert status == 0, said + errors


def test_a_mistake_in_a_manifest_is_seen(tmp_path: Path) -> None:
    place = tmp_path / "webhook.yaml"
    right = (DEPLOY / "kubernetes" / "webhook.yaml").read_text("utf-8")
    place.write_text(right.replace("enableServiceLinks", "enableServiceLink"))
    assert told([TOOLS / "kubernetes-validate", "--strict", place])[0] != 0


@pytest.mark.parametrize("unit", [*UNITS, DEPLOY / "systemd" / "retrain.target"], ids=lambda path: path.name)
def test_systemd_has_nothing_to_say(unit: Path, tmp_path: Path) -> None:
    for each in UNITS:
        in_place(each, tmp_path)
    # It returns 0 on keys that it ignores: only silence is a yes.
    assert told([needed("systemd-analyze"), "verify", in_place(unit, tmp_path)]) == (0, "", "")


def test_systemd_would_see_a_mistake(tmp_path: Path) -> None:
    (unit, *_) = UNITS
    wrong = unit.read_text("utf-8").replace("ProtectSystem=", "ProtectSytem=")
    assert "ProtectSytem" in told([needed("systemd-analyze"), "verify", in_place(unit, tmp_path, wrong)])[2]


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_is_little_exposed(unit: Path, tmp_path: Path) -> None:
    asked: list[str | Path] = [
        "security",
        "--offline=true",
        f"--threshold={MOST_EXPOSED * 10:.0f}",
        in_place(unit, tmp_path),
    ]
    status, said, errors = told([needed("systemd-analyze"), *asked])
    assert status == 0, said[-200:] + errors


def test_units_are_hardened_alike() -> None:
    about = ("ExecStart", "Type", "Restart", "Timeout", "Environment", "Kill", "OOM", "Remain", "WorkingDirectory")
    kept = []
    for unit in UNITS:
        service = unit.read_text("utf-8").partition("[Service]")[2].partition("[Install]")[0]
        lines = {line for line in service.splitlines() if "=" in line and not line.startswith(("#", " ", *about))}
        kept.append({line for line in lines if not line.startswith(("PrivateDevices", "DevicePolicy", "DeviceAllow"))})
    assert all(each == kept[0] for each in kept)
    assert {"User=retrain", "NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes"} <= kept[0]
    # It would hide the boot id, without which no claim in the ledger can be judged but by its age.
    assert not any(line.startswith("ProcSubset") for line in kept[0])


def test_secrets_come_from_files_that_only_their_part_reads() -> None:
    read = {unit.stem: re.findall(r"^EnvironmentFile=-?(\S+)", unit.read_text("utf-8"), re.MULTILINE) for unit in UNITS}
    place = "/etc/retrain"
    assert [name for name, files in read.items() if f"{place}/server.env" in files] == ["retrain-server", "retrain"]
    assert [name for name, files in read.items() if f"{place}/webhook.env" in files] == ["retrain-webhook", "retrain"]
    assert all(f"{place}/retrain.env" in files for files in read.values())
    examples = {f"{place}/{path.name.removesuffix('.example')}" for path in (DEPLOY / "systemd").glob("*.env.example")}
    assert {file for files in read.values() for file in files} == examples
