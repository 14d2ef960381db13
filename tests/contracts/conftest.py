"""Every implementation of a protocol, each under the same tests."""

from pathlib import Path

import pytest

from retrain.store.folder import FolderStore
from retrain.store.protocol import Store


@pytest.fixture(params=["folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """One empty artifact store of each kind."""
    return {"folder": lambda: FolderStore(tmp_path / "store")}[request.param]()
