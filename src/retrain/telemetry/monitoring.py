"""Which samples say what the monitor, the estimates, the watch over groups and the drill found?"""

from collections.abc import Iterator

from retrain.store.drilled import Drill
from retrain.store.judged import Accuracy, Fairness, GroupGap, Performance
from retrain.store.state import LastCheck, State
from retrain.telemetry import metrics as m
from retrain.telemetry.sample import Sample, counts, known, moment, one_of, safe

Own = tuple[str, ...]


def monitored(own: Own, state: State) -> Iterator[Sample]:
    """What the newest judged window says beyond its scores; nothing of a model that had none."""
    yield Sample(m.REFERENCE_REFUSED, own, state.refused is not None)
    check = state.last_check
    if check is None:
        return
    yield from _evidence(own, check)
    kind = check.drift_kind.replace(" ", "_") if check.drift_kind else ""
    if kind:
        yield from one_of(m.DRIFT_KIND, own, m.KINDS, (kind,))
    for what, share in check.explained.items():
        yield Sample(m.DRIFT_EXPLAINED, (*own, what), share)
    yield from _performance(own, check.performance)
    if check.performance.estimated.value is not None:
        yield Sample(m.DOUBTFUL_WINDOWS, own, state.doubtful_windows)
    if check.fairness:
        yield from _fairness(own, check.fairness)


def drilled(own: Own, drill: Drill | None) -> Iterator[Sample]:
    """The newest drill of the reference in use; without one nothing is known, and nothing told."""
    if drill is None:
        return
    yield from moment(m.DRILL_AT, own, drill.at)
    yield Sample(m.DRILL_LOOKS, own, drill.looks)
    yield Sample(m.DRILL_ALARMS, own, drill.alarms)
    yield Sample(m.DRILL_RATE, own, drill.per_year)
    yield Sample(m.DRILL_LOW, own, drill.low)
    yield Sample(m.DRILL_HIGH, own, drill.high)
    yield from known(m.DRILL_BUDGET, own, drill.budget)
    yield Sample(m.PROPOSE_ONLY, own, drill.refuted)
    for power in drill.planted:
        if power.trials:
            planted = (*own, power.drift)
            yield Sample(m.POWER, planted, power.found / power.trials)
            yield from known(m.POWER_LOW, planted, power.low)
            yield from known(m.POWER_HIGH, planted, power.high)
            yield from known(m.POWER_DELAY, planted, power.windows)


def _evidence(own: Own, check: LastCheck) -> Iterator[Sample]:
    if check.evidence:
        yield Sample(m.EVIDENCE, own, check.evidence.total)
        yield Sample(m.EVIDENCE_NEEDED, own, check.evidence.needed)
    for signal in check.signals:
        of_signal = (*own, safe(signal.signal))
        yield from known(m.SIGNAL_P_VALUE, of_signal, signal.p_value)
        yield from known(m.SIGNAL_EVIDENCE, of_signal, signal.evidence)


def _performance(own: Own, seen: Performance) -> Iterator[Sample]:
    yield from known(m.EXPECTED_ACCURACY, own, seen.expected)
    for source, accuracy in zip(m.SOURCES, (seen.estimated, seen.labelled), strict=True):
        yield from _accuracy((*own, source), accuracy)


def _accuracy(own: Own, seen: Accuracy) -> Iterator[Sample]:
    """An accuracy that is unknown has no rows either: its number would look like a count of answers."""
    if seen.value is None:
        return
    yield Sample(m.PRODUCTION_ACCURACY, own, seen.value)
    yield from known(m.PRODUCTION_ACCURACY_LOW, own, seen.low)
    yield from known(m.PRODUCTION_ACCURACY_HIGH, own, seen.high)
    yield Sample(m.PRODUCTION_ACCURACY_ROWS, own, seen.rows)


def _fairness(own: Own, seen: Fairness) -> Iterator[Sample]:
    yield from one_of(m.FAIRNESS, own, m.FAIRNESS_STATES, (seen.state,))
    yield Sample(m.FAIRNESS_LIMIT, own, seen.limit)
    within = seen.watched - seen.breached - seen.open
    numbers = {"within_limit": within, "breach": seen.breached, "not_enough_evidence": seen.open}
    yield from counts(m.FAIRNESS_GAPS, own, m.FAIRNESS_STATES, numbers)
    # By the names as exported: two that look the same there would be one series with two values. Breaches come first.
    gaps = {(safe(gap.group), safe(gap.outcome)): gap for gap in reversed(seen.gaps)}
    for names, gap in gaps.items():
        yield from _gap((*own, *names), gap)


def _gap(own: Own, gap: GroupGap) -> Iterator[Sample]:
    yield from one_of(m.GROUP_STATE, own, m.FAIRNESS_STATES, (gap.state,))
    yield from known(m.GROUP_GAP, own, gap.gap)
    yield from known(m.GROUP_GAP_LOW, own, gap.low)
    yield from known(m.GROUP_GAP_HIGH, own, gap.high)
