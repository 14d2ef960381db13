"""Which window of production is to be judged next? Counted from the ledger's watermark, never from a clock's ticks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from retrain.pipeline.site import Site
from retrain.production.reader import count_rows, read_window
from retrain.production.window import Window
from retrain.store.state import State
from retrain.values import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """The window to judge, or why there is none."""

    window: Window | None
    reason: str
    too_few: Window | None = None
    """What is there, when it is not enough."""


def read(site: Site, start: datetime, end: datetime) -> Window:
    """Rows of the production log between two times."""
    return read_window(site.log, site.spec.production, start=start, end=end, now=site.clock())


def settled(site: Site) -> datetime:
    """Rows before this are taken as complete: writers had time to write them."""
    return site.clock() - timedelta(minutes=site.spec.production.lateness_minutes)


def late_rows(site: Site, state: State) -> int:
    """How many rows of the window judged last have come since: the log of its days is counted once more."""
    last = state.last_check
    if last is None:
        return 0
    now = count_rows(site.log, site.spec.production, start=last.start, end=last.end, now=site.clock())
    return max(now - last.rows, 0)


def next_window(site: Site, state: State) -> Owed:
    """The shortest run of whole windows from the watermark that holds `min_rows`.

    After an outage the missed windows come one by one; a quiet night's window is merged with the next.
    """
    assert state.watermark is not None, "a reference sets the watermark"
    policy = site.spec.drift
    step = timedelta(hours=policy.window_hours)
    whole = (settled(site) - state.watermark) // step
    if whole < 1:
        due = state.watermark + step + timedelta(minutes=site.spec.production.lateness_minutes)
        return Owed(window=None, reason=f"nothing is owed: the next window is complete at {due:%Y-%m-%d %H:%M} UTC")
    window = read(site, state.watermark, state.watermark + step)
    steps = 1
    while window.total < policy.min_rows and steps < whole:
        # Doubling keeps a long outage cheap; at worst a window takes in as many quiet steps again as it needed.
        steps = min(steps * 2, whole)
        window = read(site, state.watermark, state.watermark + steps * step)
    if window.total < policy.min_rows:
        reason = (
            f"{counted(window.total, 'row')} in {window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC, "
            f"{policy.min_rows} needed: they wait to be judged with the next ones"
        )
        return Owed(window=None, reason=reason, too_few=window)
    return Owed(window=window, reason="")
