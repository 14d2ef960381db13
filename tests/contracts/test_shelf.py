"""What a shelf promises of bundles that go, over every store."""

import pytest

from retrain.errors import NotInStore
from retrain.store.protocol import Store
from retrain.store.shelf import MANIFEST, Shelf


def test_a_bundle_that_is_removed_is_gone_alone_and_can_be_stored_again(store: Store) -> None:
    shelf = Shelf(store, "models/m/versions", "version")
    one, other = (shelf.put({"a": bytes([n]), "b": b"b" * 1000}, {"n": n}) for n in (1, 2))
    shelf.remove(one)
    assert list(shelf.digests()) == [other]
    assert {key.split("/")[3] for key in store.keys("models/m/versions/")} == {other}
    with pytest.raises(NotInStore):
        shelf.read(one, "a")
    shelf.verify_all(other)
    shelf.remove(one)
    assert shelf.put({"a": bytes([1]), "b": b"b" * 1000}, {"n": 1}) == one
    shelf.verify_all(one)


def test_what_is_left_of_a_removal_that_was_killed_is_no_bundle_and_goes_the_next_time(store: Store) -> None:
    shelf = Shelf(store, "models/m/versions", "version")
    one = shelf.put({"a": b"a", "b": b"b"}, {})
    store.delete(f"models/m/versions/{one}/{MANIFEST}")
    assert list(shelf.digests()) == []
    with pytest.raises(NotInStore):
        shelf.verify_all(one)
    shelf.remove(one)
    assert list(store.keys("models/m/")) == []
