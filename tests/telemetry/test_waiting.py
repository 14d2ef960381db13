"""Is it told that a challenger waits for people, for what, and until when?"""

from pathlib import Path
from typing import Any

import pytest

from retrain.store.certificate import Awaited
from retrain.store.events import Dismissed, Ended, Event, Reviewed
from retrain.store.folder import FolderStore
from retrain.telemetry.samples import samples_of
from retrain.telemetry.view import ModelView
from telemetry.written import DAY, START, append, left_open, promoted

Told = dict[tuple[str, tuple[str, ...]], float]
WAITING, ENDS = "challenger_waiting", "challenger_waiting_ends_timestamp_seconds"
ONLY_LABELS: dict[str, Any] = {"waits_for": ("labels",), "awaited": Awaited(days=30)}


def told(tmp_path: Path, *events: Event) -> Told:
    entry = append(FolderStore(tmp_path), promoted("v1"), *events)
    samples = samples_of([ModelView(model="shop", entry=entry)])
    found = {(each.metric.name.removeprefix("retrain_"), each.labels[1:]): each.value for each in samples}
    return {key: value for key, value in found.items() if key[0].startswith("challenger_")}


def said(verdict: str, *people: str, challenger: str = "v2") -> Reviewed:
    about = {"challenger": challenger, "champion": "v1", "evaluation": "e", "note": "n"}
    return Reviewed.model_validate({**about, "verdict": verdict, "reviewers": people})


def waits(found: Told) -> set[str]:
    return {labels[0] for (name, labels), value in found.items() if name == WAITING and value == 1}


@pytest.mark.parametrize(
    "events",
    [
        pytest.param((), id="none was ever left open"),
        pytest.param((left_open(), Dismissed(challenger="v2", outcome="expired")), id="it waited too long"),
        pytest.param((left_open(), promoted("v2", "v1")), id="it was promoted"),
        pytest.param((left_open(outcome="held", waits_for=()),), id="it was held"),
    ],
)
def test_while_nobody_waits_that_is_told_and_no_number(tmp_path: Path, events: tuple[Event, ...]) -> None:
    assert told(tmp_path, *events) == {(WAITING, ("labels",)): 0, (WAITING, ("review",)): 0}


def test_what_people_said_is_waited_for_no_more(tmp_path: Path) -> None:
    found = told(tmp_path, left_open(), said("approve", "Ann"))
    assert (waits(found), found["challenger_reviewers_missing", ()]) == ({"labels", "review"}, 1)
    found = told(tmp_path / "both", left_open(), said("approve", "Ann"), said("approve", "Ann", "Bo"))
    assert (waits(found), found["challenger_reviewers_missing", ()]) == ({"labels"}, 0)
    assert found[ENDS, ()] == (START + 30 * DAY).timestamp(), "labels have longer than people"
    found = told(tmp_path / "rejected", left_open(), said("reject", "Bo"))
    assert (waits(found), found["challenger_reviewers_missing", ()]) == ({"labels"}, 0)


def test_what_is_said_of_another_challenger_changes_nothing(tmp_path: Path) -> None:
    found = told(tmp_path, left_open(), said("approve", "Ann", "Bo", challenger="v0"))
    assert (waits(found), found["challenger_reviewers_missing", ()]) == ({"labels", "review"}, 2)


def test_labels_alone_have_no_reviewers_and_no_number_that_is_not_known(tmp_path: Path) -> None:
    found = told(tmp_path, left_open(**ONLY_LABELS))
    assert waits(found) == {"labels"}
    assert found[ENDS, ()] == (START + 30 * DAY).timestamp()
    assert {name for name, _ in found} == {WAITING, "challenger_waiting_since_timestamp_seconds", ENDS}


def test_a_ledger_of_before_tells_that_one_waits_and_not_until_when(tmp_path: Path) -> None:
    old: Ended = left_open(awaited=None)
    found = told(tmp_path, old, said("approve", "Ann", "Bo"))
    assert waits(found) == {"labels", "review"}
    assert {name for name, _ in found} == {WAITING, "challenger_waiting_since_timestamp_seconds"}
