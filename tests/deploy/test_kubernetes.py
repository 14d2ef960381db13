"""Do the Kubernetes manifests hang together: names, labels, rights, and what would end a training early?"""

import json
from typing import Any

import pytest
import yaml

from deploy.files import DEPLOY, JOB_TEMPLATE, MANIFESTS, kubernetes, pods

FOLDER = DEPLOY / "kubernetes"
TEMPLATE: dict[str, Any] = json.loads(JOB_TEMPLATE.read_text("utf-8"))
JOB: dict[str, Any] = TEMPLATE["job_configuration"]["job_manifest"]["spec"]
PODS: dict[str, dict[str, Any]] = {**pods(), "training": JOB["template"]}
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))
MADE_BY_THE_OPERATOR = {"retrain-models"}
"""The ConfigMap of the specs, which are not part of these files; the README says how it is made."""


def named(kind: str) -> set[str]:
    return {each["metadata"]["name"] for each in kubernetes() if each["kind"] == kind}


def all_containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def test_the_kustomization_has_every_file_but_the_examples() -> None:
    assert sorted(KUSTOMIZATION["resources"]) == [p.name for p in MANIFESTS if ".example." not in p.name]


def test_jobs_run_the_image_of_the_other_parts() -> None:
    (image,) = KUSTOMIZATION["images"]
    assert TEMPLATE["variables"]["properties"]["image"]["default"] == f"{image['newName']}:{image['newTag']}"
    assert {c["image"] for name, pod in PODS.items() if name != "training" for c in all_containers(pod)} == {
        image["name"]
    }


@pytest.mark.parametrize("name", PODS)
def test_a_pod_has_no_rights_that_it_does_not_need(name: str) -> None:
    spec = PODS[name]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    # A service called `retrain...` would come in as RETRAIN_..., a setting that is refused as unknown.
    assert spec["enableServiceLinks"] is False
    assert (spec.get("serviceAccountName") == "worker-gpu") == (name == "worker-gpu")
    assert name == "worker-gpu" or spec["automountServiceAccountToken"] is False
    for container in all_containers(PODS[name]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("name", PODS)
def test_what_a_pod_names_is_there(name: str) -> None:
    spec = PODS[name]["spec"]
    made = {f"{each['name']}" for each in KUSTOMIZATION["configMapGenerator"]}
    volumes = {each["name"]: each for each in spec["volumes"]}
    for volume in volumes.values():
        if "configMap" in volume:
            assert volume["configMap"]["name"] in named("ConfigMap") | made | MADE_BY_THE_OPERATOR
        if "persistentVolumeClaim" in volume:
            assert volume["persistentVolumeClaim"]["claimName"] in named("PersistentVolumeClaim")
    for container in all_containers(PODS[name]):
        for source in container.get("envFrom", []):
            assert source.get("configMapRef", {"name": "retrain"})["name"] in named("ConfigMap")
            assert source.get("secretRef", {"name": "retrain"})["name"] in named("Secret")
        mounted = {each["name"] for each in container["volumeMounts"]}
        assert mounted <= set(volumes)
        # The root file system is closed.
        assert "/tmp" in {each["mountPath"] for each in container["volumeMounts"]}


def test_each_secret_goes_to_its_part_only() -> None:
    read: dict[str, set[str]] = {}
    for name, pod in PODS.items():
        for container in all_containers(pod):
            for source in container.get("envFrom", []):
                if "secretRef" in source:
                    read.setdefault(source["secretRef"]["name"], set()).add(name)
    assert read["retrain-server"] == {"server"}
    assert read["retrain-webhook"] == {"webhook"}
    assert read["retrain-exporter"] == {"exporter"}
    assert set(read) == named("Secret")


def test_nothing_ends_a_training_by_the_clock_or_starts_it_again_blindly() -> None:
    assert "activeDeadlineSeconds" not in json.dumps(JOB)
    assert TEMPLATE["job_configuration"]["job_watch_timeout_seconds"] is None
    # Above 0 Kubernetes itself would start it again, and Prefect would not know.
    assert JOB["backoffLimit"] == 0
    assert JOB["template"]["spec"]["restartPolicy"] == "Never"
    assert JOB["template"]["metadata"]["annotations"] == {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}


def test_a_retrain_gets_a_gpu() -> None:
    (container,) = JOB["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "{{ gpus }}"
    assert TEMPLATE["variables"]["properties"]["gpus"]["default"] == 1


def test_the_template_uses_every_variable_and_no_other() -> None:
    text = json.dumps(TEMPLATE["job_configuration"])
    used = {part.split(" }}")[0] for part in text.split("{{ ")[1:]}
    assert used == set(TEMPLATE["variables"]["properties"])


@pytest.mark.parametrize("name", ["worker-cpu", "worker-gpu"])
def test_a_worker_is_not_restarted_because_the_server_is_away(name: str) -> None:
    (worker,) = PODS[name]["spec"]["containers"]
    assert "livenessProbe" not in worker
    assert "readinessProbe" in worker


@pytest.mark.parametrize(
    "each", [each for each in kubernetes() if each["kind"] == "Service"], ids=lambda s: s["metadata"]["name"]
)
def test_a_service_leads_to_a_port_that_its_pod_has(each: dict[str, Any]) -> None:
    pod = PODS[each["metadata"]["name"]]
    assert each["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    opened = {port["name"]: port["containerPort"] for c in pod["spec"]["containers"] for port in c["ports"]}
    for port in each["spec"]["ports"]:
        assert opened[port["targetPort"]] == port["port"]
    for container in pod["spec"]["containers"]:
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            target = container.get(probe, {})
            assert (target.get("httpGet") or target.get("tcpSocket") or {"port": port["targetPort"]})["port"] in opened


def test_network_policies_choose_pods_that_exist() -> None:
    parts = {pod["metadata"]["labels"]["part"] for pod in PODS.values()}
    assert all(pod["metadata"]["labels"]["app"] == "retrain" for pod in PODS.values())
    text = yaml.safe_load_all((FOLDER / "network.yaml").read_text("utf-8"))
    chosen: set[str] = set()

    def look(part: Any) -> None:
        if isinstance(part, dict):
            chosen.update([part["part"]] if "part" in part else [])
            chosen.update(part["values"] if part.get("key") == "part" else [])
            for each in part.values():
                look(each)
        elif isinstance(part, list):
            for each in part:
                look(each)

    for policy in text:
        look(policy["spec"])
    assert chosen == parts


def test_the_monitor_finds_the_exporter() -> None:
    monitor = yaml.safe_load((FOLDER / "servicemonitor.example.yaml").read_text("utf-8"))["spec"]
    (service,) = [each for each in kubernetes() if each["kind"] == "Service" and each["metadata"]["name"] == "exporter"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    # The alerts ask for the job by this name.
    assert service["metadata"]["labels"][monitor["jobLabel"]] == "retrain"
    (endpoint,) = monitor["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert endpoint["authorization"]["credentials"]["name"] in named("Secret")
