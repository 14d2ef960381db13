"""Twenty who promote at once: one winner a number, and no entry lost."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from benchmarks.promotion_race import race

from faults.conftest import Fresh
from faults.yard import artifact
from retrain.pipeline.rollback import promote
from retrain.store.events import Promoted
from servers.bucket import made_bucket, told
from servers.ceph import Ceph

PROMOTERS = 20


def test_of_twenty_processes_that_promote_over_the_same_champion_one_wins_each_time(room: Path) -> None:
    seen = race(str(room), "m", 10, PROMOTERS)
    assert (seen.winners, seen.entries, seen.faults) == (Counter({1: 10}), 10, ())


def test_twenty_processes_that_promote_by_hand_all_stand_in_the_ledger(room: Path) -> None:
    seen = race(str(room), "m", 2, PROMOTERS, by_hand=True)
    assert (seen.entries, seen.faults) == (2 * PROMOTERS, ())


@pytest.mark.slow
def test_one_winner_a_thousand_times(room: Path) -> None:
    seen = race(str(room), "m", 1000, PROMOTERS)
    assert (seen.winners, seen.entries, seen.faults) == (Counter({1: 1000}), 1000, ())


@pytest.mark.slow
def test_one_winner_on_a_real_server(ceph_server: Ceph, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, ceph_server.environment)
    seen = race(f"s3://{made_bucket()}", "m", 50, PROMOTERS)
    assert (seen.winners, seen.entries, seen.faults) == (Counter({1: 50}), 50, ())


def test_whole_versions_promoted_at_once_by_the_command_leave_one_whole_champion(fresh: Fresh) -> None:
    yard = fresh()
    site, before = yard.site(), yard.ledger()
    about = site.versions.manifest(yard.names["other"]).about
    made = [
        site.versions.put(artifact(site, {"a": f"{number}"}, "x", yard.root / "made" / f"{number}"), about)
        for number in range(PROMOTERS)
    ]
    with ThreadPoolExecutor(PROMOTERS) as crew:
        results = list(crew.map(lambda version: promote(yard.site(), version, reason="at once"), made))
    promoted = [e.event.version for e in yard.site().ledger.entries() if isinstance(e.event, Promoted)][len(before) :]
    assert sorted(promoted) == sorted(made), "each is in the ledger, once"
    assert {one.entry: one.version for one in results} == dict(enumerate(promoted, len(before) + 1))
    assert yard.champions()[0] == promoted[-1]
    assert yard.broken(before) == []
