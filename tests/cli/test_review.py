"""Does `retrain review` answer in sentences, in JSON, and with the right exit status?"""

import json
from pathlib import Path
from typing import Any

import pytest

from retrain.cli.main import run
from retrain.store.events import Ended
from reviewing import CHALLENGER, append, waiting_shop
from shop import Shop


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = waiting_shop(tmp_path)
    for name, value in shop.environment.items():
        if name.startswith("RETRAIN_"):
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return shop


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
    assert told(capsys, "--export", "rows.jsonl") == (0, {"model": "shop", "rows": 15, "file": "rows.jsonl"})
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
