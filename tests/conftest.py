"""Where is the real data, what text was agreed on, and what may a test touch?"""

import csv
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from retrain.pipeline.retrain import retrain
from shop import CORPUS, SPEC, Message, Messages, Shop, few

FOLDER = Path(os.environ.get("RETRAIN_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
GOLDEN = Path(__file__).parent / "golden"

# How long an example takes says something about the machine's other work, not about the rule.
settings.register_profile("ours", deadline=None)
settings.load_profile("ours")

Golden = Callable[[str, str], None]


ALONE = ("dashboards", "deploy", "flows", "service", "trouble", "test_secrets.py", "test_sends_nothing.py")
"""Folders and files whose slow tests wait for real services: what runs beside them would make these late."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "gpu" not in config.option.markexpr:
        # Most machines have no GPU, CI's among them: these tests run where they are asked for by name.
        without = [item for item in items if not item.get_closest_marker("gpu")]
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("gpu")])
        items[:] = without
    for item in items:
        if item.path.relative_to(Path(__file__).parent).parts[0] in ALONE:
            item.add_marker("alone")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refresh-golden", action="store_true", help="write tests/golden/ anew; review it in the diff")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """`golden("report.md", text)`: text equals tests/golden/report.md, or is written there under `--refresh-golden`."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--refresh-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        assert path.is_file(), f"no golden file {name!r} yet; write it with --refresh-golden and review it"
        with path.open(encoding="utf-8", newline="") as stream:
            assert text == stream.read(), f"text differs from tests/golden/{name}; if meant, use --refresh-golden"

    return check


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with Banking77 and CLINC150. Absent, the test skips; in CI that is a failure."""
    if not (FOLDER / "banking77_train.csv").is_file():
        reason = f"real data not found in {FOLDER}; set RETRAIN_TEST_DATA to the folder that holds banking77_train.csv"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return FOLDER


@pytest.fixture(scope="session")
def messages() -> Messages:
    """`messages(part, first, count)`: rows of a part of the corpus in a fixed shuffled order, wrapping around."""
    with CORPUS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    parts: dict[str, list[Message]] = {}
    for row in rows:
        parts.setdefault(row["part"], []).append(row)
    for part in parts.values():
        random.Random(1).shuffle(part)

    def some(part: str, first: int, count: int) -> list[Message]:
        return [parts[part][place % len(parts[part])] for place in range(first, first + count)]

    return some


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop with a spec, and nothing else yet."""
    made = Shop(root=tmp_path)
    made.spec(SPEC)
    return made


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, messages: Messages) -> Path:
    """The folder of a shop with a first champion for the few intents; copied by those who need one."""
    made = Shop(root=tmp_path_factory.mktemp("trained"))
    made.spec(SPEC)
    made.examples(few(messages("base", 0, 1560))[:230])
    result = retrain(made.site(), cause="manual", reason="first champion")
    assert result.outcome == "promoted", result.reasons
    return made.root


@pytest.fixture
def running_shop(trained: Path, tmp_path: Path) -> Shop:
    """A shop with a champion."""
    root = tmp_path / "shop"
    shutil.copytree(trained, root)
    return Shop(root=root)
