"""Are rows read as they were stored, and refused when they cannot be trained on?"""

from pathlib import Path

import pytest

from retrain.base import Base
from retrain.dataset.snapshot import Example
from retrain.errors import UsageError
from retrain.training.job import Settings, TrainingJob, settings_of
from retrain.training.policy import TrainingPolicy
from retrain.training.rows import read_rows
from retrain.training.version import ModelVersion


def write(folder: Path, **parts: list[str]) -> Path:
    for name, labels in parts.items():
        rows = [Example(text=f"line\u2028 {at}", label=label, source="standing") for at, label in enumerate(labels)]
        (folder / f"{name}.jsonl").write_bytes(b"".join(row.canonical() + b"\n" for row in rows))
    return folder


def test_labels_are_those_of_the_training_rows_and_others_are_unknown(tmp_path: Path) -> None:
    rows = read_rows(write(tmp_path, train=["b", "a", "b"], validation=["a", "c"]))
    assert rows.labels == ("a", "b")
    assert rows.counts == {"a": 1, "b": 2}
    assert rows.train.labels.tolist() == [1, 0, 1]
    assert rows.validation.labels.tolist() == [0, -1]
    assert rows.train.texts[1] == "line\u2028 1"


@pytest.mark.parametrize(("train", "validation"), [(["a", "a"], ["a"]), (["a", "b"], []), ([], ["a"])])
def test_too_little_to_learn_from_is_refused(tmp_path: Path, train: list[str], validation: list[str]) -> None:
    with pytest.raises(UsageError, match="expected 2 labels and 1 validation row"):
        read_rows(write(tmp_path, train=train, validation=validation))


def test_a_line_that_is_no_example_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path, train=["a", "b"], validation=["a"])
    with (folder / "train.jsonl").open("ab") as stream:
        stream.write(b'{"text": "no label"}\n')
    with pytest.raises(UsageError, match=r"train\.jsonl:3: not an example"):
        read_rows(folder)
    with pytest.raises(UsageError, match="not readable"):
        read_rows(tmp_path / "nowhere")


def test_another_job_has_another_room_and_the_same_job_the_same(real_job: TrainingJob) -> None:
    def room(**change: object) -> str:
        return real_job.model_copy(update=change).room.name

    longer = TrainingPolicy(time_limit_hours=9, price_per_hour=2, threads=2)
    other_base = Base(name=real_job.base.name, folder=real_job.base.folder, digest="f" * 64)
    assert room() == room(policy=longer) == room(now=real_job.now.replace(year=2027))
    rooms = {room(), room(snapshot="6" * 64), room(policy=TrainingPolicy(seed=3)), room(base=other_base)}
    assert len(rooms) == 4
    assert TrainingJob.model_validate_json(real_job.canonical()) == real_job


def test_the_next_run_starts_from_the_best_trial_that_was_not_pruned(version: ModelVersion) -> None:
    assert settings_of(version) == Settings(learning_rate=8e-4, head_learning_rate=3e-3, batch_size=8)
    assert settings_of(version.model_copy(update={"trials": version.trials[2:]})) is None
