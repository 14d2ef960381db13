"""What if somebody changes the champion by hand while a run decides? It is compared with the new one, or it is held."""

import pytest

from faults.conftest import Fresh
from faults.yard import SPEC, Yard
from left_open import as_it_was, forged
from retrain.pipeline.audit import audit
from retrain.pipeline.claim import Tell
from retrain.pipeline.retrain import RunResult, retrain
from retrain.pipeline.reviewing import waiting
from retrain.pipeline.rollback import promote
from retrain.store.events import Ended, Trained
from shop import Shop

AGAIN = "the champion changed meanwhile: comparing again"


@pytest.fixture
def yard(first_folder: Fresh) -> Yard:
    return first_folder()


def under(yard: Yard, promotion: str) -> None:
    Shop(root=yard.root).spec(SPEC.replace("promotion: {", f"promotion: {{{promotion}, "))


def run_while(yard: Yard, version: str, told: list[str]) -> RunResult:
    """A run; once its gate has spoken for the first time, a version is made champion by hand."""

    def meddle(_stage: str, sentence: str) -> None:
        told.append(sentence)
        if sentence.startswith("the gate says") and sum(one.startswith("the gate says") for one in told) == 1:
            events = (entry.event for entry in yard.site().ledger.backwards())
            mine = next(event.version for event in events if isinstance(event, Trained))
            promote(yard.site(), version or mine, reason="I could not wait")

    tell: Tell = meddle
    return retrain(yard.site(), cause="manual", reason="while someone meddles", tell=tell)


def ended(yard: Yard) -> Ended:
    newest = yard.site().ledger.newest()
    assert newest is not None
    assert isinstance(newest.event, Ended)
    return newest.event


def test_what_would_wait_is_compared_with_the_champion_of_now_before_it_does(yard: Yard) -> None:
    under(yard, "review: {required: always}")
    told: list[str] = []
    result = run_while(yard, yard.names["other"], told)
    assert (result.outcome, told.count(AGAIN)) == ("inconclusive", 1)
    assert [one for one in told if one.startswith("the gate says")] == [
        f"the gate says inconclusive for version {str(result.version)[:12]}"
    ] * 2
    state = yard.site().ledger.state()
    assert state.pending is not None
    assert (state.pending.challenger, state.pending.champion) == (result.version, yard.names["other"])
    assert result.comparison is not None
    assert result.comparison.champion_version == yard.names["other"]
    assert waiting(yard.site()).champion == yard.names["other"], "people are asked about these two"
    assert [entry.event.kind for entry in yard.site().ledger.entries()].count("ended") == 1
    assert state.heldout.decisions == 1, "what was shown of another champion decided nothing"
    assert audit(yard.site()).findings == ()


def test_what_is_held_is_held_whoever_is_champion(yard: Yard) -> None:
    under(yard, "max_size_mb: 1e-9")
    told: list[str] = []
    result = run_while(yard, yard.names["other"], told)
    assert (result.outcome, AGAIN in told) == ("held", False)
    assert ended(yard).waits_for == ()
    assert yard.champions()[0] == yard.names["other"]
    assert audit(yard.site()).findings == ()


def test_a_challenger_that_would_wait_and_was_made_champion_by_hand_waits_for_nothing(yard: Yard) -> None:
    under(yard, "review: {required: always}")
    told: list[str] = []
    result = run_while(yard, "", told)
    assert (result.outcome, result.reasons) == ("held", ("it was made champion by hand meanwhile",))
    assert AGAIN not in told, "against itself there is nothing to show"
    state = yard.site().ledger.state()
    assert (state.pending, state.claim) == (None, None)
    assert yard.champions()[0] == result.version
    seen = ended(yard)
    assert seen.decided is not None
    assert (seen.waits_for, seen.decided.waiting) == ((), 0.0)
    assert audit(yard.site()).findings == ()
    newest = yard.site().ledger.newest()
    assert newest is not None
    # As the entry was written before it named its evidence.
    shop = Shop(root=yard.root, now=yard.now)
    forged(shop, newest.number, lambda entry: as_it_was(entry).model_copy(update={"evidence": {}}))
    assert audit(yard.site()).findings == ()
