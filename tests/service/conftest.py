"""The webhook, and a shop whose challenger waits for people."""

from pathlib import Path

import pytest

from reviewing import waiting_shop
from service.calling import Webhook
from shop import Shop


@pytest.fixture
def webhook(shop: Shop) -> Webhook:
    return Webhook(shop)


@pytest.fixture
def asked(tmp_path: Path) -> Shop:
    return waiting_shop(tmp_path)
