"""What the commands of the service print and end with."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from retrain.cli.main import run
from retrain.service import doctor
from shop import SPEC, Shop

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = Shop(root=tmp_path)
    shop.spec(SPEC)
    (tmp_path / "store").mkdir()
    for name in ("STORE", "MODELS", "WORK", "CACHE"):
        monkeypatch.setenv(f"RETRAIN_{name}", str(tmp_path / name.lower()))
    for name in ("RETRAIN_TOKEN", "PREFECT_API_URL", "PREFECT_SERVER_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)
    # Asking torch takes seconds.
    monkeypatch.setattr(doctor, "torch_facts", lambda: {"version": "2.13.0", "cuda": None, "gpus": 0})
    return shop


def test_the_doctor_prints_a_table_and_the_next_steps(places: Shop, capsys: Captured) -> None:
    places.spec(SPEC.replace("model: shop", "modell: shop"))
    assert run(["doctor"]) == 2
    said = " ".join(capsys.readouterr().out.split())
    assert "what verdict found" in said
    assert "broken spec shop: mend it, then `retrain validate shop`" in said


def test_the_doctor_answers_in_json(places: Shop, capsys: Captured) -> None:
    assert run(["doctor", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["exit_status"] == 0
    assert {"name", "verdict", "found", "next_step", "exit_status"} == set(answer["findings"][0])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["up", "--port", "8484"], "each needs one of its own"),
        (["up", "--host", "0.0.0.0"], "RETRAIN_TOKEN and PREFECT_SERVER_API_AUTH_STRING are not set"),
        (["up", "--host", "no.such.host.invalid"], "no address of that name is known"),
        (["up", "--port", "70000"], "--port"),
    ],
)
def test_up_refuses_wrong_words_before_anything_starts(
    places: Shop, capsys: Captured, words: list[str], sentence: str
) -> None:
    assert run(words) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())
    assert not places.settings.work.exists()


@pytest.mark.parametrize("command", ["up", "exporter", "webhook", "doctor"])
def test_what_runs_for_months_loads_nothing_that_it_does_not_need(command: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "retrain.cli.main", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in shown.stderr.splitlines()}
    assert loaded & {"torch", "polars", "scipy", "numpy", "prefect", "evidently", "boto3"} == set()
    assert "Usage" in shown.stdout
