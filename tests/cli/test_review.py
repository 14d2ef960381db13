"""Does `retrain review` answer in sentences, in JSON, and with the right exit status?"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from retrain.cli.main import run
from retrain.store.events import Claimed, Ended
from retrain.store.state import Claim
from reviewing import CHALLENGER, LABELS, append, room_of, waiting_shop
from shop import Message, Shop


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    status = run(["review", "shop", *words, "--json"])
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, answer


def test_approve_and_reject_answer_who_and_which_entry(asked: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    status, answer = told(capsys, "--approve", "--reason", "better", "--reviewer", "Ann")
    assert status == 0
    assert answer == {
        **{"model": "shop", "verdict": "approve", "challenger": CHALLENGER},
        **{"reviewers": ["Ann"], "judges": {}, "missing": 0, "entry": 6, "already": False},
    }
    assert run(["review", "shop", "--approve", "--reason", "as I said", "--reviewer", "Ann"]) == 0
    assert "entry 6 says so already; nothing was written" in capsys.readouterr().out
    assert run(["review", "shop", "--reject", "--reason", "worse", "--reviewer", "Bo"]) == 0
    assert "verdict reject, by Bo" in capsys.readouterr().out
    assert run(["explain", "shop/7"]) == 0
    said = capsys.readouterr().out
    assert "was rejected after review by Bo: no row was judged side by side" in said
    assert "worse" in said


def test_a_file_goes_out_and_comes_back(asked: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    out = {"model": "shop", "rows": 15, "file": "rows.jsonl", "fewer": None}
    assert told(capsys, "--export", "rows.jsonl") == (0, out)
    file = asked.root / "rows.jsonl"
    file.write_text(file.read_text().replace('"choice":""', '"choice":"both"'))
    status, answer = told(capsys, "--import", "rows.jsonl", "--reviewer", "Ann")
    assert (status, answer["added"], answer["left"]) == (0, 15, 0)
    assert run(["review", "shop", "--import", "rows.jsonl", "--reviewer", "Ann"]) == 0
    assert "0 judgements of Ann taken, 15 known before" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--approve", "--reject", "--reason", "x"), "are one thing each"),
        (("--approve",), "the reason is empty"),
        (("--approve", "--reason", "x", "--reviewer", " "), "name is empty"),
        (("--import", "rows.jsonl"), "--import needs --reviewer NAME"),
        (("--import", "nowhere.jsonl", "--reviewer", "Ann"), "cannot be read"),
        (("--export", "rows.xlsx"), "found '.xlsx'"),
        (("--host", "0.0.0.0"), "RETRAIN_TOKEN is not set"),
    ],
)
def test_words_that_make_no_sense_are_refused(
    asked: Shop, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert run(["review", "shop", *words]) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_where_nothing_waits_the_command_says_where_to_look(asked: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    append(asked, Ended(claim="run-1", outcome="held", challenger=CHALLENGER))
    status, answer = told(capsys)
    assert status == 2
    assert "retrain history shop" in answer["message"]


PLAIN: list[Message] = [{"text": f"where is parcel {at:03}?", "label": LABELS[at % 5]} for at in range(40)]


def test_a_review_of_fewer_rows_than_asked_for_says_why(tmp_path: Path, asked: Shop) -> None:
    spec = asked.root / "models" / "shop.yaml"
    for differ, said in ((0, "the models answer none of 40 held-out rows differently"), (1, "answer 1 of 40 held-out")):
        shop = waiting_shop(tmp_path / str(differ), differ=differ, messages=PLAIN)
        room = room_of(shop)
        assert len(room.rows) == 3 + differ
        assert room.fewer is not None
        assert room.fewer.startswith(f"{3 + differ} rows, 15 asked for (promotion.review.rows): ")
        assert said in room.fewer
        assert "at most 3 that do not differ are shown" in room.fewer
    room_of(asked)
    asked.spec(spec.read_text().replace("rows: 15", "rows: 40"))
    again = room_of(asked).fewer
    assert again is not None
    assert "15 rows, 40 asked for" in again
    assert "first opened when another number was asked for" in again


def test_an_export_of_fewer_rows_says_so(asked: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    room_of(asked)
    spec = asked.root / "models" / "shop.yaml"
    asked.spec(spec.read_text().replace("rows: 15", "rows: 40"))
    assert run(["review", "shop", "--export", "rows.csv"]) == 0
    assert "15 rows, 40 asked for (promotion.review.rows)" in " ".join(capsys.readouterr().out.split())
    assert "40 asked for" in told(capsys, "--export", "more.csv")[1]["fewer"]


def test_while_a_run_is_at_work_it_has_not_ended(capsys: pytest.CaptureFixture[str], asked: Shop) -> None:
    append(asked, Ended(claim="run-1", outcome="held", challenger=CHALLENGER))
    assert "its newest run ended held, not inconclusive" in told(capsys)[1]["message"]
    at_work = {"id": "run-2", "cause": "manual", "reason": "try", "host": "elsewhere", "pid": 1, "process_start": "0"}
    claim = Claim.model_validate({**at_work, "at": asked.now, "expires_at": datetime.now(UTC) + timedelta(hours=1)})
    append(asked, Claimed(claim=claim))
    status, answer = told(capsys)
    assert status == 2
    assert "waits for people: run run-2 is still at work, since " in answer["message"]
    assert "did not end" not in answer["message"]


def test_a_run_that_died_and_a_model_without_any_say_what_to_do(
    asked: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    store = asked.site().store
    keys = sorted(store.keys("models/shop/ledger/"))
    for key in keys[2:]:
        store.delete(key)
    assert "run run-1 was interrupted before it ended (" in told(capsys)[1]["message"]
    for key in keys[:2]:
        store.delete(key)
    assert "no run has compared a challenger yet; `retrain run shop" in told(capsys)[1]["message"]
