"""What did it cost? Seconds by stage, processor and GPU seconds, joules and money, from all who took part."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from retrain.training import energy
from retrain.training.version import Cost

NOTHING = Cost(wall_seconds={}, cpu_seconds=0.0, gpu_seconds=0.0)
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class _Start:
    stage: str
    wall: float
    cpu: float
    energy: dict[str, energy.Reading]


class Meter:
    """Measures what happens inside its stages, in this process and in the children it has waited for."""

    def __init__(self, before: Cost = NOTHING) -> None:
        """`before`: what earlier attempts at the same work used, when this one goes on from them."""
        self._ended = before
        self._running: _Start | None = None
        self.gpus = 0
        """GPUs in use, set once it is known; a stage's seconds count once for each."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the block as part of this stage, also when it ends in an exception. Stages do not nest."""
        if self._running is not None:
            raise ValueError(f"stage {name!r} begun inside {self._running.stage!r}; stages do not nest")
        self._running = _Start(name, time.perf_counter(), _cpu_seconds(), energy.readings())
        try:
            yield
        finally:
            self._ended, self._running = self.cost, None

    @property
    def cost(self) -> Cost:
        """What the stages used until now, the running one included; without money."""
        start = self._running
        if start is None:
            return self._ended
        seconds = time.perf_counter() - start.wall
        spent = Cost(
            wall_seconds={start.stage: seconds},
            cpu_seconds=_cpu_seconds() - start.cpu,
            gpu_seconds=seconds * self.gpus,
            joules=energy.used(start.energy, energy.readings()),
        )
        return added(self._ended, spent)


def added(one: Cost, other: Cost) -> Cost:
    """Both together. What only one of them knows (joules, money) is kept: a lower bound is more than nothing."""
    stages = sorted(one.wall_seconds.keys() | other.wall_seconds.keys())
    return Cost(
        wall_seconds={name: one.wall_seconds.get(name, 0.0) + other.wall_seconds.get(name, 0.0) for name in stages},
        cpu_seconds=one.cpu_seconds + other.cpu_seconds,
        gpu_seconds=one.gpu_seconds + other.gpu_seconds,
        joules=_sum_of_known(one.joules, other.joules),
        money=_sum_of_known(one.money, other.money),
        currency=one.currency or other.currency,
    )


def priced(cost: Cost, *, price_per_hour: float, currency: str) -> Cost:
    """The same, with the money for its wall time; no money is shown where no price is known."""
    if price_per_hour <= 0:
        return cost.model_copy(update={"money": None, "currency": None})
    money = sum(cost.wall_seconds.values()) / SECONDS_PER_HOUR * price_per_hour
    return cost.model_copy(update={"money": money, "currency": currency})


def _sum_of_known(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return sum(known) if known else None


def _cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
