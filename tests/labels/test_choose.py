"""Are the rows worth a label chosen, within the budget, and do their labels speak for all rows?"""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.labels.alike import Answered, population
from retrain.labels.choose import Candidate, choose
from retrain.labels.estimate import Known, estimate
from retrain.labels.policy import LabelsPolicy

rows = st.lists(
    st.builds(
        lambda segment, unsure, stands_for: {"segment": segment, "unsure": unsure, "stands_for": stands_for},
        st.sampled_from([None, None, "label 'a'", "term 'b'", "group 'c'"]),
        st.none() | st.floats(0, 3),
        st.integers(1, 5),
    ),
    max_size=80,
).map(lambda made: [Candidate(id=f"r{number}", **one) for number, one in enumerate(made)])
policies = st.tuples(st.floats(0, 1), st.floats(0.01, 1)).map(
    lambda pair: LabelsPolicy(drifted_share=pair[0] * (1 - pair[1]), random_share=pair[1])
)


@given(candidates=rows, budget=st.integers(1, 100), policy=policies)
def test_the_budget_is_spent_and_never_exceeded_and_no_row_is_without_a_chance(
    candidates: list[Candidate], budget: int, policy: LabelsPolicy
) -> None:
    strata = choose(candidates, budget, policy)
    chosen = [row for stratum in strata for row in stratum.chosen]
    assert len(chosen) == len(set(chosen)) == min(budget, len(candidates))
    assert sum(stratum.rows for stratum in strata) == len(candidates)
    assert sum(stratum.stands_for for stratum in strata) == sum(one.stands_for for one in candidates)
    assert all(0 < stratum.probability <= 1 for stratum in strata)


@given(candidates=rows, budget=st.integers(1, 100), policy=policies, shuffled=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(
    candidates: list[Candidate], budget: int, policy: LabelsPolicy, shuffled: random.Random
) -> None:
    before = choose(candidates, budget, policy)
    shuffled.shuffle(candidates)
    assert choose(candidates, budget, policy) == before


def some(count: int, *, segment: str | None = None, unsure: float | None = None) -> list[Candidate]:
    return [Candidate(id=f"{segment}-{unsure}-{n}", segment=segment, unsure=unsure) for n in range(count)]


def test_drift_is_asked_about_first_then_doubt_and_a_share_by_lot() -> None:
    candidates = [
        *some(200, segment="new topic"),
        *some(6, segment="small topic"),
        *some(300, unsure=0.9),
        *some(500, unsure=0.1),
    ]
    strata = {(one.why, one.segment): one for one in choose(candidates, 100, LabelsPolicy())}
    assert {key: len(one.chosen) for key, one in strata.items()} == {
        ("drifted", "new topic"): 44,
        ("drifted", "small topic"): 6,
        ("uncertain", None): 30,
        ("random", None): 20,
    }
    assert all("0.9" in row for row in strata["uncertain", None].chosen)
    assert strata["uncertain", None].probability == 1
    assert strata["drifted", "new topic"].probability == 44 / 200
    assert strata["random", None].rows == 770


def test_without_drift_its_share_goes_to_doubt_and_without_that_to_the_lot() -> None:
    assert [len(one.chosen) for one in choose(some(500, unsure=0.5), 100, LabelsPolicy())] == [80, 20]
    assert [(one.why, len(one.chosen)) for one in choose(some(500), 100, LabelsPolicy())] == [("random", 100)]


def test_shares_beyond_the_budget_are_refused() -> None:
    with pytest.raises(ValueError, match="more than the whole budget"):
        LabelsPolicy(drifted_share=0.9, random_share=0.2)


def world(seed: int) -> tuple[list[Answered], dict[str, str], dict[str, float], set[str]]:
    """800 rows of 400 texts: the truth by row, doubt that knows something of it, and which drifted."""
    draws = random.Random(seed)
    texts = [f"text number {number:04d} {draws.random()}" for number in range(400)]
    drifted = set(draws.sample(texts, 60))
    right = {text: draws.random() < (0.4 if text in drifted else 0.85) for text in texts}
    picked = [draws.choice(texts) for _ in range(800)]
    found = [Answered(id=f"r{n}", text=text, output="yes") for n, text in enumerate(picked)]
    truth = {row.id: "yes" if right[row.text] else "no" for row in found}
    doubt = {row.text: draws.random() + (0 if right[row.text] else 0.4) for row in found}
    return found, truth, doubt, drifted


def test_labels_of_the_chosen_rows_estimate_the_accuracy_of_all_without_bias() -> None:
    found, truth, doubt, drifted = world(3)
    whole = sum(label == "yes" for label in truth.values()) / len(found)
    by_id = {row.id: row for row in found}
    known_texts = {row.text: truth[row.id] for row in found[:40]}
    people = population(found, known_texts, [], 1.0)
    candidates = [
        Candidate(
            id=row,
            segment="topic" if by_id[row].text in drifted else None,
            unsure=doubt[by_id[row].text],
            stands_for=count,
        )
        for row, count in people.stands_for.items()
    ]
    assert people.known.rows + sum(people.stands_for.values()) == len(found)
    exact, ratios, naive, covered = [], [], [], 0
    for lot in range(300):
        strata = choose(candidates, 90, LabelsPolicy(), lot=str(lot))
        right = {row: truth[row] == "yes" for one in strata for row in one.chosen}
        weighted = sum(people.stands_for[row] * right[row] / one.probability for one in strata for row in one.chosen)
        exact.append((weighted + people.known.right) / len(found))
        seen = estimate(strata, people.stands_for, right, people.known)
        assert seen is not None
        ratios.append(seen.accuracy)
        covered += seen.low <= whole <= seen.high
        naive.append(sum(right.values()) / len(right))
    assert len({len(one.chosen) for one in strata}) > 1
    error = (sum((one - whole) ** 2 for one in exact) / len(exact)) ** 0.5 / math.sqrt(len(exact))
    assert abs(sum(exact) / len(exact) - whole) < 3 * error
    assert abs(sum(ratios) / len(ratios) - whole) < 0.005
    assert whole - sum(naive) / len(naive) > 0.1, "chosen rows unweighted would have looked much worse"
    assert 0.90 <= covered / 300 <= 0.99


def test_a_part_that_nobody_labelled_is_unknown() -> None:
    strata = choose([*some(50, segment="topic"), *some(50)], 20, LabelsPolicy())
    labelled = {row: True for one in strata if one.why == "drifted" for row in one.chosen}
    assert estimate(strata, {row: 1 for one in strata for row in one.chosen}, labelled, Known()) is None


def test_which_of_rows_alike_is_asked_about_does_not_make_it_come_up_more_often() -> None:
    """The stand-in of a thousand rows is the first of them by one lot; by the same one it would always be chosen."""
    crowd = [Answered(id=f"crowd-{n}", text="the same words again", output="x") for n in range(1_000)]
    others = [Answered(id=f"row-{n}", text=f"{n * 7919 + 10_000}", output="x") for n in range(99)]
    people = population([*crowd, *others], {}, [], 0.8)
    times = 0
    for lot in range(400):
        candidates = [Candidate(id=row, stands_for=count) for row, count in people.stands_for.items()]
        chosen = choose(candidates, 10, LabelsPolicy(), lot=str(lot))[0].chosen
        times += any(row.startswith("crowd") for row in chosen)
    assert len(people.stands_for) == 100
    assert 25 <= times <= 58
