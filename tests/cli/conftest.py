"""What do the tests of commands share? A place in which a challenger waits for people, and its environment."""

from pathlib import Path

import pytest

from reviewing import waiting_shop
from shop import Shop


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = waiting_shop(tmp_path)
    for name, value in shop.environment.items():
        if name.startswith("RETRAIN_"):
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return shop
