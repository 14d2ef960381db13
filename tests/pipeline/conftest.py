"""The shop, its messages, and a shop that has a champion already."""

import shutil
from pathlib import Path

import pytest
from shop import SPEC, Messages, Shop

from retrain.pipeline.retrain import retrain


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop with a spec, and nothing else yet."""
    made = Shop(root=tmp_path)
    made.spec(SPEC)
    return made



@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, messages: Messages) -> Path:
    """The folder of a shop whose first champion was trained on 420 messages; copied by those who need one."""
    made = Shop(root=tmp_path_factory.mktemp("trained"))
    made.spec(SPEC)
    made.examples(messages("base", 0, 420))
    result = retrain(made.site(), cause="manual", reason="first champion")
    assert result.outcome == "promoted", result.reasons
    return made.root


@pytest.fixture
def running_shop(trained: Path, tmp_path: Path) -> Shop:
    """A shop with a champion."""
    root = tmp_path / "shop"
    shutil.copytree(trained, root)
    return Shop(root=root)
