"""Is it told how the newest probation stands, and how many challengers in a row came to nothing?"""

from pathlib import Path
from typing import Any

import pytest

from retrain.store.events import Ended, Event, ProbationSeen, RolledBack
from retrain.store.folder import FolderStore
from retrain.telemetry import metrics as m
from retrain.telemetry.samples import samples_of
from retrain.telemetry.view import ModelView
from shop import DAY, START
from telemetry.written import TALLY, TERMS, append, checked, promoted

TRIED = promoted("v2", "v1", probation=TERMS)


def told(tmp_path: Path, *events: Event) -> dict[tuple[str, tuple[str, ...]], float]:
    entry = append(FolderStore(tmp_path), promoted(), *events)
    samples = samples_of([ModelView(model="shop", entry=entry)])
    return {(each.metric.name.removeprefix("retrain_"), each.labels[1:]): each.value for each in samples}


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ((), "none"),
        ((TRIED,), "running"),
        ((TRIED, ProbationSeen(version="v2", state="running", tally=TALLY, missing=40)), "running"),
        ((TRIED, ProbationSeen(version="v2", state="confirmed", tally=TALLY)), "confirmed"),
        ((TRIED, ProbationSeen(version="v2", state="not_enough_labels", tally=TALLY)), "not_enough_labels"),
        ((TRIED, RolledBack(version="v1", withdrawn="v2", reason="probation", tally=TALLY)), "breach"),
        ((TRIED, RolledBack(version="v1", withdrawn="v2")), "none"),
        ((TRIED, promoted("v3", "v2")), "none"),
    ],
)
def test_one_state_holds(tmp_path: Path, events: tuple[Event, ...], state: str) -> None:
    found = told(tmp_path, *events)
    assert {labels[0]: value for (name, labels), value in found.items() if name == "probation_state"} == {
        each: each == state for each in m.PROBATION
    }


def test_what_production_showed_stands_beside_what_was_promised(tmp_path: Path) -> None:
    found = told(tmp_path, TRIED, ProbationSeen(version="v2", state="running", tally=TALLY, missing=40))
    expected: dict[str, Any] = {
        **{"probation_rows": 64, "probation_labels_missing": 40, "probation_gain_ratio": -0.0625},
        **{"probation_gain_low_ratio": -0.25, "probation_gain_high_ratio": 0.125},
        **{"probation_promised_low_ratio": 0.03125, "probation_promised_high_ratio": 0.125},
        "probation_ends_timestamp_seconds": (START + 10 * DAY).timestamp(),
    }
    assert {name: found[name, ()] for name in expected} == expected


def test_before_the_first_look_nothing_is_known_of_production(tmp_path: Path) -> None:
    names = {name for name, _ in told(tmp_path, TRIED)}
    assert "probation_promised_low_ratio" in names
    assert not names & {"probation_rows", "probation_gain_ratio", "probation_labels_missing"}


def test_failed_challengers_are_counted_and_told_with_the_number_that_asks_for_a_person(tmp_path: Path) -> None:
    held = [Ended(claim="c", outcome="held", challenger=f"v{number}") for number in (5, 6)]
    found = told(tmp_path, *held, checked(unpromoted_limit=3))
    assert found["challengers_unpromoted", ()] == 2
    assert found["challengers_unpromoted_limit", ()] == 3
