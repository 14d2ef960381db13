"""Which samples follow from what was read? Plain functions over values: the same entry gives the same numbers."""

from collections.abc import Iterable, Iterator

from retrain.evaluation.comparison import Comparison, Slice
from retrain.store.state import LastCheck, LastRun, State, Totals
from retrain.telemetry import metrics as m
from retrain.telemetry.monitoring import drilled, monitored
from retrain.telemetry.probation import tried
from retrain.telemetry.sample import Sample, counts, known, moment, one_of, safe
from retrain.telemetry.view import Evidence, ModelView
from retrain.telemetry.waiting import waited_for

MAX_GROUPS = 50
"""Groups come from production and are open-ended; those with the most held-out rows are exported."""
CHECK_STATES = tuple(state for state in m.STATES if state != "never_checked")


def samples_of(views: Iterable[ModelView]) -> Iterator[Sample]:
    """Everything that a store which answered says of its models."""
    seen = tuple(views)
    yield Sample(m.MODELS, (), len(seen))
    for view in seen:
        yield from _of_model(view)


def _of_model(view: ModelView) -> Iterator[Sample]:
    entry = view.entry
    if entry is None:
        yield Sample(m.LEDGER_UP, (view.model,), 0)
        return
    state, own = entry.state, (view.model,)
    yield Sample(m.LEDGER_UP, own, 1)
    yield Sample(m.LEDGER_ENTRIES, own, entry.number)
    yield Sample(m.PREDECESSORS, own, len(state.predecessors))
    yield Sample(m.WATCHED, own, state.reference is not None)
    yield from moment(m.CHAMPION_SINCE, own, state.champion.since if state.champion else None)
    yield from _checks(own, state)
    yield from _window(own, state.last_check)
    yield from monitored(own, state)
    yield from drilled(own, state.drill)
    yield from _episode(own, state)
    yield from tried(own, state)
    yield from waited_for(own, state.pending)
    yield from _claim(own, state)
    yield from _last_run(own, state.last_run)
    yield from known(m.LABELS_MISSING, own, _labels_missing(state))
    yield from _totals(own, state.totals)
    if state.last_run and state.last_run.evaluation:
        yield Sample(m.EVALUATION_UP, own, view.evidence is not None)
    if view.evidence:
        yield from _evidence(own, view.evidence)


def _checks(own: tuple[str], state: State) -> Iterator[Sample]:
    newest = state.starved or state.last_check
    yield from one_of(m.CHECK_STATE, own, m.STATES, (newest.state,) if newest else ("never_checked",))
    if newest is None:
        return
    yield from moment(m.LAST_CHECK, own, newest.at)
    yield Sample(m.DUE, own, newest.retrain)
    yield from one_of(m.WAITING, own, m.WAITS, newest.waiting)
    yield from known(m.BUDGET_USED, own, newest.budget_used)
    yield from known(m.BUDGET_LIMIT, own, newest.budget_limit)


def _window(own: tuple[str], check: LastCheck | None) -> Iterator[Sample]:
    """The newest window that was judged; without one there is no number, since unknown is not zero."""
    if check is None:
        return
    yield from moment(m.WINDOW_END, own, check.end)
    yield Sample(m.WINDOW_SECONDS, own, (check.end - check.start).total_seconds())
    yield Sample(m.WINDOW_ROWS, own, check.rows)
    yield Sample(m.UNUSABLE_ROWS, own, check.broken)
    yield Sample(m.LATE_ROWS, own, check.late)
    for signal in check.signals:
        yield Sample(m.DRIFT_SCORE, (*own, safe(signal.signal)), signal.value)
        yield Sample(m.DRIFT_THRESHOLD, (*own, safe(signal.signal)), signal.threshold)
    for what in m.WHAT:
        yield Sample(m.DRIFT_CHANGE, (*own, what), check.moved.get(what, 0.0))


def _episode(own: tuple[str], state: State) -> Iterator[Sample]:
    yield Sample(m.EPISODE_OPEN, own, state.episode is not None)
    yield Sample(m.EPISODES, own, state.episodes)
    yield from moment(m.ALARM_AT, own, state.alarmed_at)
    yield from moment(m.PROMOTED_AT, own, state.promoted_at)
    yield from moment(m.ROLLED_BACK_AT, own, state.rolled_back_at)


def _claim(own: tuple[str], state: State) -> Iterator[Sample]:
    yield Sample(m.RUNNING, own, state.claim is not None)
    yield Sample(m.REFUSALS, own, state.rest.refusals)
    if state.claim:
        yield from moment(m.RUN_STARTED, own, state.claim.at)
        yield from moment(m.CLAIM_EXPIRES, own, state.claim.expires_at)


def _labels_missing(state: State) -> int | None:
    """By the newest check, when a retrain is owed and waits for them; else by the last run, when there was one."""
    newest = state.starved or state.last_check
    waits = newest.labels_missing if newest else 0
    return waits or (state.last_run.missing if state.last_run else None)


def _last_run(own: tuple[str], run: LastRun | None) -> Iterator[Sample]:
    if run is None:
        return
    yield from moment(m.LAST_RUN, own, run.at)
    yield from one_of(m.LAST_OUTCOME, own, m.OUTCOMES, (run.outcome,))
    if run.stages:
        seconds = dict.fromkeys(m.STAGES, 0.0)
        for stage, spent in run.stages.items():
            seconds[stage if stage in seconds else "other"] += spent
        yield from (Sample(m.LAST_SECONDS, (*own, stage), spent) for stage, spent in seconds.items())


def _totals(own: tuple[str], totals: Totals) -> Iterator[Sample]:
    """Counters begin at 0 with every label they can ever have: the first event must be an increase, too."""
    yield from counts(m.CHECKS, own, CHECK_STATES, totals.checks)
    yield from counts(m.RUNS_STARTED, own, m.CAUSES, totals.started)
    yield from counts(m.RUNS, own, m.OUTCOMES, totals.ended)
    yield from counts(m.PROMOTIONS, own, m.BY, totals.promotions)
    yield from counts(m.ROLLBACKS, own, m.ROLLBACK_REASONS, totals.rollbacks)
    yield Sample(m.TAKEN_OVER, own, totals.taken_over)
    yield Sample(m.SECONDS, own, totals.wall_seconds)
    yield Sample(m.CPU_SECONDS, own, totals.cpu_seconds)
    yield Sample(m.GPU_SECONDS, own, totals.gpu_seconds)
    yield Sample(m.COST, own, totals.money)


def _evidence(own: tuple[str], evidence: Evidence) -> Iterator[Sample]:
    report, comparison = evidence.report, evidence.report.comparison
    yield from _comparison(own, comparison)
    yield Sample(m.OVERFIT_GAP, own, report.train_accuracy - comparison.challenger.accuracy)
    yield Sample(m.CALIBRATION, own, report.calibration_error)
    yield Sample(m.LATENCY, own, report.latency_p95_ms / 1000)
    for check in evidence.decision.checks:
        yield from one_of(m.GATE, (*own, safe(check.rule)), m.VERDICTS, (check.verdict,))


def _comparison(own: tuple[str], seen: Comparison) -> Iterator[Sample]:
    """Without a champion a stand-in is compared with; its figures are nobody's, so only the challenger's are told."""
    roles = m.ROLES if seen.champion_version else ("challenger",)
    for role in roles:
        found = seen.champion if role == "champion" else seen.challenger
        yield Sample(m.ACCURACY, (*own, role), found.accuracy)
        yield Sample(m.PRECISION, (*own, role), found.precision)
        yield Sample(m.RECALL, (*own, role), found.recall)
        yield Sample(m.F1, (*own, role), found.f1)
    yield Sample(m.HELDOUT_ROWS, own, seen.rows)
    if seen.champion_version:
        yield Sample(m.DIFFERENCE_LOW, own, seen.difference.low)
        yield Sample(m.DIFFERENCE_HIGH, own, seen.difference.high)
        yield Sample(m.P_VALUE, own, seen.p_value)
    for part in _largest_groups(seen.slices):
        group = (*own, safe(part.name))
        yield Sample(m.GROUP_ROWS, group, part.rows)
        yield Sample(m.GROUP_ENOUGH, group, part.enough)
        for role in roles:
            accuracy = (part.champion if role == "champion" else part.challenger).accuracy
            yield Sample(m.GROUP_ACCURACY, (*group, role), accuracy)


def _largest_groups(slices: Iterable[Slice]) -> list[Slice]:
    # By the name as exported: two that look the same there would be one series with two values.
    groups = {safe(part.name): part for part in slices if part.kind == "group"}
    return sorted(groups.values(), key=lambda part: (-part.rows, part.name))[:MAX_GROUPS]
