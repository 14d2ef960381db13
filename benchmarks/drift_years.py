"""What does the budget do over many years of windows at once? The pooling and its limits are the product's."""

from dataclasses import dataclass

import numpy as np
from benchmarks.drift_streams import Floats
from numpy.typing import NDArray

from retrain.drift.policy import DriftPolicy
from retrain.drift.sequential.budget import evidence, rate, warning
from retrain.drift.sequential.budget import needed as needed_evidence
from retrain.drift.sequential.pool import KEPT, Seen, empty, limits, p_values, pooled, sizes


@dataclass(frozen=True)
class Alarms:
    """What the budget's detector did, shape (years, looks)."""

    alarmed: NDArray[np.bool_]
    begun: NDArray[np.bool_]


def run_budget(years: list[Seen], policy: DriftPolicy, needed: float | None = None) -> Alarms:
    """The monitor's rule over many years at once; `needed` takes the place of the policy's where it is given."""
    count, looks, signals = len(years), *years[0].size.shape
    constant = {
        name: np.stack([getattr(y, name) for y in years]) for name in ("rows", "reference_rows", "freedom", "unsure")
    }
    one = Seen(
        size=np.zeros((count, signals)),
        effect=np.zeros((count, signals)),
        **constant,
        either=years[0].either,
        distance=years[0].distance,
    )
    share = rate(policy, signals) if needed is None else rate(policy, signals) * needed_evidence(policy) / needed
    enough = limits(one, share)
    warned = limits(one, share * needed_evidence(policy) / warning(policy))
    memory = np.broadcast_to(empty(signals), (count, signals, len(KEPT), empty(1).shape[-1])).copy()
    alarmed, streak, raised_by = np.zeros(count, dtype=bool), np.zeros(count, dtype=int), np.zeros(count, dtype=int)
    record, begun = np.zeros((count, looks), dtype=bool), np.zeros((count, looks), dtype=bool)
    for look in range(looks):
        window = Seen(
            size=np.stack([y.size[look] for y in years]),
            effect=np.stack([y.effect[look] for y in years]),
            **constant,
            either=years[0].either,
            distance=years[0].distance,
        )
        memory = pooled(memory, window, enough)
        over = _reach(memory, window, enough, policy)
        raised = over.any(axis=-1)
        raised_by = np.where(alarmed | ~raised, raised_by, over.argmax(axis=-1))
        loud = _reach(memory, window, warned, policy) & (np.arange(len(KEPT)) <= raised_by[:, None])
        streak = np.where(loud.any(axis=-1), 0, streak + 1)
        ended = alarmed & (streak >= policy.clear_after)
        begun[:, look] = raised & ~alarmed
        alarmed = (alarmed | raised) & ~ended
        memory[ended], raised_by[ended] = 0.0, 0
        record[:, look] = alarmed
    return Alarms(alarmed=record, begun=begun)


def evidence_of(years: list[Seen], policy: DriftPolicy) -> Floats:
    """What the monitor's windows say together at each look, shape (years, looks); nothing is forgotten at an alarm."""
    count, signals = len(years), years[0].size.shape[1]
    names = ("rows", "reference_rows", "freedom", "unsure")
    constant = {name: np.stack([getattr(year, name) for year in years]) for name in names}
    memory = np.broadcast_to(empty(signals), (count, *empty(signals).shape)).copy()
    found = []
    for size, effect in zip(
        np.stack([y.size for y in years], axis=1), np.stack([y.effect for y in years], axis=1), strict=True
    ):
        window = Seen(size=size, effect=effect, **constant, either=years[0].either, distance=years[0].distance)
        memory = pooled(memory, window, limits(window, rate(policy, signals)))
        chance = p_values(memory, window, policy.effect_floor)
        found.append(evidence(chance, signals).max(axis=(-2, -1)))
    return np.stack(found, axis=1)


def _reach(memory: Floats, window: Seen, limit: Floats, policy: DriftPolicy) -> NDArray[np.bool_]:
    """Whether any signal is over its limit, for each year and memory; the effect is only asked for where one is."""
    size = sizes(memory)
    over = np.where(window.either[:, None], np.abs(size), size) >= limit[..., None]
    if over.any():
        over &= p_values(memory, window, policy.effect_floor) < 1
    return np.asarray(over.any(axis=-2))
