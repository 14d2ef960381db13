"""What do the deployment files say? Read here once, in the form in which tests ask for it."""

import re
import shlex
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from servers.needed import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE_FILE = DEPLOY / "compose.yaml"
DOCKERFILE = DEPLOY / "Dockerfile"
JOB_TEMPLATE = DEPLOY / "kubernetes" / "gpu-job-template.json"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
EXAMPLES = sorted((DEPLOY / "systemd").glob("*.example"))
MANIFESTS = sorted(path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.name != "kustomization.yaml")
FOREIGN = {"ServiceMonitor"}
"""Kinds that Kubernetes itself does not have."""


class Words(NamedTuple):
    """A command that a file starts, and which file says so."""

    file: str
    words: tuple[str, ...]


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE_FILE.read_text("utf-8")))


def ours() -> dict[str, dict[str, Any]]:
    """The services of compose.yaml that run our image."""
    return {name: each for name, each in compose()["services"].items() if "retrain:" in each["image"]}


def kubernetes() -> list[dict[str, Any]]:
    return [each for path in MANIFESTS for each in yaml.safe_load_all(path.read_text("utf-8"))]


def pods() -> dict[str, dict[str, Any]]:
    """Pod templates of all deployments, by name."""
    return {each["metadata"]["name"]: each["spec"]["template"] for each in kubernetes() if each["kind"] == "Deployment"}


def containers() -> Iterator[dict[str, Any]]:
    for pod in pods().values():
        yield from (*pod["spec"].get("initContainers", []), *pod["spec"]["containers"])


def commands() -> list[Words]:
    """Every command of ours that a unit, a service or a pod starts."""
    found = []
    for path in UNITS:
        text = path.read_text("utf-8").replace("\\\n", " ")
        for line in re.findall(r"^ExecStart\w*=(.*)$", text, flags=re.MULTILINE):
            program, *rest = shlex.split(line.replace("%i", "cpu").replace("%H", "host"))
            found.append(Words(path.name, (program.removeprefix("/opt/retrain/bin/"), *rest)))
    found += [Words(f"compose: {name}", tuple(each["command"])) for name, each in ours().items()]
    found += [Words(f"kubernetes: {each['name']}", tuple(each["args"])) for each in containers()]
    image = re.search(r"^CMD (\[.*\])$", DOCKERFILE.read_text("utf-8"), flags=re.MULTILINE)
    assert image
    return [*found, Words("Dockerfile", tuple(yaml.safe_load(image[1])))]


def environment() -> Iterator[tuple[str, str, str]]:
    """File, name and value of everything that is set for our programs."""
    for path in EXAMPLES:
        for name, value in re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", path.read_text("utf-8"), flags=re.MULTILINE):
            yield path.name, name, value
    for path in UNITS:
        for line in re.findall(r"^Environment=(.*)$", path.read_text("utf-8"), flags=re.MULTILINE):
            yield from ((path.name, *_pair(each)) for each in shlex.split(line))
    for service, told in ours().items():
        for name, value in told.get("environment", {}).items():
            yield f"compose: {service}", name, str(value)
    yield from _environment_of_kubernetes()
    # The last of them: the one before it is for the build.
    block = re.findall(r"^ENV (.*?[^\\])$", DOCKERFILE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)[-1]
    yield from (("Dockerfile", *_pair(each)) for each in block.replace("\\\n", " ").split())


def _environment_of_kubernetes() -> Iterator[tuple[str, str, str]]:
    for each in kubernetes():
        for name, value in {**each.get("data", {}), **each.get("stringData", {})}.items():
            yield f"kubernetes: {each['metadata']['name']}", name, value
    for container in containers():
        for one in container.get("env", []):
            yield f"kubernetes: {container['name']}", one["name"], one.get("value", "")


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value
