"""Does the doctor see libraries outside their ranges, and GPUs that torch cannot use?"""

import pytest

from retrain.service.examine_machine import examine_gpu, examine_versions


@pytest.mark.parametrize(
    ("asked", "version", "verdict", "said"),
    [
        ("numpy>=2.0,<3", "2.1.0", "ok", "1 libraries"),
        ("numpy>=2.0,<3", "3.0.1", "broken", "numpy is 3.0.1, expected"),
        ("numpy>=2.0,<3", None, "broken", "numpy is not installed"),
        ("ruff>=0.12; extra == 'dev'", None, "warning", "metadata is not installed"),
    ],
)
def test_versions_lie_inside_their_ranges(asked: str, version: str | None, verdict: str, said: str) -> None:
    (finding,) = examine_versions([asked], lambda _name: version)
    assert (finding.verdict, said in finding.found) == (verdict, True)


def test_a_machine_that_cannot_train_is_a_warning() -> None:
    findings = list(examine_versions(["numpy>=2", "peft>=0.21; extra == 'train'"], {"numpy": "2.3"}.get))
    assert [(one.name, one.verdict) for one in findings] == [("versions", "ok"), ("training", "warning")]


@pytest.mark.parametrize(
    ("names", "cuda", "usable", "verdict"),
    [
        ([], None, 0, "ok"),
        (["GPU 0"], None, 0, "warning"),
        (["GPU 0"], "12.8", 0, "broken"),
        (["GPU 0"], "12.8", 1, "ok"),
    ],
)
def test_what_the_driver_knows_torch_must_be_able_to_use(
    names: list[str], cuda: str | None, usable: int, verdict: str
) -> None:
    (finding,) = examine_gpu(names, {"version": "2.13.0", "cuda": cuda, "gpus": usable})
    assert finding.verdict == verdict


def test_gpus_that_were_hidden_on_purpose_are_no_fault() -> None:
    facts = {"version": "2.13.0", "cuda": "12.8", "gpus": 0}
    (finding,) = examine_gpu(["GPU 0"], facts, visible="")
    assert (finding.verdict, "CUDA_VISIBLE_DEVICES='' leaves 0" in finding.found) == ("warning", True)
    (finding,) = examine_gpu(["GPU 0"], {**facts, "gpus": 1}, visible="0")
    assert finding.verdict == "ok"
