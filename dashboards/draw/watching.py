"""What would the monitor, the estimates, the watch over groups and a drill have said? Made-up numbers."""

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from retrain.drift.drill.intervals import poisson_bounds, share_bounds
from retrain.drift.drill.planted import SHARES
from retrain.store.drilled import PLANTED, Drill, Power
from retrain.store.judged import (
    Accuracy,
    Evidence,
    Fairness,
    FairnessState,
    GroupGap,
    Performance,
    SegmentKind,
    SegmentShare,
    Signal,
)

LOOKS_A_YEAR = 365.25
NEEDED = 365.0
"""Daily windows, and one false retrain a year."""
LIMIT = 0.1
ACCURACY = 0.88
GROUPS = (
    ("channel=app", "label refund", 0.02),
    ("channel=web", "label refund", -0.03),
    ("channel=mail", "confidence", -0.05),
    ("region=south", "error", 0.07),
)
"""Each group, what is watched of it, and how far it lies from the rest."""
POWER = {"label_mix": 8, "unsure_rows": 10, "new_words": 5, "copied_rows": 9}
"""Trials of ten that find it, about."""


def said(drift: float, signals: Sequence[Signal], *, rows: int, noise: random.Random) -> dict[str, Any]:
    """What a check says beyond its scores; a drift of 1 is about where an alarm is raised."""
    evidence = evidence_of(signals, drift, noise)
    kind = "new topic" if drift > 0.5 else "change of mix" if drift > 0.2 else "unclear"
    return {
        "evidence": evidence,
        "signals": tuple(
            signal.model_copy(
                update={"evidence": evidence.signals[signal.signal], "p_value": _chance(signal, noise)},
            )
            for signal in signals
        ),
        "drift_kind": kind,
        "segments": _segments(drift, noise) if drift > 0.2 else (),
        "performance": _performance(drift, rows, noise),
        "fairness": _fairness(drift, rows, noise),
    }


def evidence_of(signals: Sequence[Signal], drift: float, noise: random.Random) -> Evidence:
    """Grows by powers of ten with the drift, as tails do."""
    of_signal = {}
    for signal in signals:
        ratio = signal.value / signal.threshold
        size = (ratio - 0.6) * 2.6 if drift > 0 else ratio - 0.6
        of_signal[signal.signal] = min(max(1.0, 10 ** (size + 0.3 * noise.random())), 1e6)
    return Evidence(total=max(of_signal.values()), warning=NEEDED / 10, needed=NEEDED, signals=of_signal)


def drilled(reference: str, at: datetime, alarms: int, noise: random.Random) -> Drill:
    """A drill with so many false alarms in 300 daily looks."""
    looks = 300
    low, high = poisson_bounds(alarms, 0.95)
    yearly = LOOKS_A_YEAR / looks
    return Drill(
        at=at,
        reference=reference,
        seed=noise.randint(0, 99),
        looks=looks,
        alarms=alarms,
        window_rows=260,
        reference_rows=1_040,
        per_year=alarms * yearly,
        low=low * yearly,
        high=high * yearly,
        confidence=0.95,
        budget=1.0,
        within=7,
        planted=tuple(_power(number, noise) for number in range(len(PLANTED))),
    )


def _power(number: int, noise: random.Random) -> Power:
    drift = PLANTED[number]
    found = min(10, max(0, POWER[drift] + noise.randint(-1, 1)))
    low, high = share_bounds(found, 10, 0.95)
    delay = 1.0 + 4.0 * (1 - found / 10)
    return Power(drift=drift, share=SHARES[drift], trials=10, found=found, low=low, high=high, windows=round(delay, 1))


def _chance(signal: Signal, noise: random.Random) -> float:
    ratio = signal.value / signal.threshold
    return float(min(1.0, (0.2 + 0.6 * noise.random()) * 10 ** (-2.2 * max(ratio - 0.5, 0.0))))


def _segments(drift: float, noise: random.Random) -> tuple[SegmentShare, ...]:
    kinds: tuple[tuple[SegmentKind, float], ...] = (("cluster", 0.5), ("label", 0.3), ("term", 0.2))
    return tuple(
        SegmentShare(
            what=what,
            name=f"{what} of the story",
            reference_share=0.01,
            current_share=0.01 + 0.12 * drift,
            low=0.06 * drift,
            high=0.18 * drift,
            explains=min(share * (0.7 + 0.4 * noise.random()) + 0.1 * drift, 1.0),
            sure=True,
        )
        for what, share in kinds
    )


def _performance(drift: float, rows: int, noise: random.Random) -> Performance:
    value = ACCURACY - 0.09 * drift + noise.gauss(0, 0.006)
    half = 0.03 + 0.02 * drift
    counted = min(max(value - 0.015 * drift + noise.gauss(0, 0.012), 0.0), 1.0)
    return Performance(
        estimated=Accuracy(
            value=value, low=value - half, high=min(value + half, 1.0), rows=rows, method="atc_confidence", source="300"
        ),
        labelled=Accuracy(
            value=counted, low=counted - 0.07, high=min(counted + 0.06, 1.0), rows=max(rows // 5, 31), method="wilson"
        ),
        expected=ACCURACY,
    )


def _fairness(drift: float, rows: int, noise: random.Random) -> Fairness:
    # The south is served worse the farther the topic moves.
    gaps = [
        _gap((group, outcome), usual + (0.11 * drift if group == "region=south" else 0.0), rows, noise)
        for group, outcome, usual in GROUPS
    ]
    gaps.append(GroupGap(group="channel=phone", outcome="label refund", rows=31, state="not_enough_evidence"))
    breached = sum(gap.state == "breach" for gap in gaps)
    still = sum(gap.state == "not_enough_evidence" for gap in gaps)
    return Fairness(
        state="breach" if breached else "not_enough_evidence",
        limit=LIMIT,
        gaps=tuple(sorted(gaps, key=lambda gap: (gap.state != "breach", gap.gap is None, -abs(gap.gap or 0.0)))),
        watched=len(gaps),
        breached=breached,
        open=still,
    )


def _gap(name: tuple[str, str], about: float, rows: int, noise: random.Random) -> GroupGap:
    group, outcome = name
    gap = about + noise.gauss(0, 0.004)
    low, high = gap - 0.045, gap + 0.045
    state: FairnessState = "not_enough_evidence"
    if low > LIMIT or high < -LIMIT:
        state = "breach"
    elif low >= -LIMIT and high <= LIMIT:
        state = "within_limit"
    return GroupGap(
        group=group, outcome=outcome, rows=rows * 9, state=state, rate=0.3 + gap, rest=0.3, gap=gap, low=low, high=high
    )
