"""Runs, promotions, rollbacks, deaths, take-overs and wrong clocks in any order: the ledger against a model of it."""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from faults.faulty import Died, Faulty, Kind
from faults.yard import EXPIRED, Yard, artifact, copied, without_training
from retrain.errors import RetrainError, UnknownVersion
from retrain.pipeline.retrain import retrain
from retrain.pipeline.rollback import promote, rollback
from retrain.pipeline.site import Site
from retrain.store.events import Claimed, Ended, Prepared, Promoted, RolledBack, Trained
from retrain.store.ledger import LedgerEntry

ACTORS = ("ann", "bob", "the schedule")
KINDS: tuple[Kind, ...] = ("before", "after", "torn", "lost", "twice", "half")
AT = st.integers(1, 70)
ACTOR = st.sampled_from(ACTORS)
VERSIONS = st.integers(0, 3)
DEED = st.tuples(st.sampled_from(("promote", "rollback", "run")), ACTOR, VERSIONS)
Deed = tuple[str, str, int]


class Model:
    """What must be true, said without the code under test: a stack of champions and at most one claim."""

    def __init__(self, yard: Yard) -> None:
        self.stack = list(reversed(yard.champions()))
        self.claim: str | None = None
        self.expires: datetime | None = None
        self.seen = len(yard.ledger())
        self.latest = max(entry.at for entry in yard.site().ledger.entries())

    def take(self, entry: LedgerEntry) -> None:
        """One entry more, which must be one that may come now."""
        event = entry.event
        assert entry.number == self.seen + 1
        assert entry.at >= self.latest, "no entry is older than the one before it"
        self.seen, self.latest = entry.number, entry.at
        if isinstance(event, Claimed):
            assert self.claim is None or event.took_over == self.claim
            assert self.expires is None or event.claim.at >= self.expires, "a claim that stands is not taken over"
            self.claim, self.expires = event.claim.id, event.claim.expires_at
        if isinstance(event, Prepared | Trained | Ended | Promoted) and event.claim is not None:
            assert event.claim == self.claim, "who has lost the claim writes nothing more"
        if isinstance(event, Promoted):
            assert event.over == self.stack[-1]
            self.stack.append(event.version)
        if isinstance(event, RolledBack):
            assert (event.withdrawn, event.version) == (self.stack.pop(), self.stack[-1])
        if isinstance(event, Ended) or (isinstance(event, Promoted) and event.claim is not None):
            self.claim = self.expires = None


class Interleavings(RuleBasedStateMachine):
    """Every actor lives on and remembers what it has read; one that died is another process when it comes back."""

    def __init__(self, fresh: Callable[[], Yard]) -> None:
        super().__init__()
        self.yard = fresh()
        self.model = Model(self.yard)
        site = self.yard.site()
        about = site.versions.manifest(self.yard.names["other"]).about
        folder = self.yard.root / "made"
        self.versions = [
            site.versions.put(artifact(site, {"a": f"{number}"}, "x", folder / f"v{number}"), about)
            for number in range(4)
        ]
        self.sites: dict[str, Site] = {}
        self.before = self.yard.ledger()

    def site(self, actor: str) -> Site:
        return self.sites.setdefault(actor, self.yard.site(actor=actor))

    def does(self, site: Site, deed: Deed) -> None:
        what, _, version = deed
        try:
            if what == "promote":
                done = promote(site, self.versions[version], reason="by hand")
                assert done.version == self.versions[version]
            elif what == "rollback":
                rollback(site, reason="by hand")
            else:
                retrain(site, cause="manual", reason="asked for")
        except UnknownVersion:
            # Already the champion, or none before it: nothing may have been written, which the model sees.
            return

    @rule(deed=DEED)
    def undisturbed(self, deed: Deed) -> None:
        self.does(self.site(deed[1]), deed)

    @rule(deed=DEED, at=AT, kind=st.sampled_from(KINDS))
    def disturbed(self, deed: Deed, at: int, kind: Kind) -> None:
        site = self.yard.site(Faulty(self.yard.open(), at, kind), actor=deed[1])
        self.sites.pop(deed[1], None)
        try:
            self.does(site, deed)
        except (Died, RetrainError):
            return

    @rule(
        deed=DEED,
        at=AT,
        kind=st.sampled_from(("late", "stale")),
        rivals=st.lists(DEED, min_size=1, max_size=2),
        hours=st.sampled_from((0, 0, 13)),
    )
    def overlapping(self, deed: Deed, at: int, kind: Kind, rivals: list[Deed], hours: int) -> None:
        def meanwhile() -> None:
            self.yard.now += timedelta(hours=hours)
            for rival in rivals:
                self.does(self.yard.site(actor=rival[1]), rival)

        self.does(self.yard.site(Faulty(self.yard.open(), at, kind, meanwhile), actor=deed[1]), deed)

    @rule(at=st.integers(5, 50), kind=st.sampled_from(("late", "stale")), actors=st.permutations(ACTORS))
    def overtaken(self, at: int, kind: Kind, actors: list[str]) -> None:
        """A run that is alive, and so slow that another takes it for dead."""
        self.overlapping(("run", actors[0], 0), at, kind, [("run", actors[1], 0)], 13)

    @rule(hours=st.sampled_from((-1, -1, 1, 13)))
    def the_clock_jumps(self, hours: int) -> None:
        self.yard.now += timedelta(hours=hours)

    @invariant()
    def the_ledger_is_as_the_model_has_it(self) -> None:
        for entry in list(self.yard.site().ledger.entries())[self.model.seen :]:
            self.model.take(entry)
        champions = list(self.yard.champions())
        assert champions == self.model.stack[::-1][: len(champions)], "of long ago some are forgotten, none is changed"
        assert self.yard.broken(self.before) == []
        self.before = self.yard.ledger()

    def teardown(self) -> None:
        """Whatever happened: the next run ends the work, and nothing is left open."""
        self.yard.now = max(self.yard.now, self.model.latest) + EXPIRED
        retrain(self.yard.site(), cause="manual", reason="the next run")
        assert self.yard.site().ledger.state().claim is None
        self.the_ledger_is_as_the_model_has_it()


def played(first: Yard, room: Path, examples: int, steps: int) -> None:
    numbers = itertools.count()
    machine: Any = lambda: Interleavings(lambda: copied(first, room / f"{next(numbers)}"))  # noqa: E731  any maker will do
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_any_order_of_deeds_and_deaths_keeps_the_ledger(
    first_yard: Yard, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_training(monkeypatch, first_yard)
    played(first_yard, room, 12, 8)


@pytest.mark.slow
def test_any_longer_order_of_deeds_and_deaths_keeps_the_ledger(
    first_yard: Yard, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_training(monkeypatch, first_yard)
    played(first_yard, room, 20, 15)
