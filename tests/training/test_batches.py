"""Is every row seen once, with little padding, in an order that a crash does not change?"""

from hypothesis import given
from hypothesis import strategies as st

from retrain.training.batches import halves, reading_batches, training_batches

LENGTHS = st.lists(st.integers(1, 128), min_size=0, max_size=300)


@given(LENGTHS, st.integers(1, 40), st.integers(0, 9), st.integers(1, 9))
def test_an_epoch_sees_every_row_once(lengths: list[int], size: int, seed: int, epoch: int) -> None:
    batches = training_batches(lengths, size=size, seed=seed, epoch=epoch)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(1 <= len(batch) <= size for batch in batches)


@given(LENGTHS, st.integers(1, 500))
def test_reading_sees_every_row_once_within_the_budget(lengths: list[int], tokens: int) -> None:
    batches = reading_batches(lengths, tokens=tokens)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= tokens for batch in batches)


def test_the_same_epoch_has_the_same_batches_and_the_next_has_others() -> None:
    lengths = [1 + row % 17 for row in range(200)]
    first = training_batches(lengths, size=8, seed=17, epoch=1)
    assert first == training_batches(lengths, size=8, seed=17, epoch=1)
    assert first != training_batches(lengths, size=8, seed=17, epoch=2)
    assert first != training_batches(lengths, size=8, seed=18, epoch=1)


def test_batches_by_length_pad_less_than_a_tenth() -> None:
    lengths = [5 + (row * 37) % 60 for row in range(1000)]
    batches = training_batches(lengths, size=16, seed=0, epoch=1)
    padded = sum(len(batch) * max(lengths[row] for row in batch) for batch in batches)
    assert padded < 1.1 * sum(lengths)


def test_long_and_short_batches_are_mixed_over_the_epoch() -> None:
    batches = training_batches(list(range(1, 401)), size=8, seed=0, epoch=1)
    longest = [max(batch) for batch in batches]
    assert longest not in (sorted(longest), sorted(longest, reverse=True))


@given(st.lists(st.integers(), max_size=50), st.integers(1, 20))
def test_halves_keep_order_and_size(rows: list[int], at_most: int) -> None:
    pieces = halves(rows, at_most)
    assert [row for piece in pieces for row in piece] == rows
    assert all(len(piece) <= at_most for piece in pieces)
