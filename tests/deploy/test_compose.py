"""Does compose.yaml hang together: what it mounts, opens, waits for, and the copies of settings?"""

import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.files import DEPLOY, compose, ours
from servers.needed import ROOT, needed

SERVICES: dict[str, Any] = compose()["services"]
THEIRS = {name: each for name, each in SERVICES.items() if name not in ours()}
SECRETS: dict[str, Any] = compose()["secrets"]
ELSEWHERE = {
    # As deploy/ says it for one machine, and as it is called in the network of compose.yaml.
    "127.0.0.1:9464": "exporter:9464",
    "127.0.0.1:4200": "server:4200",
    "127.0.0.1:9093": "alertmanager:9093",
    "http://127.0.0.1:9095/alerts": "http://host.docker.internal:9095/alerts",
    "recording.rules.yml": "/etc/prometheus/rules/recording.rules.yml",
    "alerts.rules.yml": "/etc/prometheus/rules/alerts.rules.yml",
    "/etc/alertmanager/people.token": "/run/secrets/people_token",
}


def moved(part: Any) -> Any:
    """The same settings, with the addresses of compose.yaml."""
    if isinstance(part, dict):
        return {name: moved(value) for name, value in part.items()}
    if isinstance(part, list):
        return [moved(each) for each in part]
    return ELSEWHERE.get(part, part) if isinstance(part, str) else part


def settings(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text("utf-8")))


def mounts() -> list[tuple[str, str]]:
    return [(name, volume) for name, each in SERVICES.items() for volume in each.get("volumes", [])]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_comes_back_is_asked_for_its_health_and_gains_no_rights(name: str) -> None:
    service = SERVICES[name]
    once = name == "deployments"
    assert service["restart"] == ("on-failure" if once else "unless-stopped")
    assert ("disable" in service["healthcheck"]) == once
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    if name in ours():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize(
    ("name", "port"), [(name, port) for name, s in SERVICES.items() for port in s.get("ports", [])]
)
def test_ports_are_opened_on_the_loopback_only(name: str, port: str) -> None:
    assert re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port), name


def test_images_of_others_have_a_version() -> None:
    for name, each in THEIRS.items():
        assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+(\.\d+)?", each["image"]), name
    assert {each["image"] for each in ours().values()} == {"${IMAGE:-retrain:0.1.0}"}


@pytest.mark.parametrize(("name", "volume"), mounts())
def test_what_is_mounted_is_there(name: str, volume: str) -> None:
    source = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", volume).partition(":")[0]
    if source.startswith("."):
        assert (DEPLOY / source).exists(), name
        assert volume.endswith(":ro"), name
    else:
        assert source in compose()["volumes"], name


def test_grafana_gets_every_dashboard_and_nothing_else() -> None:
    given = {volume.partition(":")[0] for volume in SERVICES["grafana"]["volumes"] if "dashboards/" in volume}
    assert given - {"./grafana/provisioning"} == {
        f"../dashboards/{path.name}" for path in (ROOT / "dashboards").glob("*.json")
    }


def test_grafana_is_told_what_its_provisioning_asks_for() -> None:
    texts = [path.read_text("utf-8") for path in (DEPLOY / "grafana").rglob("*.yaml")]
    asked = {name for text in texts for name in re.findall(r"^[^#]*\$([A-Z_]+)", text, flags=re.MULTILINE)}
    assert asked
    assert asked <= set(SERVICES["grafana"]["environment"])


def test_grafanas_password_is_a_secret_and_nobody_else_gets_in() -> None:
    told = SERVICES["grafana"]["environment"]
    assert told["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/run/secrets/grafana_password"
    assert "grafana_password" in SERVICES["grafana"]["secrets"]
    assert told["GF_AUTH_ANONYMOUS_ENABLED"] == told["GF_USERS_ALLOW_SIGN_UP"] == "false"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_the_secrets_that_it_reads_and_no_other(name: str) -> None:
    service = SERVICES[name]
    told = [str(value) for value in service.get("environment", {}).values()]
    for volume in service.get("volumes", []):
        source = DEPLOY / volume.partition(":")[0]
        told += [source.read_text("utf-8")] if source.is_file() and "compose" in source.parts else []
    read = {secret for text in told for secret in re.findall(r"/run/secrets/(\w+)", text)}
    assert read == set(service.get("secrets", []))
    assert read <= set(SECRETS)


def test_workers_are_told_apart() -> None:
    hosts = {name: each["hostname"] for name, each in SERVICES.items() if name.startswith("worker")}
    # One of the two runs, as the profile says.
    assert hosts.pop("worker-gpu") == hosts["worker-no-gpu"]
    assert len(set(hosts.values())) == len(hosts)
    assert [SERVICES[name]["profiles"] for name in ("worker-gpu", "worker-no-gpu")] == [["gpu"], ["no-gpu"]]
    assert SERVICES["worker-no-gpu"]["command"] == SERVICES["worker-gpu"]["command"]
    devices = SERVICES["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices == [{"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}]
    assert SERVICES["worker-no-gpu"]["deploy"] == {}


def test_prometheus_is_set_up_as_outside_but_for_addresses_and_passwords() -> None:
    here = settings(DEPLOY / "compose" / "prometheus.yml")
    for job in here["scrape_configs"]:
        job.pop("authorization", None)
        job.pop("basic_auth", None)
    assert here == moved(settings(DEPLOY / "prometheus" / "prometheus.yml"))


def test_alertmanager_is_set_up_as_outside_but_for_addresses() -> None:
    assert settings(DEPLOY / "compose" / "alertmanager.yml") == moved(
        settings(DEPLOY / "alertmanager" / "alertmanager.yml")
    )


def test_prometheus_and_alertmanager_take_their_settings(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(DEPLOY / "prometheus", rules)
    text = (DEPLOY / "compose" / "prometheus.yml").read_text("utf-8")
    for name in re.findall(r"/run/secrets/(\w+)", text):
        (tmp_path / name).write_text("a secret")
    text = text.replace("/etc/prometheus/rules", str(rules)).replace("/run/secrets", str(tmp_path))
    (tmp_path / "prometheus.yml").write_text(text)
    checks: list[list[str | Path]] = [
        [needed("promtool"), "check", "config", tmp_path / "prometheus.yml"],
        [needed("amtool"), "check-config", DEPLOY / "compose" / "alertmanager.yml"],
    ]
    for command in checks:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """What secrets.sh makes, in a copy of the folder."""
    shutil.copy(DEPLOY / "secrets.sh", tmp_path)
    subprocess.run(["sh", tmp_path / "secrets.sh"], check=True, capture_output=True)
    return tmp_path / "secrets"


def test_secrets_are_made_each_of_its_own(secrets: Path) -> None:
    made = {path.name: path.read_text() for path in secrets.iterdir()}
    assert set(made) == {Path(each["file"]).name for each in SECRETS.values()}
    assert len(set(made.values())) == len(made)
    assert all(len(value) >= 48 for value in made.values())
    assert made["database_url"] == f"postgresql+asyncpg://prefect:{made['postgres_password']}@postgres:5432/prefect"
    assert made["prefect_auth"] == f"retrain:{made['prefect_password']}"
    # The folder keeps them from others on the host; each container reads its own as a user of its own.
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets.iterdir()} == {0o444}


def test_secrets_that_are_there_stay(secrets: Path) -> None:
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    (secrets / "webhook_token").unlink()
    subprocess.run(["sh", secrets.parent / "secrets.sh"], check=True, capture_output=True)
    after = {path.name: path.read_text() for path in secrets.iterdir()}
    assert after.pop("webhook_token") != before.pop("webhook_token")
    assert after == before


def test_secrets_are_not_under_version_control() -> None:
    assert "secrets/" in (DEPLOY / ".gitignore").read_text("utf-8").splitlines()
