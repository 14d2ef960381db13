"""Is the snapshot a fact about the examples, and is a refusal one that can be acted on?"""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrain.dataset.build import build_snapshot
from retrain.dataset.clean import normalised
from retrain.dataset.near import first_alike
from retrain.dataset.policy import DatasetPolicy
from retrain.dataset.snapshot import Example, Refusal, Snapshot

Corpus = Callable[[int], list[Example]]
Banking = Callable[[str], list[Example]]
SEEDS = st.integers(0, 10_000)
TUESDAY = datetime(2026, 3, 3, tzinfo=UTC)
few = settings(max_examples=15, deadline=None)


def built(rows: list[Example], policy: DatasetPolicy, earlier: tuple[Example, ...] = ()) -> Snapshot:
    snapshot = build_snapshot(rows, policy, earlier_heldout=earlier)
    assert isinstance(snapshot, Snapshot), snapshot
    return snapshot


def keys(rows: tuple[Example, ...]) -> set[str]:
    return {normalised(row.text) for row in rows}


def leaks(one: tuple[Example, ...], other: tuple[Example, ...], share: float) -> int:
    fixed = sorted(keys(one))
    alike = first_alike([*fixed, *sorted(keys(other))], share, fixed=len(fixed))
    return sum(twin is not None and twin < len(fixed) for twin in alike)


@few
@given(seed=SEEDS, data=st.data())
def test_the_order_of_the_examples_changes_nothing(
    corpus: Corpus, policy: DatasetPolicy, seed: int, data: st.DataObject
) -> None:
    rows, earlier = corpus(seed), corpus(seed + 1)[:20]
    shuffled, turned = rows[:], earlier[:]
    rng = random.Random(data.draw(SEEDS))
    rng.shuffle(shuffled)
    rng.shuffle(turned)
    assert build_snapshot(rows, policy, earlier_heldout=earlier) == build_snapshot(
        shuffled, policy, earlier_heldout=turned
    )


@few
@given(seed=SEEDS)
def test_every_example_is_in_one_part_or_counted(corpus: Corpus, policy: DatasetPolicy, seed: int) -> None:
    rows = corpus(seed)
    snapshot = built(rows, policy)
    assert snapshot.clean + sum(snapshot.removed.values()) == len(rows)
    assert all(snapshot.removed.values())


@few
@given(seed=SEEDS)
def test_nothing_alike_stands_on_two_sides(corpus: Corpus, policy: DatasetPolicy, seed: int) -> None:
    first = built(corpus(seed), policy)
    second = built([*corpus(seed + 1), *corpus(seed)], policy, first.heldout[: len(first.heldout) // 2])
    for snapshot in (first, second):
        assert leaks(snapshot.heldout, snapshot.train, policy.near_duplicate) == 0
        assert leaks(snapshot.heldout, snapshot.validation, policy.near_duplicate) == 0
        assert leaks(snapshot.validation, snapshot.train, policy.near_duplicate) == 0


@few
@given(seed=SEEDS, data=st.data())
def test_heldout_rows_stay_held_out_and_trained_rows_never_join_them(
    corpus: Corpus, policy: DatasetPolicy, seed: int, data: st.DataObject
) -> None:
    rows = corpus(seed)
    first = built(rows, policy)
    gone = data.draw(st.integers(0, len(rows) // 2))
    second = built([*rows[gone:], *corpus(seed + 1)], policy, first.heldout)
    assert keys(first.heldout) < keys(second.heldout)
    assert not keys(first.heldout) & (keys(second.train) | keys(second.validation))
    assert not keys(first.train + first.validation) & keys(second.heldout)


@few
@given(seed=SEEDS)
def test_validation_has_only_labels_that_were_trained(corpus: Corpus, policy: DatasetPolicy, seed: int) -> None:
    rare = [Example(text=f"{'seldom ' * n}asked", label="rare", source="standing") for n in range(1, 10)]
    snapshot = built([*corpus(seed), *rare], policy)
    assert {row.label for row in snapshot.validation} <= set(snapshot.labels)
    assert "rare" not in snapshot.labels
    assert not any(row.label == "rare" for row in snapshot.heldout)


def test_a_label_is_rare_below_the_minimum_and_not_at_it(corpus: Corpus, policy: DatasetPolicy) -> None:
    rng = random.Random(5)
    rare = [
        Example(text="".join(rng.choices("abcdefgh ", k=60)), label="rare", source="standing")
        for _ in range(policy.min_per_label)
    ]
    assert "rare" in built([*corpus(1), *rare], policy).labels
    assert built([*corpus(1), *rare[1:]], policy).removed["rare label"] == policy.min_per_label - 1


@pytest.mark.parametrize(
    ("labeller", "days", "believed"),
    [("human", 1, True), ("human", -1, False), ("outcome", 1, False), ("model:small", 1, False), (None, 1, False)],
)
def test_only_a_newer_human_label_corrects_a_heldout_row_labelled_by_a_human(
    corpus: Corpus, policy: DatasetPolicy, labeller: str | None, days: int, *, believed: bool
) -> None:
    held = Example(text="Lost my Card", label="label 0", source="production", at=TUESDAY, labeller="human")
    said = held.model_copy(
        update={"text": "lost my card", "label": "label 1", "labeller": labeller, "at": TUESDAY + timedelta(days=days)}
    )
    snapshot = built([*corpus(3), said], policy, (held,))
    [row] = [row for row in snapshot.heldout if normalised(row.text) == "lost my card"]
    assert (row.text, row.label) == ("Lost my Card", "label 1" if believed else "label 0")
    assert snapshot.removed == built(corpus(3), policy, (held,)).removed


def test_heldout_rows_stay_though_alike_and_of_a_label_that_is_gone(corpus: Corpus, policy: DatasetPolicy) -> None:
    one, two, three = "aaaa bbbb cccc dddd eeee", "aaaa bbbb cccc dddd eeeef", "xaaaa bbbb cccc dddd eeeef"
    held = tuple(Example(text=text, label="retired", source="standing") for text in (one, two))
    assert first_alike([one, two, three], 0.8) == [None, 0, None]
    new = Example(text=three, label="label 0", source="standing")
    snapshot = built([*corpus(9), new], policy, held)
    assert all(row in snapshot.heldout for row in held)
    assert new not in snapshot.train + snapshot.validation + snapshot.heldout


def test_of_texts_alike_the_first_seen_stays(corpus: Corpus, policy: DatasetPolicy) -> None:
    at = {"where is the parcel i ordered on monday": 1, "where is a parcel i ordered on monday": 2}
    asked = [
        Example(text=text, label="label 0", source="production", labeller="human", at=TUESDAY + timedelta(days=day))
        for text, day in at.items()
    ]
    snapshot = built([*corpus(9), *asked], policy)
    kept = snapshot.train + snapshot.validation + snapshot.heldout
    assert [row in kept for row in asked] == [True, False]


def test_no_heldout_row_is_judged_by_a_models_label(corpus: Corpus, policy: DatasetPolicy) -> None:
    snapshot = built(corpus(4), policy)
    assert not any((row.labeller or "").startswith("model:") for row in snapshot.heldout)
    assert any((row.labeller or "").startswith("model:") for row in snapshot.train)
    assert snapshot.removed["held-out text labelled by a model"] > 0


def test_one_example_decides_between_refusal_and_snapshot(corpus: Corpus, policy: DatasetPolicy) -> None:
    snapshot = built(corpus(6), policy)
    assert isinstance(build_snapshot(corpus(6), policy.model_copy(update={"min_examples": snapshot.clean})), Snapshot)
    refusal = build_snapshot(corpus(6), policy.model_copy(update={"min_examples": snapshot.clean + 1}))
    assert isinstance(refusal, Refusal)
    assert (refusal.found, refusal.needed) == (snapshot.clean, snapshot.clean + 1)


def test_a_refusal_says_how_many_labels_are_missing_and_of_what(policy: DatasetPolicy) -> None:
    rng = random.Random(0)
    plenty = Counter({"refund": 12, "card_lost": 30, "top_up": 4})
    rows = [
        Example(text="".join(rng.choices("abcdefgh ", k=80)), label=label, source="standing")
        for label in plenty.elements()
    ]
    refusal = build_snapshot([*rows, rows[0]], policy)
    assert isinstance(refusal, Refusal)
    assert refusal.reasons == (
        "42 examples after cleaning, 50 needed: 8 more labels would do, most needed for 'top_up'",
        "left out: exact duplicate 1, rare label 4",
    )


def test_one_label_is_nothing_to_learn(corpus: Corpus, policy: DatasetPolicy) -> None:
    same = [row.model_copy(update={"label": "only"}) for row in corpus(7)]
    refusal = build_snapshot(same, policy)
    assert isinstance(refusal, Refusal)
    assert refusal.reasons[0] == (
        "1 label ('only') with 10 clean examples or more, 2 needed: label examples of other topics too"
    )


@pytest.mark.parametrize(
    ("shares", "name"),
    [({"heldout_share": 1e-9}, "held-out"), ({"validation_share": 1e-9}, "validation")],
)
def test_an_empty_part_is_refused(corpus: Corpus, policy: DatasetPolicy, shares: dict[str, float], name: str) -> None:
    refusal = build_snapshot(corpus(8), policy.model_copy(update=shares))
    assert isinstance(refusal, Refusal)
    assert f"no example in the {name} part" in refusal.reasons[0]


def test_nothing_at_all_is_refused_with_reasons(policy: DatasetPolicy) -> None:
    refusal = build_snapshot([], policy)
    assert isinstance(refusal, Refusal)
    assert refusal.reasons[0] == "0 examples after cleaning, 50 needed: 50 more labels would do"
    assert len(refusal.reasons) == 5


def test_banking77_leaks_nothing_and_keeps_what_it_holds_out(banking: Banking, policy: DatasetPolicy) -> None:
    train, test = banking("train"), banking("test")
    first = built(train, policy)
    assert first.removed["exact duplicate"] == 4
    assert 300 < sum(count for reason, count in first.removed.items() if reason != "exact duplicate") < 900
    assert 0.17 < len(first.heldout) / first.clean < 0.23
    assert len(first.labels) == 77
    second = built([*train, *test], policy, first.heldout)
    assert keys(first.heldout) < keys(second.heldout)
    assert not keys(first.train) & keys(second.heldout)
    assert leaks(second.heldout, second.train + second.validation, policy.near_duplicate) == 0


def test_banking77s_own_test_rows_are_kept_out_of_training(banking: Banking, policy: DatasetPolicy) -> None:
    test = banking("test")
    snapshot = built(banking("train"), policy, tuple(test))
    assert keys(tuple(test)) <= keys(snapshot.heldout)
    assert snapshot.removed["leaks into held-out"] > 300
    assert leaks(tuple(test), snapshot.train, policy.near_duplicate) == 0
