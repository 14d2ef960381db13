"""Does a built image run as it must: not root, on a closed file system, not without its secrets?

IMAGE=retrain:0.1.0 pytest tests/deploy/test_image.py -m slow       with podman or docker; it is not built here.
"""

import json
import os
import resource
import shutil
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from servers.needed import ROOT, free_port

pytestmark = pytest.mark.slow

IMAGE = os.environ.get("IMAGE", "")
RUNTIME = shutil.which("podman") or shutil.which("docker") or ""
CLOSED = ["--read-only", "--tmpfs", "/tmp", "--cap-drop=ALL", "--security-opt", "no-new-privileges"]
PATIENCE_SECONDS = 90.0

if not (IMAGE and RUNTIME):
    pytest.skip("IMAGE names no image, or neither podman nor docker is installed", allow_module_level=True)


def start(name: str, *words: str) -> list[str]:
    """The command that runs one container as compose.yaml does."""
    limits = []
    for what, kind in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC)):
        # No more than there is here: a runtime inside another container may not raise them.
        most = min(each for each in (*resource.getrlimit(kind), 20_000) if each > 0)
        limits += ["--ulimit", f"{what}={most}:{most}"]
    # Our own health check comes from outside; podman wants systemd for its own.
    health = ["--no-healthcheck"]
    return [RUNTIME, "run", "--rm", "--network=host", "--name", name, *limits, *health, *CLOSED, *words]


def told(*words: str) -> "subprocess.CompletedProcess[str]":
    command = start(f"retrain-test-{free_port()}", IMAGE, *words)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)


def test_it_is_not_root_and_cannot_change_itself() -> None:
    said = told(
        "sh", "-c", "id -u; touch /opt/retrain/x /usr/x /data/x 2>/dev/null || echo closed; touch /tmp/x && echo open"
    )
    assert said.stdout.split() == ["10001", "closed", "open"]


def test_everything_at_once_does_not_start_without_its_secrets() -> None:
    command = start(f"retrain-test-{free_port()}", IMAGE)
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert said.returncode == 2
    assert "RETRAIN_TOKEN" in said.stderr
    assert "PREFECT_SERVER_API_AUTH_STRING" in said.stderr


def test_it_holds_the_versions_of_the_lock_and_no_installer() -> None:
    show = "import importlib.metadata as m, json; "
    show += "print(json.dumps({each.name.lower(): each.version for each in m.distributions()}))"
    installed = json.loads(told("python", "-c", show).stdout)
    assert "pip" not in installed
    lock = [line.partition("==") for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if "==" in line]
    pins = {name.lower(): version for name, _, version in lock if not name.startswith("#")}
    # 2.13.0+cpu is 2.13.0, built for this kind of machine.
    differing = {
        name: found
        for name, found in installed.items()
        if found.partition("+")[0] != pins.get(name, found.partition("+")[0])
    }
    assert differing == {}
    assert {"prefect", "torch", "boto3"} <= set(installed)


def test_its_layers_name_no_index_and_no_secret() -> None:
    shown = subprocess.run([RUNTIME, "history", "--no-trunc", IMAGE], capture_output=True, text=True, check=True).stdout
    inside = subprocess.run([RUNTIME, "inspect", IMAGE], capture_output=True, text=True, check=True).stdout
    for text in (shown, inside):
        assert "index-url" not in text.replace('--extra-index-url "${TORCH_INDEX}"', "")
        assert "PASSWORD=" not in text
        assert "RETRAIN_TOKEN=" not in text


def test_the_exporter_serves_those_who_show_the_secret_and_ends_when_told(tmp_path: Path) -> None:
    secret, port, name = "a secret of enough characters", free_port(), f"retrain-test-{free_port()}"
    (tmp_path / "token").write_text(secret.replace(" ", "-"))
    (tmp_path / "token").chmod(0o444)
    words = [
        "--env",
        "RETRAIN_TOKEN_FILE=/run/secrets/token",
        "--volume",
        f"{tmp_path / 'token'}:/run/secrets/token:ro",
    ]
    command = start(name, *words, IMAGE, "retrain", "exporter", "--host", "0.0.0.0", "--port", str(port))
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        end = time.monotonic() + PATIENCE_SECONDS
        while not (status := _status(port)) and time.monotonic() < end and process.poll() is None:
            time.sleep(0.2)
        assert status == 200, (tmp_path / "log").read_text()
        place = f"http://127.0.0.1:{port}/metrics"
        shown = {"Authorization": "Bearer " + secret.replace(" ", "-")}
        assert httpx.get(place, timeout=30, trust_env=False).status_code == 401
        assert httpx.get(place, headers=shown, timeout=30, trust_env=False).status_code == 200
    finally:
        subprocess.run([RUNTIME, "stop", "--time", "20", name], capture_output=True, check=False)
        # 137 would be the kill after the time to end had passed.
        assert process.wait(60) in (0, 143)


def _status(port: int) -> int:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5, trust_env=False).status_code
    except httpx.TransportError:
        return 0
