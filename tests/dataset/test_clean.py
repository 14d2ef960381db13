"""Does cleaning leave one believable row a text?"""

from datetime import UTC, datetime, timedelta

import pytest

from retrain.dataset.clean import clean, normalised
from retrain.dataset.policy import DatasetPolicy
from retrain.dataset.snapshot import Example

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def row(text: str, label: str, labeller: str | None = None, *, day: int | None = None) -> Example:
    at = None if day is None else MONDAY + timedelta(days=day)
    return Example(text=text, label=label, labeller=labeller, at=at, source="standing" if at is None else "production")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Lost  my\tcard\n", "lost my card"),
        ("ＬＯＳＴ my ｃａｒｄ", "lost my card"),  # noqa: RUF001
        ("STRASSE", "straße"),
        ("ﬁne", "FINE"),
        ("cafe\u0301", "caf\u00e9"),
        ("a\u00a0b", "a b"),
    ],
)
def test_form_case_and_white_space_do_not_count(text: str, same: str) -> None:
    assert normalised(text) == normalised(same)


@pytest.mark.parametrize("pair", [("c++", "c#"), ("1.5", "15"), ("lost", "lest")])
def test_what_carries_meaning_counts(pair: tuple[str, str]) -> None:
    assert normalised(pair[0]) != normalised(pair[1])


@pytest.mark.parametrize(
    ("rows", "label"),
    [
        ([row("a", "old"), row("A", "new", "human", day=0)], "new"),
        ([row("a", "old"), row("A", "new", "outcome", day=0)], "new"),
        ([row("a", "said", "human", day=0), row("a", "done", "outcome", day=9)], "said"),
        ([row("a", "first", "human", day=0), row("a", "corrected", "human", day=1)], "corrected"),
        ([row("a", "known"), row("a", "guessed", "model:small", day=1)], "known"),
    ],
)
def test_the_most_trusted_then_the_newest_label_stays(rows: list[Example], label: str, policy: DatasetPolicy) -> None:
    for order in (rows, rows[::-1]):
        cleaned = clean(order, policy)
        assert [kept.example.label for kept in cleaned.rows] == [label]
        assert +cleaned.removed == {"overruled label": 1}


@pytest.mark.parametrize(
    "rows",
    [
        [row("a", "x"), row("A ", "y")],
        [row("a", "x", "human", day=1), row("a", "y", "human", day=1), row("a", "z")],
    ],
)
def test_labels_that_nobody_can_choose_between_drop_every_row_of_the_text(
    rows: list[Example], policy: DatasetPolicy
) -> None:
    cleaned = clean(rows, policy)
    assert cleaned.rows == ()
    assert +cleaned.removed == {"conflicting labels": len(rows)}


def test_rows_without_use_are_counted_by_reason(policy: DatasetPolicy) -> None:
    limit = policy.max_chars
    rows = [
        row(" \u3000 ", "x"),
        row("a", " "),
        row("b" * (limit + 1), "x"),
        row("c" * limit, "x"),
        row("C" * limit, "x"),
    ]
    cleaned = clean(rows, policy)
    assert len(cleaned.rows) == 1
    assert +cleaned.removed == {"empty text": 1, "missing label": 1, "too long": 1, "exact duplicate": 1}


def test_a_stamp_without_a_zone_is_compared_as_utc(policy: DatasetPolicy) -> None:
    bare = row("a", "late", "human", day=1).model_copy(update={"at": datetime(2026, 3, 3)})  # noqa: DTZ001
    cleaned = clean([row("a", "early", "human", day=0), bare], policy)
    assert cleaned.rows[0].example.label == "late"
    assert cleaned.rows[0].first_seen == MONDAY
