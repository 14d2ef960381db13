"""A store with two models, and the fleet that looks at it."""

from pathlib import Path

import pytest

from retrain.store.folder import FolderStore
from retrain.telemetry.fleet import Fleet
from telemetry.written import append, checked, full, promoted


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A store with a full model and a plain one."""
    made = FolderStore(tmp_path / "store")
    full(made)
    append(made, promoted(), checked(), model="other")
    return made


@pytest.fixture
def fleet(store: FolderStore) -> Fleet:
    return Fleet(lambda: store)
