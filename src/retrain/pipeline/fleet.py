"""Which models are there, and in which order are they looked at?"""

import random
from collections.abc import Sequence
from datetime import datetime

from retrain.settings import Settings
from retrain.spec_file import spec_names

SECONDS_PER_HOUR = 3600


def models(settings: Settings) -> list[str]:
    """Names of all models that have a spec, readable or not."""
    return spec_names(settings.models)


def in_turn(names: Sequence[str], now: datetime) -> list[str]:
    """The names in another order each hour.

    A model that kills the process that looks at it hides those after it; so each of these comes before it every second
    hour, on average. The same hour gives the same order.
    """
    order = sorted(names)
    random.Random(int(now.timestamp()) // SECONDS_PER_HOUR).shuffle(order)
    return order
