"""What would another policy have done with the same windows: when would it have fired, what would it have missed?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from retrain.store.judged import CheckState
from retrain.values import Value

How = Literal["stored", "rows", "lost"]
"""A window replayed from its stored report, measured anew from the log's rows, or not at all: what it needs is gone."""


class Look(Value):
    """One window as a policy judges it."""

    at: datetime
    """When the check was made."""
    start: datetime
    end: datetime
    rows: int
    state: CheckState
    retrain: bool
    how: How
    strength: float | None = None
    """How far it went to an alarm, which is at 1; none where nothing could be told."""


class Fire(Value):
    """A retrain that was due."""

    at: datetime
    cause: str
    request: str


class Episode(Value):
    """An alarm, from its first window to its last."""

    start: datetime
    end: datetime
    alarmed_at: datetime
    """When the check said so first."""


class Course(Value):
    """How a policy went through the windows."""

    looks: tuple[Look, ...]
    fires: tuple[Fire, ...]

    @property
    def episodes(self) -> tuple[Episode, ...]:
        """From an alarm to the last window before a quiet one."""
        found: list[Episode] = []
        running = False
        for look in self.looks:
            if look.state == "alarm" and not running:
                found.append(Episode(start=look.start, end=look.end, alarmed_at=look.at))
            elif look.state in ("alarm", "warning") and running:
                found[-1] = found[-1].model_copy(update={"end": look.end})
            running = look.state == "alarm" or (running and look.state != "quiet")
        return tuple(found)

    @property
    def counts(self) -> dict[str, int]:
        """Windows by state; those that could not be replayed apart."""
        states = ["not replayed" if look.how == "lost" else look.state for look in self.looks]
        return {state: states.count(state) for state in sorted(set(states))}


class Difference(Value):
    """What became of one episode of today's policy under the other."""

    episode: Episode
    found: bool
    later_hours: float | None = None
    """How much later the other one says so, earlier below zero; none when it does not."""


class Costs(Value):
    """What ended retrains of this model took on average; none of a figure that no run has told."""

    runs: int
    seconds: float | None = None
    money: float | None = None
    currency: str | None = None


def differences(today: Course, other: Course) -> tuple[Difference, ...]:
    """Each episode of today's policy, and whether the other one alarms in it."""
    return tuple(_difference(episode, other.episodes) for episode in today.episodes)


def extra(today: Course, other: Course) -> tuple[Episode, ...]:
    """Episodes of the other policy that today's has none for."""
    return tuple(one for one in other.episodes if not any(_meet(one, known) for known in today.episodes))


def _difference(episode: Episode, others: Sequence[Episode]) -> Difference:
    met = [one for one in others if _meet(episode, one)]
    if not met:
        return Difference(episode=episode, found=False)
    later = min(one.alarmed_at for one in met) - episode.alarmed_at
    return Difference(episode=episode, found=True, later_hours=later / timedelta(hours=1))


def _meet(one: Episode, other: Episode) -> bool:
    """Windows of two policies need not have the same ends: what touches is the same."""
    return one.start <= other.end and other.start <= one.end
