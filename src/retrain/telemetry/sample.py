"""What is one exported number, and how does what is known become one? Unknown becomes none."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from retrain.telemetry.metrics import Metric
from retrain.values import digest_of, short

MAX_LABEL = 120
"""Longer names are cut, and told apart by a digest."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One number of the closed list."""

    metric: Metric
    labels: tuple[str, ...]
    value: float


def safe(name: str) -> str:
    """A name from outside as the value of a label: of bounded length, and always to be written as UTF-8."""
    text = name.encode("utf-8", errors="replace").decode("utf-8")
    return text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 13]}~{short(digest_of(text.encode()))}"


def one_of(metric: Metric, own: tuple[str, ...], closed: Iterable[str], found: Iterable[str]) -> Iterator[Sample]:
    """1 for what is found of a closed set, 0 for the others."""
    yield from (Sample(metric, (*own, value), value in found) for value in closed)


def counts(metric: Metric, own: tuple[str, ...], closed: Iterable[str], seen: Mapping[str, int]) -> Iterator[Sample]:
    """How often each of a closed set was seen."""
    yield from (Sample(metric, (*own, value), seen.get(value, 0)) for value in closed)


def moment(metric: Metric, own: tuple[str, ...], at: datetime | None) -> Iterator[Sample]:
    """A time, where there is one."""
    yield from known(metric, own, None if at is None else at.timestamp())


def known(metric: Metric, own: tuple[str, ...], value: float | None) -> Iterator[Sample]:
    """A number, where it is known."""
    if value is not None:
        yield Sample(metric, own, value)
