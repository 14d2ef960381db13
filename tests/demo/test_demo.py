"""The story that a newcomer sees first."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retrain.demo.corpus import load_corpus
from retrain.demo.scene import lay_out
from retrain.demo.traffic import Traffic
from retrain.errors import UsageError

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def test_standing_examples_and_customers_messages_share_no_row() -> None:
    corpus = load_corpus(seed=1)
    assert len(corpus.standing) >= 500
    assert not {m.text for m in corpus.standing} & {m.text for m in (*corpus.usual, *corpus.topics, *corpus.phrasing)}
    assert not {m.label for m in corpus.standing} & {m.label for m in corpus.topics}


def test_a_quiet_week_brings_only_what_was_there_and_a_drifted_one_brings_the_new() -> None:
    corpus = load_corpus(seed=1)
    traffic = Traffic(corpus, seed=1)
    usual = {m.text for m in corpus.usual}
    assert {a.message.text for a in traffic.week(MONDAY, drift=0.0)} <= usual
    drifted = traffic.week(MONDAY, drift=1.0)
    new = [a for a in drifted if a.message.text not in usual]
    assert 0.35 < len(new) / len(drifted) < 0.6
    assert [a.at for a in drifted] == sorted(a.at for a in drifted)


def test_the_same_seed_tells_the_same_story() -> None:
    weeks = [Traffic(load_corpus(seed=3), seed=3).week(MONDAY, drift=0.5) for _ in range(2)]
    assert weeks[0] == weeks[1]


def test_a_folder_that_is_not_a_demos_is_never_emptied(tmp_path: Path) -> None:
    precious = tmp_path / "thesis.txt"
    precious.write_text("years of work")
    with pytest.raises(UsageError, match="not empty and not a demo's folder"):
        lay_out(tmp_path, load_corpus(seed=1).standing)
    assert precious.read_text() == "years of work"


def test_a_demos_folder_starts_clean(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    lay_out(root, load_corpus(seed=1).standing)
    (root / "log" / "old.jsonl").write_text("{}")
    lay_out(root, load_corpus(seed=1).standing)
    assert list((root / "log").iterdir()) == []


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.timeout(1800)
def test_the_whole_story(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "retrain.cli.main", "demo", "--folder", str(tmp_path / "demo"), "--json"]
    ran = subprocess.run(words, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    states = [week["state"] for week in told["weeks"]]
    assert states[:6] == ["insufficient_data", "insufficient_data", "quiet", "quiet", "warning", "alarm"]
    assert states[-1] == "quiet"
    assert told["runs"] == ["promoted", "promoted"]
    before, after = told["weeks"][5]["accuracy"], told["weeks"][-1]["accuracy"]
    assert after > before + 0.1, f"accuracy {before:.3f} in the alarm's week, {after:.3f} in the last"
    assert Path(told["paths"]["picture"]).read_bytes().startswith(b"\x89PNG")
    for name in ("drift report", "model card", "evaluation"):
        assert Path(told["paths"][name]).is_file()
