"""What a person types, sees, and gets as exit status."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import retrain
from retrain.cli.main import run
from retrain.errors import UsageError
from shop import SPEC, Messages, Shop, spec_with_trigger


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop, and the environment that points the commands at it."""
    shop = Shop(root=tmp_path)
    shop.spec(SPEC)
    for name, place in {"STORE": "store", "MODELS": "models", "WORK": "work", "CACHE": "cache"}.items():
        monkeypatch.setenv(f"RETRAIN_{name}", str(tmp_path / place))
    return shop


Captured = pytest.CaptureFixture[str]


def answer(capsys: Captured) -> dict[str, object]:
    """The one JSON object on standard output."""
    content: dict[str, object] = json.loads(capsys.readouterr().out)
    return content


def test_init_writes_a_spec_that_validates(places: Shop, messages: Messages, capsys: Captured) -> None:
    assert run(["init", "other", "--examples", "../examples.csv", "--json"]) == 0
    spec = Path(str(answer(capsys)["spec"]))
    assert spec.name == "other.yaml"
    places.examples(messages("base", 0, 50))
    assert run(["validate", "other", "--json"]) == 0
    facts = answer(capsys)
    assert (facts["examples"], facts["examples_missing"]) == (50, 450)
    assert run(["validate", "other"]) == 0
    assert "50 usable examples, dataset.min_examples is 500" in " ".join(capsys.readouterr().out.split())
    assert len(str(facts["base_digest"])) == 64


def test_init_never_overwrites(places: Shop, capsys: Captured) -> None:
    assert run(["init", "shop"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (places.root / "models/shop.yaml").read_text() == SPEC


def test_a_name_that_is_a_path_is_refused(places: Shop, capsys: Captured) -> None:
    assert run(["init", "../evil"]) == 2
    assert "lower-case letters" in capsys.readouterr().err
    assert not (places.root / "evil.yaml").exists()


def test_the_schema_is_json(capsys: Captured) -> None:
    assert run(["schema"]) == 0
    assert "drift" in answer(capsys)["properties"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["check", "shoop"], 2, "did you mean 'shop'?"),
        (["check", "shop"], 2, "production log"),
        (["champion", "shop"], 2, "has no champion yet"),
        (["rollback", "shop", "--reason", "x"], 2, "cannot be rolled back: no champion"),
        (["rollback", "shop", "--reason", " "], 2, "--reason is empty"),
        (["promote", "shop", "abcdef", "--reason", "x"], 2, "no version of 'shop' matches 'abcdef'"),
        (["promote", "shop", "a", "--reason", "x"], 2, "at least 6 digits are needed"),
        (["explain", "shop/1"], 2, "its ledger has no entries yet"),
        (["explain", "shop"], 2, "not of the form MODEL/NUMBER"),
        (["run", "shop", "--reason", "x", "--cause", "whim"], 2, "expected drift, schedule, manual, alert"),
        (["run", "shop", "--reason", "x"], 2, "examples.csv"),
        (["run", "shop"], 2, "--reason"),
        (["fly"], 2, "fly"),
    ],
)
def test_a_wrong_word_gets_a_sentence_and_status_2(
    places: Shop, capsys: Captured, words: list[str], status: int, sentence: str
) -> None:
    assert run(words) == status
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_errors_are_one_json_object_too(places: Shop, capsys: Captured) -> None:
    assert run(["champion", "shop", "--json"]) == 2
    assert answer(capsys)["error"] == "UnknownVersion"


def test_a_misspelt_key_is_named_with_file_line_and_the_right_one(places: Shop, capsys: Captured) -> None:
    places.spec(spec_with_trigger("max_age_day: 3"))
    assert run(["check", "shop"]) == 2
    line = len(SPEC.splitlines())
    sentence = f"shop.yaml:{line}: unknown key 'max_age_day' under 'trigger'; did you mean 'max_age_days'?"
    assert sentence in capsys.readouterr().err


def test_a_misspelt_setting_is_refused(places: Shop, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETRAIN_MODLES", "x")
    assert run(["status"]) == UsageError.exit_status
    assert "unknown setting 'RETRAIN_MODLES'" in capsys.readouterr().err


def test_a_store_that_cannot_be_written_is_status_3_and_says_what_to_do(
    places: Shop, messages: Messages, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    places.examples(messages("base", 0, 50))
    (places.root / "file").write_text("")
    monkeypatch.setenv("RETRAIN_STORE", str(places.root / "file" / "store"))
    assert run(["run", "shop", "--reason", "x"]) == 3
    assert "set RETRAIN_STORE to a folder" in " ".join(capsys.readouterr().err.split())


def test_a_refusal_ends_in_success_and_stands_in_history_and_explain(
    places: Shop, messages: Messages, capsys: Captured
) -> None:
    places.examples(messages("base", 0, 60))
    assert run(["run", "shop", "--reason", "just to see", "--json"]) == 0
    refused = answer(capsys)
    assert refused["outcome"] == "refused"
    assert run(["history", "shop"]) == 0
    assert "ended refused; it changed no champion" in " ".join(capsys.readouterr().out.split())
    assert run(["explain", "shop/1"]) == 0
    assert "just to see" in capsys.readouterr().out
    assert run(["audit", "shop"]) == 0
    assert "sound" in capsys.readouterr().out
    assert run(["status", "--json"]) == 0
    status = answer(capsys)["models"][0]  # type: ignore[index]
    assert {"champion", "state", "age_days", "last_check", "next_due"} <= set(status)


def test_an_audit_that_finds_something_is_status_4(places: Shop, messages: Messages, capsys: Captured) -> None:
    places.examples(messages("base", 0, 60))
    run(["run", "shop", "--reason", "x"])
    entry = places.root / "store/models/shop/ledger/00000001.json"
    entry.write_text(entry.read_text().replace('"reasons":["x",', '"reasons":["y",'))
    capsys.readouterr()
    assert run(["audit", "shop"]) == 4
    assert "was changed after it was written" in " ".join(capsys.readouterr().out.split())


def test_one_damaged_ledger_hides_no_other_model(places: Shop, messages: Messages, capsys: Captured) -> None:
    places.examples(messages("base", 0, 60))
    (places.root / "models/well.yaml").write_text(SPEC.replace("model: shop", "model: well"))
    run(["run", "shop", "--reason", "x"])
    (places.root / "store/models/shop/ledger/00000001.json").unlink()
    capsys.readouterr()
    assert run(["status", "--json"]) == 4
    seen = answer(capsys)
    assert [one["model"] for one in seen["models"]] == ["well"]  # type: ignore[attr-defined]
    assert "is missing" in seen["broken"]["shop"]  # type: ignore[index]
    assert run(["status"]) == 4
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["model", "well", "shop", "shop:"]
    assert "cannot be read" in lines[2]


def test_the_past_is_read_while_the_spec_is_mended(places: Shop, messages: Messages, capsys: Captured) -> None:
    places.examples(messages("base", 0, 60))
    (places.root / "models/well.yaml").write_text(SPEC.replace("model: shop", "model: well"))
    run(["run", "shop", "--reason", "x"])
    places.spec("model: shop\nbase: package:nothing\nproduktion: {}\n")
    capsys.readouterr()
    assert run(["history", "shop"]) == 0
    assert "ended refused" in capsys.readouterr().out
    assert run(["explain", "shop/1"]) == 0
    capsys.readouterr()
    assert run(["status", "--json"]) == 2
    seen = answer(capsys)
    assert [one["model"] for one in seen["models"]] == ["well"]  # type: ignore[attr-defined]
    assert "unknown key 'produktion'" in seen["broken"]["shop"]  # type: ignore[index]
    (places.root / "models/shop.yaml").unlink()
    assert run(["history", "shop"]) == 0
    assert run(["history", "shopp"]) == 2


def test_labels_of_no_use_are_told_before_and_during_a_run(places: Shop, messages: Messages, capsys: Captured) -> None:
    places.examples(messages("base", 0, 60))
    (places.root / "labels").mkdir()
    line = {"id": "a", "label": "b", "labelled_at": "2026-03-01T00:00:00Z", "labeller": "me"}
    (places.root / "labels/people.jsonl").write_text(json.dumps(line) + "\n")
    assert run(["validate", "shop", "--json"]) == 0
    facts = answer(capsys)
    assert facts["labels"] == 0
    assert facts["broken_labels"] == {"labeller is not human, outcome or model:<name>": 1}


def test_a_download_onto_a_file_is_refused(places: Shop, capsys: Captured) -> None:
    assert run(["champion", "shop", "--download", str(places.root / "models/shop.yaml")]) == 2


def test_an_empty_models_folder_says_how_to_begin(
    places: Shop, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETRAIN_MODELS", str(places.root / "nowhere"))
    assert run(["status"]) == 0
    assert "retrain init MODEL" in capsys.readouterr().out


def test_text_from_outside_is_not_taken_for_styles(places: Shop, capsys: Captured) -> None:
    assert run(["check", "[red]shop[/]"]) == 2
    assert "'[red]shop[/]'" in capsys.readouterr().err


def test_the_public_surface_is_this() -> None:
    assert sorted(retrain.__all__) == ["PredictionLogger", "ServedChampion", "__version__", "champion"]
    for name in retrain.__all__:
        assert getattr(retrain, name)
    with pytest.raises(AttributeError):
        _ = retrain.nothing
    assert str(inspect.signature(retrain.champion)).startswith(
        "(model: str, settings: retrain.settings.Settings | None = None, *, key: str | None = None)"
    )


def test_the_command_is_installed() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "retrain.cli.main", "--help"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0
    for command in ("init", "validate", "check", "run", "status", "history", "explain", "audit", "champion", "promote"):
        assert command in ran.stdout


def test_labels_go_out_and_come_back(places: Shop, messages: Messages, capsys: Captured) -> None:
    places.examples(messages("base", 0, 60))
    places.day(0, messages("base", 200, 40))
    out = places.root / "out"
    words = ["labels", "export", "shop", "--budget", "7", "--since", "2026-03-01", "--out", str(out), "--json"]
    assert run(words) == 0
    assert answer(capsys)["rows"] == 7
    rows = [json.loads(line) for line in (out / "labels.jsonl").read_text().splitlines()]
    file = places.root / "answers.jsonl"
    file.write_text("\n".join(json.dumps({**row, "label": "refund_statsu"}) for row in rows))
    assert run(["labels", "import", "shop", str(file), "--new-label", "refund_statsu"]) == 0
    assert "7 labels added" in " ".join(capsys.readouterr().out.split())
    assert run(["labels", "import", "shop", str(file)]) == 0
    assert "7 were there already" in " ".join(capsys.readouterr().out.split())
    assert run(["labels", "export", "shop", "--since", "monday"]) == UsageError.exit_status
    assert "--since is 'monday'" in capsys.readouterr().err
    assert run(["history", "shop"]) == 0
    assert "People were asked to label 7 rows" in " ".join(capsys.readouterr().out.split())


def test_nobody_waits_to_be_decided_about_and_that_is_no_error(places: Shop, capsys: Captured) -> None:
    assert run(["decide", "shop", "--json"]) == 0
    seen = answer(capsys)
    assert (seen["outcome"], seen["version"]) == ("nothing", None)
    assert run(["decide", "shop"]) == 0
    assert "no challenger waits" in capsys.readouterr().out
