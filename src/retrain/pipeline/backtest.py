"""What would another policy have done? Ledger and stored windows are gone through once more; nothing is written."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from retrain.pipeline.falls import Fall, falls
from retrain.pipeline.replay import Replay, cuts_otherwise
from retrain.pipeline.site import Site
from retrain.production.reader import count_rows
from retrain.spec import ModelSpec
from retrain.store.events import Checked, Ended, Promoted
from retrain.store.ledger import LedgerEntry
from retrain.trigger.backtest import Costs, Course, Difference, Episode, differences, extra
from retrain.values import Value


class BacktestResult(Value):
    """What `retrain backtest` answers."""

    model: str
    start: datetime | None
    end: datetime | None
    today: Course
    other: Course
    changed: dict[str, tuple[str, str]]
    """Key to what it is today and in the other policy."""
    episodes: tuple[Difference, ...]
    """Those that today's policy alarmed on."""
    extra: tuple[Episode, ...]
    """Those that only the other one alarms on."""
    falls: tuple[Fall, ...]
    """Windows whose labels show that the model had become worse."""
    costs: Costs
    notes: tuple[str, ...]


def backtest(site: Site, other: ModelSpec) -> BacktestResult:
    """Replay every stored window through today's policy and the other one."""
    entries = list(site.ledger.entries())
    gone = _gone(site, entries)
    today = Replay(site=site, gone=gone).run(entries)
    otherwise = cuts_otherwise(other.drift, site.spec.drift)
    then = Replay(site=replace(site, spec=other), gone=gone, cutting=otherwise).run(entries)
    looks = today.looks or then.looks
    return BacktestResult(
        model=site.model,
        start=looks[0].start if looks else None,
        end=looks[-1].end if looks else None,
        today=today,
        other=then,
        changed=_changed(site.spec, other),
        episodes=differences(today, then),
        extra=extra(today, then),
        falls=falls(site, entries),
        costs=_costs(entries),
        notes=tuple(_notes(site.spec, other, (today, then))),
    )


def _gone(site: Site, entries: Sequence[LedgerEntry]) -> frozenset[tuple[datetime, datetime]]:
    """Judged windows of which the log has fewer rows now: files were pruned, and the rest is another window."""
    found = set()
    now = site.clock()
    for entry in entries:
        event = entry.event
        if isinstance(event, Checked) and event.state != "insufficient_data":
            there = 0
            if site.log.is_dir():
                there = count_rows(site.log, site.spec.production, start=event.start, end=event.end, now=now)
            if there < event.rows:
                found.add((event.start, event.end))
    return frozenset(found)


def _costs(entries: Sequence[LedgerEntry]) -> Costs:
    spent = [e.event.cost for e in entries if isinstance(e.event, Ended | Promoted) and e.event.cost is not None]
    if not spent:
        return Costs(runs=0)
    money = [one.money for one in spent if one.money is not None]
    currencies = {one.currency for one in spent}
    told = len(money) == len(spent) and len(currencies) == 1
    return Costs(
        runs=len(spent),
        seconds=sum(one.wall_seconds for one in spent) / len(spent),
        money=sum(money) / len(money) if told else None,
        currency=currencies.pop() if told else None,
    )


def _changed(today: ModelSpec, other: ModelSpec) -> dict[str, tuple[str, str]]:
    found = {}
    for stage in ("drift", "trigger"):
        before, after = getattr(today, stage).model_dump(), getattr(other, stage).model_dump()
        for key in before:
            if before[key] != after[key]:
                found[f"{stage}.{key}"] = (f"{before[key]}", f"{after[key]}")
    return found


def _notes(today: ModelSpec, other: ModelSpec, courses: tuple[Course, Course]) -> Iterator[str]:
    for name, course in zip(("today's", "the other"), courses, strict=True):
        lost = [look for look in course.looks if look.how == "lost"]
        if lost:
            yield (
                f"{len(lost)} windows could not be replayed under {name} policy, the first of "
                f"{lost[0].start:%Y-%m-%d}: the log no longer holds their rows, "
                f"and their stored reports were measured in another way"
            )
    if not _changed(today, other):
        yield "both policies are the same"
    if today.drift.reference_rows != other.drift.reference_rows:
        yield "drift.reference_rows is not replayed: the stored references are used"
    if [fire.request for fire in courses[0].fires] != [fire.request for fire in courses[1].fires]:
        yield (
            "where the other policy would have retrained, the retrain is taken to have ended at once without a "
            "promotion; promotions stay where they were, since the rows were answered by those champions"
        )
