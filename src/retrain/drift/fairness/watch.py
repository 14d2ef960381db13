"""Does a group get other answers than the rest? Within the limit, a breach, or not enough evidence."""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl
from pydantic import Field

from retrain.drift.fairness.evidence import MIN_BLOCKS, Floats, Gap, taken_in
from retrain.drift.fairness.outcomes import MAX_LABELS, Group, errors, groups, outcomes, watched_labels
from retrain.drift.fairness.policy import FairnessPolicy
from retrain.store.judged import Fairness, FairnessState, GroupGap
from retrain.values import Value

MAX_GROUPS = 40
"""Groups and pairs of groups in one memory, so that the ledger's entries stay small; the largest are taken."""
# The error is shared by all that one memory can hold, whatever it holds: labels, confidence and errors of each group.
FAMILY = MAX_GROUPS * (MAX_LABELS + 2)
# Two memories are kept at any time.
MEMORIES = 2
TOLD = 20


class Gathered(Value):
    """Evidence since one window."""

    windows: int = 0
    labels: tuple[str, ...] = ()
    gaps: dict[str, dict[str, Gap]] = Field(default_factory=dict)
    """Group to outcome to what is remembered."""


class FairnessMemory(Value):
    """What is remembered between windows: the older evidence first."""

    windows: int = 0
    gathered: tuple[Gathered, ...] = ()


def take_in(
    memory: FairnessMemory, rows: pl.DataFrame, labelled: pl.DataFrame | None, policy: FairnessPolicy
) -> FairnessMemory:
    """The memory with one window more; `labelled` are rows of an earlier window whose right answer is known."""
    kept = [one for one in memory.gathered if one.windows < policy.memory_windows]
    if memory.windows % max(1, policy.memory_windows // MEMORIES) == 0:
        kept = [*kept[-(MEMORIES - 1) :], Gathered(labels=watched_labels(rows, policy.favourable))]
    after = tuple(_more(one, rows, labelled) for one in kept)
    return FairnessMemory(windows=memory.windows + 1, gathered=after)


def judge(memory: FairnessMemory, policy: FairnessPolicy) -> Fairness:
    """What the evidence says of every group and outcome. No breach is not the same as fair."""
    alpha = policy.false_breach_rate / MEMORIES / FAMILY
    gaps = [
        max(states, key=lambda gap: gap.state == "breach")
        for states in _by_name(_gap(name, one, policy, alpha) for name, one in _all(memory)).values()
    ]
    gaps = _without_mirrors(gaps)
    breached = [gap for gap in gaps if gap.state == "breach"]
    open_ = [gap for gap in gaps if gap.state == "not_enough_evidence"]
    state: FairnessState = "breach" if breached else "not_enough_evidence" if open_ or not gaps else "within_limit"
    return Fairness(
        state=state,
        limit=policy.gap,
        gaps=tuple(sorted(gaps, key=_first)[:TOLD]),
        watched=len(gaps),
        breached=len(breached),
        open=len(open_),
    )


def _without_mirrors(gaps: Sequence[GroupGap]) -> list[GroupGap]:
    """Of two values that are each other's rest, the smaller one speaks for both."""
    kept: dict[tuple[str, float | None, str], GroupGap] = {}
    for gap in sorted(gaps, key=lambda gap: (gap.rows, gap.group)):
        if gap.gap is None:
            kept[gap.outcome, None, gap.group] = gap
        else:
            kept.setdefault((gap.outcome, abs(gap.gap), gap.group.partition("=")[0]), gap)
    return list(kept.values())


def _all(memory: FairnessMemory) -> Iterator[tuple[tuple[str, str], Gap]]:
    for gathered in memory.gathered:
        for group, of_group in gathered.gaps.items():
            for outcome, gap in of_group.items():
                yield (group, outcome), gap


def _by_name(gaps: Iterator[GroupGap]) -> Mapping[tuple[str, str], list[GroupGap]]:
    """The older evidence of each first."""
    found: dict[tuple[str, str], list[GroupGap]] = {}
    for gap in gaps:
        found.setdefault((gap.group, gap.outcome), []).append(gap)
    return found


def _gap(name: tuple[str, str], gap: Gap, policy: FairnessPolicy, alpha: float) -> GroupGap:
    group, outcome = name
    told = GroupGap(group=group, outcome=outcome, rows=gap.rows, state="not_enough_evidence")
    if gap.rows < policy.min_group_rows or gap.blocks < MIN_BLOCKS or gap.weight <= 0:
        return told
    reach = gap.reach(alpha)
    low, high = max(gap.seen - reach, -1.0), min(gap.seen + reach, 1.0)
    state: FairnessState = "not_enough_evidence"
    if low > policy.gap or high < -policy.gap:
        state = "breach"
    elif -policy.gap <= low and high <= policy.gap:
        state = "within_limit"
    means = {"rate": gap.inside / gap.weight, "rest": gap.outside / gap.weight}
    return told.model_copy(update={**means, "gap": gap.seen, "low": low, "high": high, "state": state})


def _first(gap: GroupGap) -> tuple[bool, bool, float, str, str]:
    """Breaches first, then what is not known, the largest gap first."""
    return (gap.state != "breach", gap.gap is None, -abs(gap.gap or 0.0), gap.group, gap.outcome)


def _more(gathered: Gathered, rows: pl.DataFrame, labelled: pl.DataFrame | None) -> Gathered:
    gaps = dict(gathered.gaps)
    _add(gaps, groups(rows), outcomes(rows, gathered.labels))
    if labelled is not None and not labelled.is_empty():
        _add(gaps, groups(labelled), errors(labelled))
    return gathered.model_copy(update={"windows": gathered.windows + 1, "gaps": gaps})


def _add(gaps: dict[str, dict[str, Gap]], found: Sequence[Group], values: Mapping[str, Floats]) -> None:
    for group in found:
        if group.name not in gaps and len(gaps) >= MAX_GROUPS:
            continue
        of_group = dict(gaps.get(group.name, {}))
        for outcome, column in values.items():
            gap = taken_in(of_group.get(outcome, Gap()), group, column)
            if gap.rows:
                of_group[outcome] = gap.shortened()
        gaps[group.name] = of_group
