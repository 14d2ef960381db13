"""Are the shipped rules sound? Checked by promtool and amtool, and against the metrics, the runbooks and each other."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.year import healthy_year
from retrain.store.drilled import PLANTED
from retrain.telemetry import metrics
from retrain.telemetry.alerts import ALERTS, RUNBOOKS
from retrain.telemetry.metrics import METRICS
from servers.needed import ROOT, needed

FOLDER = ROOT / "deploy" / "prometheus"
ALERTMANAGER = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
TESTS = sorted((FOLDER / "tests").glob("*.test.yml"))
CLOSED = {
    "state": (*metrics.STATES, *metrics.FAIRNESS_STATES),
    "source": metrics.SOURCES,
    "kind": metrics.KINDS,
    "drift": PLANTED,
    "outcome": metrics.OUTCOMES,
    "role": metrics.ROLES,
    "by": metrics.BY,
    "verdict": metrics.VERDICTS,
    "what": metrics.WHAT,
    "stage": metrics.STAGES,
    "cause": metrics.CAUSES,
    "reason": (*metrics.WAITS, *metrics.WAITS_FOR, *metrics.ROLLBACK_REASONS),
}
TARGET = {"job", "instance"}
"""What Prometheus adds to every series of a target."""
SELECTOR = re.compile(r"(?<![\w:])((?:retrain_|model:)[\w:]+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')
GROUPED = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")


def rules(kind: str) -> list[dict[str, Any]]:
    files = (FOLDER / "alerts.rules.yml", FOLDER / "recording.rules.yml")
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"] if kind in rule]


def wrong_names(expression: str) -> Iterator[str]:
    """Each metric, label and label value of an expression that nothing exports or records."""
    known = {metric.name: set(metric.labels) for metric in METRICS}
    known |= {rule["record"]: {"model"} for rule in rules("record")}
    for name, matchers in SELECTOR.findall(expression):
        if name not in known:
            yield name
            continue
        for label, value in MATCHER.findall(matchers):
            if label not in known[name] | TARGET:
                yield f"{name}{{{label}}}"
            elif label in CLOSED and value not in CLOSED[label]:
                yield f"{name}{{{label}={value}}}"
    every = TARGET.union(*(metric.labels for metric in METRICS))
    yield from (
        label for labels in GROUPED.findall(expression) for label in re.findall(r"\w+", labels) if label not in every
    )


def anchors(page: str) -> set[str]:
    """As GitHub and GitLab make them of headings."""
    titles = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def run(*command: str) -> str:
    done = subprocess.run([needed(command[0]), *command[1:]], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def uncommented(text: str) -> str:
    """A configuration with the YAML in its comments made valid, and the sentences left out."""
    return re.sub(r"^( +)# ( *(?:- )?[a-z_]+:(?: .*)?)$", r"\1\2", text, flags=re.MULTILINE)


def test_promtool_accepts_configuration_and_rules() -> None:
    said = run("promtool", "check", "config", str(FOLDER / "prometheus.yml"))
    assert f"{len(ALERTS)} rules found" in said


def test_promtool_accepts_what_is_commented_out(tmp_path: Path) -> None:
    whole = uncommented((FOLDER / "prometheus.yml").read_text())
    (tmp_path / "whole.yml").write_text(whole)
    run("promtool", "check", "config", "--syntax-only", str(tmp_path / "whole.yml"))
    read = yaml.safe_load(whole)
    exporter, prefect = read["scrape_configs"]
    assert read["global"]["external_labels"]["runbook_base"].endswith("/")
    assert exporter["authorization"]["credentials_file"]
    assert prefect["basic_auth"]["password_file"]


def test_amtool_accepts_the_configuration_also_with_what_is_commented_out(tmp_path: Path) -> None:
    run("amtool", "check-config", str(ALERTMANAGER))
    whole = uncommented(ALERTMANAGER.read_text())
    (tmp_path / "whole.yml").write_text(whole)
    run("amtool", "check-config", str(tmp_path / "whole.yml"))
    named = {receiver["name"]: receiver for receiver in yaml.safe_load(whole)["receivers"]}
    assert set(named) == {"people", "retrain"}
    assert named["retrain"]["webhook_configs"][0]["url"] == "http://127.0.0.1:8484/alertmanager"
    assert yaml.safe_load(whole)["route"]["routes"][0]["receiver"] == "retrain"


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name)
def test_each_alert_fires_when_it_should_and_only_then(file: Path) -> None:
    assert "SUCCESS" in run("promtool", "test", "rules", str(file))


@pytest.mark.parametrize("days", [60, pytest.param(365, marks=pytest.mark.slow)])
def test_a_healthy_year_alerts_nobody(days: int, tmp_path: Path) -> None:
    (tmp_path / "year.yml").write_text(healthy_year(FOLDER, days))
    assert "SUCCESS" in run("promtool", "test", "rules", str(tmp_path / "year.yml"))


def test_a_time_without_checks_alerts(tmp_path: Path) -> None:
    """The year above would also be silent if the rules saw nothing of it."""
    broken = healthy_year(FOLDER, 20).replace("retrain_last_check", "retrain_no_check")
    (tmp_path / "year.yml").write_text(broken)
    with pytest.raises(AssertionError, match="RetrainNoCheckFinished"):
        run("promtool", "test", "rules", str(tmp_path / "year.yml"))


def test_the_rules_are_those_that_the_package_names() -> None:
    found = [(rule["alert"], rule["labels"]["severity"], rule["labels"]["scope"]) for rule in rules("alert")]
    assert found == [(alert.name, alert.severity, alert.scope) for alert in ALERTS]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_tells_what_to_do(alert: Any) -> None:
    (rule,) = (rule for rule in rules("alert") if rule["alert"] == alert.name)
    told = rule["annotations"]
    assert told["runbook_url"] == "{{ $externalLabels.runbook_base }}" + alert.runbook
    assert alert.runbook.partition("#")[2] in anchors((ROOT / RUNBOOKS).read_text())
    assert told["description"].endswith(".")
    assert "$labels" in told["description"]
    assert ("{{ $labels.model }}" in told["summary"]) == (alert.scope == "model")
    assert "retrain" not in rule["labels"], "the check asks for retrains; an alert of ours would ask twice"


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_is_seen_to_fire_and_to_be_silent(alert: Any) -> None:
    seen = [
        bool(expected["exp_alerts"])
        for file in TESTS
        for case in yaml.safe_load(file.read_text())["tests"]
        for expected in case["alert_rule_test"]
        if expected["alertname"] == alert.name
    ]
    assert {True, False} <= set(seen)
    # Silent before it fires, and again after: it can end.
    assert seen[0] is False
    assert False in seen[seen.index(True) :]


@pytest.mark.parametrize("rule", [*rules("alert"), *rules("record")], ids=lambda rule: rule.get("alert", "recorded"))
def test_every_name_in_an_expression_is_exported(rule: dict[str, Any]) -> None:
    queries = " ".join(re.findall(r'printf "(.*?)" \$', rule.get("annotations", {}).get("description", "")))
    assert list(wrong_names(rule["expr"])) == []
    assert [name for name in wrong_names(queries) if "=%q" not in name] == []


@pytest.mark.parametrize(
    "expression",
    [
        "retrain_stor_up == 0",
        'retrain_check_state{state="insufficient"} == 1',
        'retrain_waiting{why="budget"} == 1',
        "max by (modell) (retrain_running)",
        "model:retrain_nothing:max",
    ],
)
def test_a_name_that_nobody_exports_is_seen(expression: str) -> None:
    assert list(wrong_names(expression))


def test_what_is_recorded_is_asked_for() -> None:
    """By an alert or a dashboard; anything else is a cost without a use."""
    asking = [FOLDER / "alerts.rules.yml", *(ROOT / "dashboards").glob("*.json")]
    text = "".join(file.read_text() for file in asking)
    assert [rule["record"] for rule in rules("record") if rule["record"] not in text] == []


def test_alerts_that_are_muted_or_mute_exist() -> None:
    """A renamed alert must not leave an inhibition behind that matches nothing."""
    known = {alert.name for alert in ALERTS}
    config = yaml.safe_load(ALERTMANAGER.read_text())
    named = re.findall(r"(?:Retrain|Prefect)\w+", str(config["inhibit_rules"]))
    assert named
    assert set(named) <= known


def test_no_secret_and_no_address_beyond_the_loopback_is_shipped() -> None:
    for file in (FOLDER / "prometheus.yml", ALERTMANAGER):
        text = file.read_text()
        hosts = set(re.findall(r"//([\w.\-]+)|\"([\d.]+):\d+\"", text))
        assert {host or other for host, other in hosts} <= {"127.0.0.1", "git.example.com"}
        assert not re.search(r"^\s*(?:credentials|password|bearer_token):", text, re.MULTILINE)
