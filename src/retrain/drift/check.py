"""How far does a window lie from the reference? Each signal has a threshold measured on the reference itself."""

from collections.abc import Iterable
from dataclasses import replace

from retrain.drift.attribution.attribute import attribute
from retrain.drift.attribution.quoting import names_redacted, redacted
from retrain.drift.calibration import METHODS, Method, null_of
from retrain.drift.observation import Embed, Observation, broken_of, in_runs, observe_window
from retrain.drift.performance.known import performance
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import ReferenceProfile
from retrain.drift.report import Deviation, DriftReport, DriftScore
from retrain.drift.season import in_season
from retrain.drift.signals import Found, NotWatched, Signal, signals
from retrain.drift.signals.groups import GROUP
from retrain.drift.statistics import between
from retrain.production.window import Window


def examine(
    window: Window, reference: ReferenceProfile, policy: DriftPolicy, *, model: str, embed: Embed | None = None
) -> DriftReport:
    """Measure a window, and say what changed in it."""
    current = observed(window, reference, policy, embed)
    unreadable = sum(window.quarantined.values())
    cause = attribute(reference.seen, current, policy, unreadable / max(1, unreadable + window.total))
    found = {name: getattr(cause, name) for name in type(cause).model_fields}
    return report_of(window, current, reference, policy, model).model_copy(update=found)


def score(
    window: Window, reference: ReferenceProfile, policy: DriftPolicy, *, model: str, embed: Embed | None = None
) -> DriftReport:
    """Measure a window. Whatever cannot be computed is in `not_watched` with its reason."""
    return report_of(window, observed(window, reference, policy, embed), reference, policy, model)


def report_of(
    window: Window, current: Observation, reference: ReferenceProfile, policy: DriftPolicy, model: str
) -> DriftReport:
    """What is to be said of a window whose rows were measured already."""
    found = compared(reference.seen, current, policy)
    return DriftReport(
        model=model,
        start=window.start,
        end=window.end,
        rows=window.total,
        compared_rows=current.rows.height,
        reference=reference.digest,
        reference_rows=reference.seen.rows.height,
        champion=reference.champion,
        scores=scores_of(found, policy),
        not_watched={one.name: redacted(one.reason, policy) for one in found if isinstance(one, NotWatched)},
        quarantined=dict(window.quarantined),
        duplicates=window.duplicates,
        truncated=window.truncated,
        performance=performance(reference.seen, current),
    )


def compared(reference: Observation, current: Observation, policy: DriftPolicy) -> list[Found]:
    """Every signal that is on, of rows of the same season."""
    sides = in_season(reference, current, policy)
    if isinstance(sides, str):
        return [NotWatched(name="every signal", reason=sides)]
    old, new = (_with_group_names(side, policy) for side in sides)
    return list(signals(old, new, policy.watched))


def _with_group_names(side: Observation, policy: DriftPolicy) -> Observation:
    groups = [name for name in side.rows.columns if name.startswith(GROUP)]
    return replace(side, rows=names_redacted(side.rows, groups, policy))


def scores_of(found: Iterable[Found], policy: DriftPolicy) -> tuple[DriftScore, ...]:
    """The scores of the signals that can be watched; they share the rate of false windows."""
    watched = [signal for signal in found if isinstance(signal, Signal)]
    rate = policy.false_window_rate / max(1, len(watched))
    return tuple(_scored(signal, rate, policy) for signal in watched)


def measure(signal: Signal) -> float:
    """The score of one signal; chance alone keeps it near zero, a fall where only a rise counts is zero."""
    method = METHODS[signal.method]
    return _size(method, between(method.statistic, signal.reference, signal.current))


def _size(method: Method, found: float) -> float:
    return max(0.0, found) if method.tail == "rise" else abs(found)


def observed(window: Window, reference: ReferenceProfile, policy: DriftPolicy, embed: Embed | None) -> Observation:
    """The window's rows as the reference's were measured, at most the policy's `max_rows`."""
    rows = window.rows[in_runs(window.rows.height, policy.max_rows)]
    embedded = in_runs(rows.height, policy.embedding_rows)
    known = reference.seen.vectors
    pair = None
    if not policy.embeddings or embed is None or known is None or rows.is_empty():
        embedded = embedded[:0]
    else:
        pair = embed(rows["input"][embedded].to_list()), known
    return replace(observe_window(rows, reference.vocabulary, embedded, pair), broken=broken_of(window))


def _scored(signal: Signal, rate: float, policy: DriftPolicy) -> DriftScore:
    method = METHODS[signal.method]
    null = null_of(method, signal.reference, current_rows=len(signal.current), draws=policy.calibration_blocks)
    signed = between(method.statistic, signal.reference, signal.current)
    return DriftScore(
        signal=signal.name,
        method=signal.method,
        value=_size(method, signed),
        threshold=max(null.limit(rate), policy.effect_floor),
        p_value=null.p_value(signed),
        deviation=Deviation(
            size=null.deviation(signed),
            tail=method.tail,
            rows=len(signal.current),
            reference_rows=len(signal.reference),
            freedom=null.freedom,
            unsure=null.unsure,
            effect=signed**2 - null.noise if method.tail == "distance" else signed,
        ),
    )
