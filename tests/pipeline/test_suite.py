"""Does a suite file grow without loss, are its faults named by line, and is it run on the real champion?"""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrain.cli.main import run
from retrain.errors import SpecError, UnknownVersion, UsageError
from retrain.pipeline.retrain import retrain
from retrain.pipeline.suite import Incident, add_case, check_suite
from retrain.pipeline.suite_file import append, parsed, read_suite
from shop import SPEC, Messages, Shop

NAMED = SPEC.replace("evaluation: {", "evaluation: {suite: ../suites/shop.yaml, ")
HAND_MADE = """\
# Ours.
cases:
- id: first   # by hand
  kind: minimum
  text: where is my order
  label: order_status
  why: promised to users
"""
CASE = {"id": "new", "kind": "minimum", "text": "t", "label": "l", "why": "w"}


@pytest.fixture
def named(shop: Shop) -> Shop:
    """A shop whose spec names a suite that is not there yet."""
    shop.spec(NAMED)
    return shop


def written(shop: Shop, text: str) -> Path:
    path = shop.root / "suites" / "shop.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_the_first_case_makes_the_file_and_the_same_again_adds_nothing(named: Shop) -> None:
    incident = Incident(text="i was charged twice", labels=("refund",), why="incident 12")
    first, again = add_case(named.site(), incident), add_case(named.site(), incident)
    assert (first.added, first.id, first.cases) == (True, "incident-2026-03-02-1", 1)
    assert (again.added, again.id, again.cases) == (False, first.id, 1)
    other = add_case(named.site(), Incident(text="x", same=("y",), why="w", must=True))
    assert (other.id, other.kind, other.cases) == ("incident-2026-03-02-2", "invariance", 2)
    file = read_suite(named.site().spec)
    assert file is not None
    assert [case.must for case in file.suite.cases] == [False, True]


def test_what_people_wrote_stays_as_it_is(named: Shop) -> None:
    path = written(named, HAND_MADE)
    add_case(named.site(), Incident(text="t", than="s", labels=("refund",), why="w", id="mine"))
    assert path.read_text().startswith(HAND_MADE)
    assert [case.id for case in parsed(path, path.read_bytes()).cases] == ["first", "mine"]


@settings(max_examples=60)
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=2, max_size=3),
    why=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    before=st.sampled_from([None, HAND_MADE, HAND_MADE.replace("\n  ", "\n      ").replace("\n-", "\n    -")]),
)
def test_any_text_comes_back_as_it_was_given(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], why: str, before: str | None
) -> None:
    path = tmp_path_factory.mktemp("suites") / "shop.yaml"
    if before is not None:
        path.write_text(before)
    case: dict[str, Any] = {"id": "new", "kind": "invariance", "texts": texts, "must": True, "why": why}
    suite = append(path, case)
    assert suite.cases[-1].model_dump(mode="json", exclude={"since"}) == case
    assert len(suite.cases) == (1 if before is None else 2)
    assert parsed(path, path.read_bytes()) == suite


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HAND_MADE.replace("label:", "lable:"), r"shop\.yaml:6: unknown key 'cases\.0\.lable'; a minimum has"),
        (HAND_MADE.replace("  why: promised to users\n", ""), r"shop\.yaml:3: key 'cases\.0\.why' is missing"),
        (HAND_MADE.replace("kind: minimum", "kind: some"), r"shop\.yaml:3: cases\.0 has no kind that is known"),
        (HAND_MADE.replace("text: where is my order", "text: 7"), r"shop\.yaml:5: cases\.0\.text: input should be"),
        (HAND_MADE + HAND_MADE[HAND_MADE.index("- id") :], r"shop\.yaml:2: ids \['first'\] stand twice"),
        (HAND_MADE + "more: 1\n", r"shop\.yaml:8: unknown key 'more'; known is cases"),
        (HAND_MADE + "cases: []\n", r"shop\.yaml:8: key 'cases' is there twice, first on line \d; keep one"),
        ("- a\n", "expected the key 'cases'"),
        ("cases: [", "not YAML"),
    ],
)
def test_a_fault_is_named_by_its_line_before_a_run_begins(named: Shop, text: str, sentence: str) -> None:
    written(named, text)
    with pytest.raises(SpecError, match=sentence):
        read_suite(named.site().spec)
    with pytest.raises(SpecError, match=sentence):
        retrain(named.site(), cause="manual", reason="try")
    assert list(named.site().ledger.entries()) == []


@pytest.mark.parametrize("before", ["cases: [{id: a, kind: minimum, text: t, label: l, why: w}]\n", "cases: {}\n"])
def test_a_file_that_cannot_be_added_to_stays_as_it_is(tmp_path: Path, before: str) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(before)
    with pytest.raises(SpecError):
        append(path, CASE)
    assert path.read_text() == before


def test_two_who_add_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    writers = [threading.Thread(target=append, args=(path, {**CASE, "id": f"case-{n}"})) for n in range(12)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert {case.id for case in parsed(path, path.read_bytes()).cases} == {f"case-{n}" for n in range(12)}


BOTH = """\
- {id: one, kind: minimum, text: t, label: [a, b], why: w}
- {id: two, kind: minimum, text: s, label: [b, c], why: w}
"""


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("", None),
        ("- {id: x, kind: minimum, text: t, label: b, why: w}", None),
        (
            "- {id: x, kind: minimum, text: t, label: c, why: w}",
            "both .*: 'one' asks for 'a' or 'b' and 'x' asks for 'c'",
        ),
        ("- {id: x, kind: invariance, texts: [t, u, s], why: w}", None),
        (
            "- {id: x, kind: minimum, text: t, label: a, why: w}\n- {id: y, kind: invariance, texts: [t, s], why: w}",
            "'one' asks for 'a' and 'two' asks for 'b' or 'c', at texts that get one answer by case 'y'; correct",
        ),
        ("- {id: x, kind: direction, text: t, than: s, label: z, why: w}", None),
    ],
)
def test_cases_that_no_model_can_pass_together_are_refused(tmp_path: Path, more: str, sentence: str | None) -> None:
    """Each challenger that mended the one would lose the other, and nothing would be promoted ever after."""
    content = f"cases:\n{BOTH}{more}\n".encode()
    if sentence is None:
        assert parsed(tmp_path / "shop.yaml", content).cases
        return
    with pytest.raises(SpecError, match=sentence):
        parsed(tmp_path / "shop.yaml", content)


def test_a_label_that_no_example_has_is_asked_about(named: Shop, messages: Messages) -> None:
    named.examples(messages("base", 0, 60))
    slip = Incident(text="i was charged twice", labels=("refnud_status",), why="incident 12")
    with pytest.raises(
        UsageError, match=r"not added: unknown label 'refnud_status'; did you mean 'refund_status'\? .*--new-label"
    ):
        add_case(named.site(), slip)
    assert not (named.root / "suites").exists()
    meant = Incident(
        text="i was charged twice", labels=("refnud_status",), why="incident 12", new_labels=("refnud_status",)
    )
    assert add_case(named.site(), meant).added


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (SPEC, "names no suite; write"),
        (SPEC.replace("evaluation: {", "evaluation: {suite: suite.yaml, "), "each .yaml file is taken for a model"),
    ],
)
def test_a_spec_that_names_no_place_says_what_to_write(shop: Shop, spec: str, sentence: str) -> None:
    shop.spec(spec)
    with pytest.raises(SpecError, match=sentence):
        add_case(shop.site(), Incident(text="t", labels=("l",), why="w"))


def test_a_suite_that_is_not_there_is_named_before_a_run_begins(named: Shop) -> None:
    with pytest.raises(SpecError, match="retrain suite add shop"):
        retrain(named.site(), cause="manual", reason="try")


@pytest.mark.parametrize(
    "asked",
    [
        Incident(text="t", why="w"),
        Incident(text="t", labels=("a",), same=("b",), why="w"),
        Incident(text="t", labels=("a", "b"), than="s", why="w"),
        Incident(text="t", than="s", why="w"),
    ],
)
def test_words_that_make_no_case_say_which_would(named: Shop, asked: Incident) -> None:
    with pytest.raises(UsageError, match="--label alone"):
        add_case(named.site(), asked)


def test_a_taken_id_is_refused(named: Shop) -> None:
    written(named, HAND_MADE)
    with pytest.raises(UsageError, match="'first' is taken"):
        add_case(named.site(), Incident(text="t", labels=("l",), why="w", id="first"))


def test_nothing_can_answer_the_suite_without_a_champion(named: Shop) -> None:
    written(named, HAND_MADE)
    with pytest.raises(UnknownVersion, match="no champion yet"):
        check_suite(named.site())


@pytest.mark.model
def test_the_champion_is_asked_and_a_case_that_must_pass_holds_the_next_challenger(
    running_shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = running_shop
    shop.spec(NAMED.replace("promotion: {", "promotion: {require: non_inferior, margin: 0.4, slice_margin: 0.9, "))
    for name in ("STORE", "MODELS", "WORK", "CACHE"):
        monkeypatch.setenv(f"RETRAIN_{name}", shop.environment[f"RETRAIN_{name}"])
    words = ["suite", "add", "shop", "--text", "where is my order", "--why", "promise", "--json"]
    assert run([*words, "--label", "order_status"]) == 0
    gone = [
        "suite",
        "add",
        "shop",
        "--text",
        "where is my order now",
        "--why",
        "promise",
        "--label",
        "no_such_label",
        "--id",
        "gone",
    ]
    assert run([*gone, "--must"]) == 2
    assert run([*gone, "--must", "--new-label", "no_such_label"]) == 0
    assert run([*words, "--than", "what a nice day", "--label", "order_status"]) == 0
    capsys.readouterr()
    assert run(["suite", "check", "shop", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["passed"], answer["failed"]) == (2, 1)
    assert [case["id"] for case in answer["cases"] if not case["challenger"]] == ["gone"]
    assert run(["suite", "check", "shop"]) == 0
    assert "2 of 3 cases pass" in capsys.readouterr().out

    result = retrain(shop.site(), cause="manual", reason="again")
    assert result.outcome == "held"
    (told,) = [reason for reason in result.reasons if reason.startswith("no_regression: ")]
    assert "2 of 3 cases pass" in told
    assert "'gone' answered 'order_status'" in told
    evaluation = shop.site().ledger.state().last_run
    assert evaluation is not None
    assert evaluation.evaluation is not None
    kept = shop.site().evaluations.read(evaluation.evaluation, "suite.yaml")
    assert kept == (shop.root / "suites" / "shop.yaml").read_bytes()
