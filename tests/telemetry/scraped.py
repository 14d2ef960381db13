"""How does a test ask a fleet what it sees, and know that it says only that its store is away?"""

from retrain.telemetry import metrics as m
from retrain.telemetry.fleet import Fleet

ALONE = {m.STORE_UP.name, m.SCRAPE_SECONDS.name, m.BUILD_INFO.name}
Seen = dict[tuple[str, tuple[str, ...]], float]


def scrape(fleet: Fleet, seconds: float = 20.0) -> Seen:
    return {(each.metric.name, each.labels): each.value for each in fleet.scrape(seconds=seconds)}


def names(told: Seen, model: str | None = None) -> set[str]:
    return {name for name, labels in told if model is None or labels[:1] == (model,)}


def away(told: Seen) -> bool:
    return told[m.STORE_UP.name, ()] == 0 and names(told) == ALONE
