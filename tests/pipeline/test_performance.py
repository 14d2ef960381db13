"""What does a check say of the champion's accuracy, and what does a generator get?"""

import json

import pytest

from retrain.drift.performance.sentences import told
from retrain.errors import SpecError
from retrain.pipeline.check import check
from retrain.pipeline.retrain import retrain
from retrain.store.events import Checked
from shop import DAY, LATE, SPEC, START, Messages, Shop

ROWS = 150


def test_labels_of_reference_and_window_are_told_as_an_estimate_and_a_count(shop: Shop, messages: Messages) -> None:
    ids: list[str] = []
    for day in range(3):
        rows = messages("base", day * ROWS, ROWS)
        ids = shop.day(day, rows)
        some = range(0, ROWS, 2)
        shop.now = START + (day + 1) * DAY + LATE
        wrong = {row for row in some if row % 10 == 0}
        shop.label([ids[row] for row in some], ["other" if row in wrong else rows[row]["label"] for row in some])
    with (shop.root / "labels" / "people.jsonl").open("a") as stream:
        line = {"id": ids[1], "label": "nonsense", "labelled_at": shop.now.isoformat(), "labeller": "model:judge"}
        stream.write(json.dumps(line) + "\n")
    result = check(shop.site())
    assert result.performance is not None
    labelled, estimated = result.performance.labelled, result.performance.estimated
    assert (labelled.rows, labelled.value) == (75, 60 / 75), "what a model labelled is no truth"
    assert estimated.source == "150 labelled rows of the reference"
    assert estimated.low is not None
    assert estimated.high is not None
    assert estimated.low <= 0.8 <= estimated.high
    entry = shop.site().ledger.newest()
    assert entry is not None
    assert isinstance(entry.event, Checked)
    assert entry.event.performance == result.performance == entry.state.last_check.performance  # type: ignore[union-attr]
    assert "no proof" in told(result.performance)[0]


@pytest.mark.model
def test_the_held_out_rows_of_the_evaluation_are_what_an_estimate_rests_on(
    running_shop: Shop, messages: Messages
) -> None:
    shop = running_shop
    for day in range(3):
        shop.day(day, messages("base", day * ROWS, ROWS))
    shop.now = START + 3 * DAY + LATE
    result = check(shop.site())
    assert result.performance is not None
    assert (result.performance.estimated.reason or "").endswith("held-out rows of the champion's evaluation)")
    assert result.performance.expected is not None


def test_without_labels_both_are_unknown_and_say_why(shop: Shop, messages: Messages) -> None:
    for day in range(3):
        shop.day(day, messages("base", day * ROWS, ROWS))
    shop.now = START + 3 * DAY + LATE
    result = check(shop.site())
    assert result.performance is not None
    assert result.performance.estimated.reason == "no answers of this champion whose truth is known"
    assert result.performance.labelled.reason == f"none of {ROWS} rows has a label yet"


def test_a_generator_is_watched_and_its_retraining_refused(shop: Shop, messages: Messages) -> None:
    pytest.importorskip("py3langid")
    shop.spec(SPEC.replace("model: shop", "model: shop\ntask: generation"))
    for day in range(3):
        rows = [
            {**m, "label": f"Your request about {m['text']} was passed on"} for m in messages("base", day * ROWS, ROWS)
        ]
        shop.day(day, rows)
    shop.now = START + 3 * DAY + LATE
    result = check(shop.site())
    names = {signal.signal for signal in result.signals}
    assert "output.length" in names
    assert "output.labels" not in names
    refused = retrain(shop.site(), cause="manual", reason="a try")
    assert refused.outcome == "refused"
    assert "training one and comparing two are not built yet" in refused.reasons[0]
    assert shop.site().ledger.state().claim is None


def test_a_signal_that_does_not_exist_is_refused_with_its_line_and_the_near_miss(shop: Shop) -> None:
    inline = "drift: {reference_rows: 300, rule: windows}"
    assert inline in SPEC
    shop.spec(SPEC.replace(inline, "drift:\n  rule: windows\n  signals:\n    input.lenght: false"))
    with pytest.raises(
        SpecError, match=r"shop\.yaml:\d+: unknown signal 'input\.lenght'; did you mean 'input\.length'\?"
    ):
        shop.site()
