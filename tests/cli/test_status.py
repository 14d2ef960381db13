"""What does `retrain status` say of a challenger that waits for people: for what, since when, and what to type?"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from retrain.cli.look import waiting_told
from retrain.cli.main import run
from retrain.pipeline.left_open import left_open
from retrain.spec_file import read_spec
from retrain.store.certificate import Awaited, Pending, WaitsFor
from retrain.store.state import Episode, State
from reviewing import CHALLENGER
from shop import SPEC, START, Shop

SINCE = START.replace(hour=9)


def lines(tmp_path: Path, waits: tuple[WaitsFor, ...], *, drifts: bool = False, **more: Any) -> list[str]:
    """Of a challenger that has waited for three days, under a spec that always wants a review."""
    place = tmp_path / "shop.yaml"
    place.write_text(SPEC.replace("promotion: {", "promotion: {review: {required: always, min_reviewers: 2}, "))
    asked = Awaited(days=30, review_days=14, reviewers=2, labels=140)
    known = {"challenger": CHALLENGER, "champion": "c", "evaluation": "e", "since": SINCE, "error": 0.01}
    pending = Pending.model_validate({**known, "waits_for": waits, "awaited": asked, **more})
    episode = Episode(number=1, opened_at=SINCE, signals=()) if drifts else None
    left = left_open(State(pending=pending, episode=episode), read_spec(place), SINCE + timedelta(days=3))
    assert left is not None
    return list(waiting_told("shop", left))


def test_a_review_says_for_what_since_when_until_when_and_what_to_type(tmp_path: Path) -> None:
    day = SINCE.date()
    assert lines(tmp_path, ("review",), reviewers_missing=1) == [
        f"shop: challenger {CHALLENGER[:12]} waits for review, since {day} 09:00 UTC (3.0 d), "
        f"until {day + timedelta(days=14)} 09:00 UTC at most",
        "  1 more must approve it; without them it is held",
        "  next: retrain review shop",
        "  each check decides with what has come; at once: retrain decide shop",
    ]


def test_labels_say_how_many_would_do_and_how_to_get_them(tmp_path: Path) -> None:
    day = SINCE.date()
    assert lines(tmp_path, ("labels",)) == [
        f"shop: challenger {CHALLENGER[:12]} waits for labels, since {day} 09:00 UTC (3.0 d), "
        f"until {day + timedelta(days=30)} 09:00 UTC at most",
        "  about 140 rows labelled since would decide, if all stays as the comparison saw it",
        "  next: retrain labels export shop --budget 700",
        "  next: retrain labels import shop FILE",
        "  each check decides with what has come; at once: retrain decide shop",
    ]


def test_rows_that_drifted_count_too_so_that_fewer_are_asked_for(tmp_path: Path) -> None:
    assert "  next: retrain labels export shop --budget 200" in lines(tmp_path, ("labels",), drifts=True)


def test_once_people_have_answered_only_the_next_look_is_named(tmp_path: Path) -> None:
    first, last = lines(tmp_path, ("review",), reviewers_missing=0)
    assert "waits for the next look, since" in first
    assert last.endswith("at once: retrain decide shop")


def test_a_ledger_of_before_says_what_the_spec_of_now_gives(tmp_path: Path) -> None:
    told = lines(tmp_path, ("labels", "review"), awaited=None)
    assert f"until {SINCE.date() + timedelta(days=14)} 09:00 UTC" in told[0]
    assert "  next: retrain labels export shop --budget 300" in told


def test_status_prints_it_below_the_table_and_gives_the_same_as_json(
    asked: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["status"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"shop: challenger {CHALLENGER[:12]} waits for labels and review, since " in said
    assert "next: retrain review shop" in said
    assert run(["status", "shop", "--json"]) == 0
    pending = json.loads(capsys.readouterr().out)["models"][0]["pending"]
    assert (pending["version"], pending["waits_for"]) == (CHALLENGER, ["labels", "review"])
    assert pending["next_steps"][0] == "retrain review shop"
    assert set(pending) == {
        *("version", "since", "waited_days", "until", "waits_for"),
        *("labels_needed", "reviewers_missing", "next_steps"),
    }
    assert asked.site().ledger.state().pending is not None, "to look changes nothing"
