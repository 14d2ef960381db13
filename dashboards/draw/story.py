"""What happens to three models in ninety days? Each has a script; the moments of all are lived in their order."""

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Literal

from dashboards.draw.evidence import Pair
from dashboards.draw.life import DAY, START, Life
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.review_policy import ReviewPolicy
from retrain.store.protocol import Store
from retrain.store.state import Cause

DAYS = 90
END = START + timedelta(days=DAYS, hours=18)

Moment = tuple[datetime, Callable[[], None]]


def tell(store: Store, *, every: int = 1) -> Iterator[datetime]:
    """Live through the ninety days, checked every so many; yields each moment before what happens then."""
    lives = (_intents(store, every), _urgency(store, every), _refunds(store, every))
    moments = [moment for life in lives for moment in life]
    for at, happen in sorted(moments, key=lambda moment: moment[0]):
        yield at
        happen()


def _at(life: Life, day: float, happen: Callable[[], None]) -> Moment:
    at = START + day * DAY

    def then() -> None:
        life.now = at
        happen()

    return at, then


def _run(life: Life, day: float, cause: Cause, pair: Pair, hours: float) -> list[Moment]:
    """A retrain from its claim to the gate's verdict."""
    return [_at(life, day, lambda: life.claim(cause)), *_rest(life, day, pair, hours)]


def _rest(life: Life, day: float, pair: Pair, hours: float) -> list[Moment]:
    """What comes after the claim."""
    whole = hours / 24
    return [
        _at(life, day + 0.1 * whole, life.prepare),
        _at(life, day + 0.9 * whole, life.train),
        _at(life, day + whole, lambda: life.conclude(pair, hours)),
    ]


def _vain(life: Life, day: float, outcome: Literal["refused", "failed"], missing: int = 0) -> list[Moment]:
    """A retrain that comes to no verdict."""
    return [
        _at(life, day, lambda: life.claim("drift")),
        _at(life, day + 0.02, lambda: life.end(outcome, missing)),
    ]


def _checks(life: Life, days: Iterable[int], drift: Callable[[int], float], rows: int) -> list[Moment]:
    """One check on each of these days."""
    return [_at(life, day + 1 / 12, lambda day=day: life.check(drift(day), rows)) for day in days]  # type: ignore[misc]


def _drills(life: Life, *days: int) -> list[Moment]:
    """A drill on each of these days; now and then one false alarm."""
    return [_at(life, day + 0.16, lambda day=day: life.drill(int(day % 4 == 1))) for day in days]  # type: ignore[misc]


def _days(every: int, *blank: int) -> Iterator[int]:
    """Days with a check: not those when there is nothing to judge against."""
    yield from (day for day in range(4, DAYS + 1, every) if day not in blank)


def _wave(day: int, begin: int, length: int, height: float) -> float:
    """A drift that comes, and goes when it is answered."""
    return height * math.sin(math.pi / 2 * min((day - begin) / length, 1.0)) if begin <= day <= begin + length else 0.0


def _intents(store: Store, every: int) -> list[Moment]:
    """Drifts, is retrained, promoted, promoted by hand, rolled back; drifts again at the end."""
    life = Life(store=store, model="support-intents", seed=3)

    def drift(day: int) -> float:
        return max(_wave(day, 22, 7, 1.2), _wave(day, 46, 8, 0.9), _wave(day, 80, 12, 1.5))

    return [
        *_run(life, 0.1, "manual", Pair(champion=0.3, challenger=0.86), 1.2),
        _at(life, 3.0, life.reference),
        *_checks(life, _days(every, 30, 31, 32, 62, 63, 64, 66, 67, 68), drift, 280),
        *_run(life, 29.2, "drift", Pair(champion=0.78, challenger=0.88), 5),
        _at(life, 32.5, life.reference),
        *_run(life, 54.3, "drift", Pair(champion=0.87, challenger=0.85), 4),
        _at(life, 61.5, life.promote),
        _at(life, 64.4, life.reference),
        _at(life, 65.5, lambda: life.roll_back("probation")),
        _at(life, 68.5, life.reference),
        *_drills(life, 5, 13, 20, 27, 34, 41, 48, 55, 69, 76, 83, 90),
        _at(life, DAYS + 0.6, lambda: life.claim("drift")),
        _at(life, DAYS + 0.65, life.prepare),
    ]


def _urgency(store: Store, every: int) -> list[Moment]:
    """Quiet; retrained when the quarter began; by hand later, and promoted once labels had come."""
    life = Life(store=store, model="ticket-urgency", seed=8)
    return [
        *_run(life, 0.3, "manual", Pair(champion=0.3, challenger=0.86), 1.5),
        _at(life, 3.4, life.reference),
        *_checks(life, _days(every, 30, 31, 32, 33, 83, 84), lambda day: _wave(day, 70, 3, 0.5), 540),
        *_run(life, 30.0, "schedule", Pair(champion=0.85, challenger=0.915), 9),
        _at(life, 33.5, life.reference),
        _at(life, 33.6, lambda: life.prove(60, 5, 2)),
        _at(life, 37.2, lambda: life.prove(180, 13, 4)),
        _at(life, 41.0, lambda: life.prove(240, 17, 6)),
        *_run(life, 75.2, "manual", Pair(champion=0.895, challenger=0.925), 8),
        _at(life, 82.8, life.look_again),
        _at(life, 84.5, life.reference),
        _at(life, 86.3, lambda: life.prove(40, 4, 1)),
        _at(life, 89.2, lambda: life.prove(80, 7, 3)),
        *_drills(life, 6, 20, 36, 50, 64, 78, 90),
    ]


def _refunds(store: Store, every: int) -> list[Moment]:
    """Little traffic: often too few rows, too few labels, once a broken disk and a run that died; at the end people are
    waited for."""
    policy = PromotionPolicy(review=ReviewPolicy(required="inconclusive", min_reviewers=2))
    life = Life(store=store, model="refund-reason", seed=21, policy=policy)
    hungry = {*range(40, 44), *range(60, 66), *range(87, DAYS + 1)}
    return [
        *_run(life, 0.6, "manual", Pair(champion=0.3, challenger=0.86), 1),
        _at(life, 4.0, life.reference),
        *_checks(life, _days(every, 4, 37, 38, 74, 85, 86, *hungry), lambda day: _wave(day, 24, 13, 1.1), 90),
        *(_at(life, day + 1 / 12, lambda: life.starve(30)) for day in sorted(hungry)),
        *_vain(life, 30.1, "refused", missing=140),
        _at(life, 31.1, lambda: life.check(1.0, 90, "backoff")),
        *_vain(life, 32.2, "failed"),
        _at(life, 33.1, lambda: life.check(1.0, 90, "backoff")),
        # This run dies after a day of tuning; another goes on with its work.
        _at(life, 35.0, lambda: life.claim("drift", hours=30)),
        _at(life, 36.3, lambda: life.claim("drift")),
        *_rest(life, 36.3, Pair(champion=0.8, challenger=0.9, rows=260), 7),
        _at(life, 38.4, life.reference),
        _at(life, 71.5, lambda: life.check(0.9, 90, "cooldown")),
        _at(life, 74.2, lambda: life.roll_back("manual")),
        _at(life, 74.9, life.reference),
        *_run(life, 83.0, "drift", Pair(champion=0.85, challenger=0.88, rows=260), 6),
        _at(life, 85.1, lambda: life.check(0.9, 90, "cooldown")),
        _at(life, 87.5, lambda: life.approve("Ann")),
        _at(life, 86.1, lambda: life.check(0.9, 90, "budget")),
        *_drills(life, 6, 20, 41, 55, 69),
        # Its rows are too few and too unlike each other: the budget does not hold, and a drift is proposed only.
        _at(life, 76.2, lambda: life.drill(alarms=9)),
        _at(life, 84.1, lambda: life.check(0.9, 90, "drill")),
    ]
