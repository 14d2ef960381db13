"""Does each key get the same version, everywhere, until probation ends?"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

import retrain
from retrain.pipeline.champion import ChampionWatch
from retrain.store.events import ProbationSeen, Promoted, RolledBack
from retrain.store.ledger import Draft
from retrain.store.probation import Tally, Terms, in_canary
from shop import Shop

TERMS = Terms(days=10, min_labels=30, margin=0.05, confidence=0.95, look_labels=20, max_rows=200, canary_share=0.25)
KEYS = [f"user-{number}" for number in range(400)]


def append(shop: Shop, event: Any) -> None:
    shop.site().ledger.append(lambda _: Draft(event=event, reasons=("because",), actor="a test"))


@pytest.fixture
def tried(shop: Shop) -> tuple[Shop, str, str]:
    """A shop whose new champion is on probation for a quarter of the keys; its two versions hold a file each."""
    old, new = (shop.site().versions.put({"model.json": f"{n}".encode()}, {"n": n}) for n in (1, 2))
    append(shop, Promoted(claim=None, version=old, over=None, snapshot="s"))
    append(shop, Promoted(claim=None, version=new, over=old, snapshot="s", probation=TERMS))
    return shop, old, new


def watch(shop: Shop) -> ChampionWatch:
    return ChampionWatch("shop", shop.settings, refresh_seconds=0)


@given(st.text(max_size=40), st.text(max_size=70), st.floats(0, 1), st.floats(0, 1))
def test_whoever_is_in_at_a_small_share_is_in_at_a_larger_one(key: str, version: str, one: float, two: float) -> None:
    small, large = sorted((one, two))
    assert in_canary(key, version, small) <= in_canary(key, version, large)
    assert in_canary(key, version, 1.0)
    assert not in_canary(key, version, 0.0)


@given(st.text("abcdef0123456789", min_size=8, max_size=64), st.sampled_from([0.01, 0.1, 0.25, 0.5]))
def test_the_share_of_many_keys_is_the_one_asked_for(version: str, share: float) -> None:
    found = sum(in_canary(key, version, share) for key in (f"user-{n}" for n in range(2000)))
    low, high = binom.interval(1 - 1e-7, 2000, share)
    assert low <= found <= high


def test_another_version_tries_other_keys_first() -> None:
    first, second = ({key for key in KEYS if in_canary(key, version, 0.25)} for version in ("v1", "v2"))
    assert len(first & second) < 0.5 * len(first)


def test_a_share_of_the_keys_gets_the_new_champion_and_each_always_the_same(tried: tuple[Shop, str, str]) -> None:
    shop, old, new = tried
    served = watch(shop)
    found = {key: served.get(key).version for key in KEYS}
    assert set(found.values()) == {old, new}
    assert found == {key: (new if in_canary(key, new, 0.25) else old) for key in KEYS}
    again = watch(shop)
    assert {key: again.get(key).version for key in KEYS} == found
    assert served.get().version == new, "who names no key gets the champion"
    folders = {served.get(key).version: served.get(key).path for key in KEYS}
    assert {version: path.joinpath("model.json").read_bytes() for version, path in folders.items()} == {
        **{old: b"1", new: b"2"}
    }


def test_other_processes_give_the_same(tried: tuple[Shop, str, str]) -> None:
    shop, _, _ = tried
    program = "import sys, retrain; print(*(retrain.champion('shop', key=key).version for key in sys.argv[1:]))"
    asked = [sys.executable, "-c", program, *KEYS[:40]]
    answers = [
        subprocess.run(
            asked, env={**shop.environment, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        for seed in ("1", "2")
    ]
    here = [retrain.champion("shop", shop.settings, key=key).version for key in KEYS[:40]]
    assert [answer.stdout.split() for answer in answers] == [here, here]


@pytest.mark.parametrize(
    "end",
    [
        lambda old, new: ProbationSeen(
            version=new,
            state="confirmed",
            tally=Tally(rows=30, won=0, lost=0, labels=30, low=-0.1, high=0.1, worse=1.0),
        ),
        lambda old, new: RolledBack(version=old, withdrawn=new, reason="probation"),
        lambda old, new: RolledBack(version=old, withdrawn=new),
    ],
)
def test_when_probation_ends_everybody_gets_the_champion(tried: tuple[Shop, str, str], end: Any) -> None:
    shop, old, new = tried
    served = watch(shop)
    assert {served.get(key).version for key in KEYS} == {old, new}
    append(shop, end(old, new))
    champion = shop.site().ledger.state().champion
    assert champion is not None
    assert {served.get(key).version for key in KEYS} == {champion.version}


def test_a_predecessor_that_was_changed_in_the_store_is_not_served_and_the_champion_answers_all(
    tried: tuple[Shop, str, str],
) -> None:
    shop, old, new = tried
    (Path(shop.settings.store) / "models/shop/versions" / old / "model.json").write_bytes(b"3")
    seen = watch(shop)
    assert {seen.get(key).version for key in KEYS} == {new}
