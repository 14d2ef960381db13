"""Is nobody asked twice for what one label says?"""

from retrain.labels.alike import Answered, population


def row(number: int, text: str, output: str = "refund") -> Answered:
    return Answered(id=f"r{number}", text=text, output=output)


def test_rows_alike_are_asked_about_once_and_known_ones_not_at_all() -> None:
    rows = [
        row(1, "where is my parcel now please"),
        row(2, "Where is my parcel  now please?"),
        row(3, "i want my money back today", "refund"),
        row(4, "I want my money back today!", "order_status"),
        row(5, "cancel the order of yesterday"),
        row(6, "my card was declined twice"),
    ]
    people = population(rows, {"i want my money back today": "refund"}, ["cancel the order of yesterday"], 0.8)
    assert sorted(people.stands_for.values()) == [1, 2]
    assert people.known.model_dump() == {"rows": 2, "right": 1}
    assert people.asked_before == 1


def test_a_text_that_has_a_label_by_now_is_known_though_it_was_asked_about() -> None:
    people = population([row(1, "some words")], {"some words": "refund"}, ["some words"], 0.8)
    assert (people.stands_for, people.known.rows, people.asked_before) == ({}, 1, 0)


def test_nothing_known_of_no_rows() -> None:
    assert population([], {}, [], 0.8).stands_for == {}
