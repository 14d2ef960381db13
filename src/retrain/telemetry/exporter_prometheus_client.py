"""How does Prometheus get its numbers? One HTTP server; each scrape reads the store anew and writes what it found."""

import math
import threading
from collections.abc import Iterable, Iterator
from functools import partial

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from retrain.errors import WorldError
from retrain.settings import Settings
from retrain.store.open import open_store
from retrain.store.patience import Patience
from retrain.telemetry.access import Door, token_for
from retrain.telemetry.fleet import Fleet
from retrain.telemetry.listen import bound, listen
from retrain.telemetry.pages import CAREFUL, Pages
from retrain.telemetry.sample import Sample

LONGEST = 8.0
"""Seconds: below Prometheus' own limit of 10, so that a dead store is told and not merely a scrape that failed."""
FIRST = 120.0
SPARE = 0.5
PATIENCE = Patience(total_seconds=2.0, connect_seconds=2.0, answer_seconds=5.0)
"""Less than a command's: the next scrape asks again, and until then "away" is the truth."""
PROMETHEUS_WAITS = "x-prometheus-scrape-timeout-seconds"


class Samples(Collector):
    """The samples of one scrape, grouped by metric."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples = tuple(samples)

    def describe(self) -> Iterable[Metric]:
        """Nothing: the names are known once the store was read."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """One family a metric, in the order in which they first occur."""
        families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
        for sample in self._samples:
            metric = sample.metric
            family = families.get(metric.name)
            if family is None:
                kind = GaugeMetricFamily if metric.kind == "gauge" else CounterMetricFamily
                family = families[metric.name] = kind(metric.name, metric.help, labels=metric.labels)
            family.add_metric(sample.labels, sample.value)
        yield from families.values()


def exposition(samples: Iterable[Sample], accept: str) -> tuple[bytes, str]:
    """What Prometheus reads, with the exporter's own process_* beside it, and its content type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Samples(samples))
    ProcessCollector(registry=registry)
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


def application(settings: Settings, token: str | None) -> Door:
    """The exporter of one store, which it begins to read at once. `token`: what callers must show, if anything."""
    fleet = Fleet(partial(open_store, settings.store, PATIENCE))
    # Each ledger's newest entry has to be found once; on S3 that may take longer than Prometheus waits for a scrape.
    threading.Thread(target=partial(fleet.scrape, seconds=FIRST), daemon=True, name="retrain-first-look").start()

    def metrics(request: Request) -> Response:
        try:
            samples = fleet.scrape(seconds=_seconds(request.headers.get(PROMETHEUS_WAITS, "")))
        except WorldError as error:
            return PlainTextResponse(f"{error}\n", 503, CAREFUL)
        content, kind = exposition(samples, request.headers.get("accept", ""))
        return Response(content, headers={**CAREFUL, "Content-Type": kind})

    return Door(Starlette(routes=[Route("/metrics", metrics, methods=["GET"]), *Pages(fleet.open).routes()]), token)


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then return. Raises UsageError or PortTaken before it begins."""
    token = token_for(settings, host)
    with bound(host, port) as listening:
        open_store(settings.store, PATIENCE)
        listen(application(settings, token), listening)


def _seconds(said: str) -> float:
    """How long the store may take: what Prometheus says it waits, less a moment for the answer; our limit at most."""
    try:
        waits = float(said) - SPARE
    except ValueError:
        return LONGEST
    return min(waits, LONGEST) if math.isfinite(waits) and waits > 0 else LONGEST
