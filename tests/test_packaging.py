"""Does the wheel hold what a user needs, and do the pins fit what the project asks for?"""

import importlib.util
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCK = re.findall(r"^[^#\n].*", (ROOT / "constraints.txt").read_text("utf-8"), flags=re.MULTILINE)
PINS = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in LOCK)}
ASKED = [*PROJECT["dependencies"], *(each for group in PROJECT["optional-dependencies"].values() for each in group)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The project's wheel, built with the backend that is installed here, so without a network."""
    assert importlib.util.find_spec("hatchling"), "no hatchling here; pip install -c constraints.txt -e '.[dev]'"
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps", "--no-index"]
    done = subprocess.run(
        [*command, "--wheel-dir", str(folder), str(ROOT)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_holds_every_source_file_and_the_type_marker(wheel: zipfile.ZipFile) -> None:
    sources = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src" / "retrain").rglob("*.py")}
    flows = {path.relative_to(ROOT).as_posix() for path in (ROOT / "flows").glob("*.py")}
    page = {f"retrain/service/review_page/{name}" for name in ("index.html", "review.css", "review.js")}
    assert sources | flows | page | {"retrain/py.typed"} <= set(wheel.namelist())


def test_the_wheel_holds_nothing_beside_the_package_and_its_flows(wheel: zipfile.ZipFile) -> None:
    version = PROJECT["version"]
    assert {name.split("/")[0] for name in wheel.namelist()} == {"retrain", "flows", f"retrain-{version}.dist-info"}
    assert not [name for name in wheel.namelist() if "__pycache__" in name]


def test_the_wheel_carries_licence_and_command(wheel: zipfile.ZipFile) -> None:
    about = f"retrain-{PROJECT['version']}.dist-info"
    assert wheel.read(f"{about}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert "License-Expression: Apache-2.0" in wheel.read(f"{about}/METADATA").decode()
    assert "retrain = retrain.cli.main:main" in wheel.read(f"{about}/entry_points.txt").decode()


def test_the_licence_is_the_whole_text() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert re.findall(r"^   (\d)\. ", text, flags=re.MULTILINE) == [str(number) for number in range(1, 10)]


@pytest.mark.parametrize("asked", ASKED)
def test_each_requirement_has_a_pin_inside_its_range(asked: str) -> None:
    requirement = Requirement(asked)
    if requirement.name != "retrain":
        pin = PINS.get(canonicalize_name(requirement.name))
        assert pin is not None
        assert requirement.specifier.contains(pin)


def test_constraints_hold_exact_versions_only() -> None:
    assert [line for line in LOCK if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.!]*", line)] == []
    assert len(PINS) == len(LOCK)
