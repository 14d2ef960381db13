"""Is what is left after a crash either whole or not there?"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrain.training.checkpoint import Checkpoint, newest, save
from retrain.training.durable import sweep, write_file, write_folder


def made(step: int) -> Checkpoint:
    return Checkpoint(step=step, files={"weights": bytes([step]) * 100}, about={"loss": step / 10})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for step in (1, 2, 3):
        save(tmp_path, made(step))
    return tmp_path


def places(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_the_newest_comes_back_as_it_was_saved(folder: Path) -> None:
    assert newest(folder) == made(3)


def test_only_the_newest_two_are_kept(folder: Path) -> None:
    assert [place.name[:11] for place in places(folder)] == ["step-000002", "step-000003"]


def test_where_nothing_was_saved_there_is_none(tmp_path: Path) -> None:
    assert newest(tmp_path / "nowhere") is None


@pytest.mark.parametrize("file", ["weights", "contents.json"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone"])
def test_a_damaged_newest_is_passed_over(folder: Path, file: str, damage: str) -> None:
    path = places(folder)[-1] / file
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if damage == "cut" else content[:-1] + bytes([content[-1] ^ 1]))
    assert newest(folder) == made(2)


def test_when_both_are_damaged_there_is_none(folder: Path) -> None:
    for place in places(folder):
        (place / "weights").write_bytes(b"")
    assert newest(folder) is None


def test_what_a_killed_writer_left_is_not_read_and_is_swept_away(folder: Path) -> None:
    half = folder / ".writing-half"
    half.mkdir()
    (half / "weights").write_bytes(b"half")
    assert newest(folder) == made(3)
    save(folder, made(4))
    assert not half.exists()


def test_a_failed_write_leaves_the_old_content(tmp_path: Path) -> None:
    write_file(tmp_path / "fact.json", b"old")
    with pytest.raises(TypeError):
        write_file(tmp_path / "fact.json", "no bytes")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        write_folder(tmp_path / "folder", {"one": b"1", "two": None})  # type: ignore[dict-item]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"fact.json": b"old"}


def test_sweeping_keeps_what_is_finished(tmp_path: Path) -> None:
    write_folder(tmp_path / "version", {"a": b"1"})
    write_folder(tmp_path / "version", {"b": b"2"})
    (tmp_path / ".writing-file").write_bytes(b"")
    sweep(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["version", "b"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(about=st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False)), content=st.binary())
def test_anything_comes_back(tmp_path_factory: pytest.TempPathFactory, about: dict[str, float], content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    save(folder, Checkpoint(step=1, files={"a": content}, about=about))
    assert newest(folder) == Checkpoint(step=1, files={"a": content}, about=about)
