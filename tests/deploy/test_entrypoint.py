"""Do secrets that are given as files reach the program, and does it not start without one that was promised?"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.files import DEPLOY, compose

SCRIPT = DEPLOY / "entrypoint.sh"
SHOW = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]


def started(**environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["sh", SCRIPT, *SHOW], env=environment, capture_output=True, text=True, check=False)


def test_a_file_becomes_a_variable_and_its_name_goes(tmp_path: Path) -> None:
    secret = "pass word'\"$(exit 1)`exit 1`\\n;é"
    (tmp_path / "token").write_text(f"{secret}\n")
    seen = json.loads(started(RETRAIN_TOKEN_FILE=str(tmp_path / "token"), OTHER="kept").stdout)
    assert seen["RETRAIN_TOKEN"] == secret
    # Settings that nobody knows are refused, this one too.
    assert "RETRAIN_TOKEN_FILE" not in seen
    assert seen["OTHER"] == "kept"


def test_without_files_nothing_changes() -> None:
    seen = json.loads(started(RETRAIN_TOKEN="as it is").stdout)
    assert seen["RETRAIN_TOKEN"] == "as it is"


@pytest.mark.parametrize("content", [None, ""])
def test_a_promised_secret_that_is_missing_stops_the_start(content: str | None, tmp_path: Path) -> None:
    place = tmp_path / "secret"
    if content is not None:
        place.write_text(content)
    ended = started(PREFECT_SERVER_API_AUTH_STRING_FILE=str(place))
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "PREFECT_SERVER_API_AUTH_STRING_FILE" in ended.stderr
    assert str(place) in ended.stderr


def test_the_program_takes_the_scripts_place() -> None:
    ended = subprocess.run(["sh", SCRIPT, "sh", "-c", "exit 7"], check=False)
    assert ended.returncode == 7


def test_it_knows_every_secret_that_compose_gives_as_a_file() -> None:
    (names,) = re.findall(r"for name in (.*?); do", SCRIPT.read_text("utf-8"), flags=re.DOTALL)
    given = {name for each in compose()["services"].values() for name in each.get("environment", {})}
    files = {name.removesuffix("_FILE") for name in given if re.fullmatch(r"(RETRAIN|PREFECT|AWS)_\w+_FILE", name)}
    assert files
    assert files <= set(names.replace("\\", " ").split())
