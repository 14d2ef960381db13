"""Do the deployment files agree with the programs that they start, with each other, and do they keep no secret?"""

import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from prefect.settings import Settings
from pydantic import BaseModel

from deploy.files import DEPLOY, DOCKERFILE, UNITS, commands, environment
from retrain.service.addresses import EXPORTER_PORT, PREFECT_PORT, WEBHOOK_PORT
from retrain.settings import KNOWN, SHORTEST_TOKEN
from servers.needed import ROOT

OTHERS = {
    # boto3 reads these, the driver of the GPU, Python, Transformers, and the image's own health check.
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION"),
    *("NVIDIA_DRIVER_CAPABILITIES", "PYTHONUNBUFFERED", "HF_HUB_OFFLINE", "DO_NOT_TRACK", "PATH", "HEALTH_URL"),
    # Those of prefect-kubernetes, which only the image of the GPU worker has.
    "PREFECT_INTEGRATIONS_KUBERNETES_OBSERVER_NAMESPACES",
    "PREFECT_INTEGRATIONS_KUBERNETES_WORKER_API_AUTH_STRING_SECRET_NAME",
    "PREFECT_INTEGRATIONS_KUBERNETES_WORKER_API_AUTH_STRING_SECRET_KEY",
}
SECRET = re.compile(r"TOKEN|PASSWORD|SECRET_ACCESS|ACCESS_KEY_ID|AUTH_STRING|CONNECTION_URL")
NO_SECRET = re.compile(r"_SECRET_(NAME|KEY)$")
PORTS = {"server": PREFECT_PORT, "exporter": EXPORTER_PORT, "webhook": WEBHOOK_PORT}


def prefect_settings(model: type[BaseModel] = Settings) -> set[str]:
    """Every name of the environment that Prefect reads."""
    names = set()
    for field, about in model.model_fields.items():
        if isinstance(about.annotation, type) and issubclass(about.annotation, BaseModel):
            names |= prefect_settings(about.annotation)
            continue
        choices = getattr(about.validation_alias, "choices", [])
        prefix = str(model.model_config.get("env_prefix") or "")
        names |= {each.upper() for each in choices if isinstance(each, str)} | {(prefix + field).upper()}
    return names


@cache
def help_of(*words: str) -> str:
    """What a command of ours says about itself, without the frame around it."""
    module = {"retrain": ["-m", "retrain.cli.main"], "prefect": ["-m", "prefect"], "python": []}[words[0]]
    shown = subprocess.run(
        [sys.executable, "-P", *module, *words[1:], "--help"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert shown.returncode == 0, f"{words}: {shown.stderr}{shown.stdout}"
    return shown.stdout


def parts(words: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    """The command itself, and its options."""
    first = next((place for place, word in enumerate(words) if word.startswith("--")), len(words))
    named = first if words[0] == "python" else 2 if words[0] == "retrain" else 3
    return words[: min(first, named)], [word for word in words if word.startswith("--")]


@pytest.mark.parametrize("command", sorted({parts(each.words)[0] for each in commands()}), ids=" ".join)
def test_every_command_exists_and_knows_its_options(command: tuple[str, ...]) -> None:
    known = set(re.findall(r"--[a-z][a-z-]+", help_of(*command)))
    asked = {option for each in commands() if parts(each.words)[0] == command for option in parts(each.words)[1]}
    assert asked - known == set()


def test_all_parts_are_started_in_each_form() -> None:
    forms: dict[str, set[str]] = {}
    for file, words in commands():
        form = file.partition(":")[0] if ":" in file else "systemd" if file.startswith("retrain-") else ""
        pool = f" {words[words.index('--pool') + 1]}" if "--pool" in words else ""
        forms.setdefault(form, set()).add(" ".join(parts(words)[0]) + pool)
    every = {"prefect server start", "python -P -m flows.deployments", "prefect worker start cpu"}
    every |= {"retrain exporter", "retrain webhook"}
    on_sqlite = "python -P -m retrain.service.process_prefect server start"
    assert forms["systemd"] == every - {"prefect server start"} | {on_sqlite}, "its database may be SQLite"
    assert forms["compose"] == every | {"prefect worker start gpu"}
    assert forms["kubernetes"] == every | {"prefect worker start gpu", "prefect work-pool create"}
    # One unit for both pools.
    wanted = (DEPLOY / "systemd" / "retrain.target").read_text("utf-8")
    assert all(f"retrain-worker@{pool}.service" in wanted for pool in ("cpu", "gpu"))


@pytest.mark.parametrize(("file", "words"), [each for each in commands() if "--port" in each.words])
def test_ports_are_those_of_retrain_up(file: str, words: tuple[str, ...]) -> None:
    (part,) = {"server", "exporter", "webhook"} & set(words)
    assert words[words.index("--port") + 1] == str(PORTS[part]), file


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_units_listen_on_the_loopback(unit: Path) -> None:
    assert "0.0.0.0" not in unit.read_text("utf-8")


def test_workers_make_no_pool_and_no_second_self() -> None:
    for file, words in commands():
        if words[:2] == ("prefect", "worker"):
            assert "--no-create-pool-if-not-found" in words, file
            assert "--name" in words, file


@pytest.mark.parametrize(("file", "name", "value"), list(environment()))
def test_every_variable_is_one_that_somebody_reads(file: str, name: str, value: str) -> None:
    known = {*KNOWN, *OTHERS, *prefect_settings()}
    assert name in known or name.removesuffix("_FILE") in known, f"{file} sets {name}"


def test_a_variable_that_nobody_reads_is_seen() -> None:
    assert "PREFECT_API_URL" in prefect_settings()
    assert "PREFECT_SERVER_API_AUTH_STRING" in prefect_settings()
    assert "PREFECT_API_URI" not in prefect_settings()


@pytest.mark.parametrize(("file", "name", "value"), [each for each in environment() if SECRET.search(each[1])])
def test_no_secret_has_a_value(file: str, name: str, value: str) -> None:
    if name.endswith("_FILE"):
        assert value.startswith("/run/secrets/"), file
    elif name == "PREFECT_API_DATABASE_CONNECTION_URL":
        assert value in ("", "postgresql+asyncpg://prefect:PASSWORD@127.0.0.1:5432/prefect"), file
    else:
        assert value == "" or NO_SECRET.search(name), f"{file} gives {name} a value"


def test_nothing_looks_like_a_secret() -> None:
    texts = {path: path.read_text("utf-8") for path in DEPLOY.rglob("*") if path.is_file() and not hidden(path)}
    long = f"{{{2 * SHORTEST_TOKEN},}}"
    random = re.compile(rf"(?<![\w./-])(?=[\w+/-]*\d)(?=[\w+/-]*[A-Za-z])[\w+/=-]{long}")
    found = {f"{path.name}: {word}" for path, text in texts.items() for word in random.findall(text)}
    assert found == set()


def hidden(path: Path) -> bool:
    """What an operator or Python keeps beside the files, outside version control."""
    return bool({"secrets", "__pycache__"} & set(path.parts)) or path.name == "retrain.env"


def test_analytics_are_off_wherever_prefect_starts() -> None:
    for place in ("Dockerfile", "retrain.env.example", "kubernetes: retrain"):
        told = {name: value for file, name, value in environment() if file == place}
        assert told["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false", place
        assert told["DO_NOT_TRACK"] == "1", place


def test_the_image_is_not_root_and_names_no_index() -> None:
    text = DOCKERFILE.read_text("utf-8")
    assert re.findall(r"^USER (.*)$", text, flags=re.MULTILINE) == ["10001:10001"]
    assert "http" not in re.sub(r"http://127\.0\.0\.1[^ ]*", "", text)
    assert "ARG BASE" in text
    assert "HEALTHCHECK" in text


def test_the_builder_gets_all_that_is_copied_and_little_else() -> None:
    kept = set(re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text("utf-8"), flags=re.MULTILINE))
    copied = set()
    for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE.read_text("utf-8"), flags=re.MULTILINE):
        copied |= {word for word in line.split()[:-1] if not word.startswith("--")}
    assert kept == copied
    assert [each for each in copied if not (ROOT / each).exists()] == []


def test_the_builds_requirements_are_those_of_the_project() -> None:
    shown = subprocess.run(
        [sys.executable, DEPLOY / "requirements.py", "demo"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {*project["dependencies"], *extras["demo"], *extras["train"], "hatchling>=1.27"} - {"retrain[train]"}
    assert set(shown.stdout.splitlines()) == wanted
