"""How often does the monitor cry wolf, and what does it find? Its own reference is fed to it, as it is and with drift.

Windows are stretches of the reference from random starts, each judged against the rest of it by the very functions that
judge production. So the calibration, the pooling and the limit are tried on this model's own bursts and rhythm.
What all of production's windows share, the error of the one reference, is in no such window: a drill can refute the
budget, never prove it (benchmarks/drift_false_alarms.py measures whole years).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from retrain.drift.drill.intervals import poisson_bounds, share_bounds
from retrain.drift.drill.planted import SHARES, Source, source
from retrain.drift.monitor import Monitor
from retrain.drift.observation import Observation, in_runs
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import ReferenceProfile
from retrain.drift.sequential.budget import HOURS_PER_YEAR
from retrain.drift.sequential.looks import looked
from retrain.store.drilled import PLANTED, Planted, Power
from retrain.values import Value

LOOKS = 300
"""Of unchanged rows. 300 daily ones are most of a year: four false alarms there put the whole interval above one."""
TRIALS = 10
"""Of each planted drift: all found means at least 69 % beyond doubt, and the drill stays under a minute."""
WITHIN = 7
"""Windows in which a planted drift has to be found: a week of daily ones."""
MOST_ROWS = 3_000
"""Of the reference; longer ones are thinned in runs, so that the drill stays under a minute."""
CONFIDENCE = 0.95

Numbers = NDArray[np.int64]


class Measured(Value):
    """What a drill found, before anyone judges it."""

    looks: int
    alarms: int
    window_rows: int
    reference_rows: int
    per_year: float
    low: float
    high: float
    confidence: float = CONFIDENCE
    budget: float | None
    within: int = WITHIN
    planted: tuple[Power, ...]
    evidence: tuple[float, ...]
    """What the monitor said at each look of unchanged rows; nothing under a rule that counts windows."""
    raised: tuple[str, ...]
    """The signals that raised false alarms."""


def usual_rows(profile: ReferenceProfile, policy: DriftPolicy) -> int:
    """Rows of a window as the reference's own were, of those that are looked at."""
    spans = (profile.end - profile.start).total_seconds() / 3_600 / policy.window_hours
    return max(policy.min_rows, min(policy.max_rows, round(profile.total / max(1.0, spans))))


def drill(
    profile: ReferenceProfile,
    policy: DriftPolicy,
    *,
    looks: int = LOOKS,
    seed: int = 0,
    drifts: Sequence[Planted] = PLANTED,
) -> Measured:
    """Feed the monitor its reference. The same reference, policy, looks and seed give the same numbers."""
    thinned = replace(profile, seen=profile.seen.taken(in_runs(profile.seen.rows.height, MOST_ROWS)))
    rows = thinned.seen.rows.height
    window_rows = min(usual_rows(profile, policy), rows // 2)
    draws = np.random.default_rng(seed)
    unchanged = [stretch(rows, window_rows, draws) for _ in range(looks)]
    monitor, alarms, evidence, raised = Monitor(), 0, [], set[str]()
    for look in looked(thinned, ((cut, thinned.seen.taken(cut)) for cut in unchanged), policy):
        monitor, said = look.monitor, look.monitor.evidence
        alarms += look.opened
        if said is not None:
            evidence.append(said.total)
            raised |= {name for name, found in said.signals.items() if look.opened and found >= said.needed}
    low, high = poisson_bounds(alarms, CONFIDENCE)
    yearly = HOURS_PER_YEAR / policy.window_hours / looks
    calm = Monitor(until=monitor.until) if monitor.alarmed else monitor
    scene = _Scene(profile=thinned, policy=policy, monitor=calm, window_rows=window_rows, seed=seed)
    return Measured(
        looks=looks,
        alarms=alarms,
        window_rows=window_rows,
        reference_rows=rows,
        per_year=alarms * yearly,
        low=low * yearly,
        high=high * yearly,
        budget=policy.false_retrains_per_year if policy.rule == "budget" else None,
        planted=tuple(_power(drift, scene) for drift in drifts),
        evidence=tuple(evidence),
        raised=tuple(sorted(raised)),
    )


def stretch(rows: int, taken: int, draws: np.random.Generator) -> Numbers:
    """Row numbers of a stretch from a random start, counted on from the last row to the first."""
    return np.sort((draws.integers(rows) + np.arange(taken)) % rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What all trials of a drill share."""

    profile: ReferenceProfile
    policy: DriftPolicy
    monitor: Monitor
    """As the unchanged windows left it: a drift in production begins after quiet ones, too."""
    window_rows: int
    seed: int


def _power(drift: Planted, scene: _Scene) -> Power:
    share = SHARES[drift]
    waited: list[int | None] = []
    for trial in range(TRIALS):
        draws = np.random.default_rng((scene.seed, PLANTED.index(drift), trial))
        found = source(drift, scene.profile.seen, draws)
        if isinstance(found, str):
            return Power(drift=drift, share=share, reason=found)
        windows = _drifting(found, scene, draws)
        looks = looked(scene.profile, windows, scene.policy, scene.monitor)
        waited.append(next((number for number, look in enumerate(looks, start=1) if look.opened), None))
    hits = [windows for windows in waited if windows is not None]
    low, high = share_bounds(len(hits), TRIALS, CONFIDENCE)
    delay = float(median(hits)) if hits else None
    return Power(drift=drift, share=share, trials=TRIALS, found=len(hits), low=low, high=high, windows=delay)


def _drifting(found: Source, scene: _Scene, draws: np.random.Generator) -> Iterator[tuple[Numbers, Observation]]:
    rows = scene.profile.seen.rows.height
    for _ in range(WITHIN):
        cut = stretch(rows, scene.window_rows, draws)
        yield cut, found.into(cut, draws)
