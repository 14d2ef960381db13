"""Does the report name what changed, and nothing else?"""

import numpy as np
import polars as pl
import pytest
from benchmarks.clinc import Traffic

from retrain.drift.attribution.quoting import QUOTED_CHARS
from retrain.drift.attribution.sentences import told
from retrain.drift.attribution.shares import bounds, how_clustered, level_of
from retrain.drift.check import examine
from retrain.drift.page import summary
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import build_reference
from retrain.drift.report import Segment
from retrain.production.window import Window
from retrain.store.judged import Fairness, GroupGap

from .conftest import MakeWindow

POLICY = DriftPolicy()


def changes(reference: Window, current: Window, policy: DriftPolicy = POLICY) -> dict[str, list[Segment]]:
    found: dict[str, list[Segment]] = {}
    for segment in examine(current, build_reference(reference, policy), policy, model="m").segments:
        if segment.sure:
            found.setdefault(segment.what, []).append(segment)
    return found


def test_a_label_that_grew_and_one_that_fell_are_named_with_their_shares(make_window: MakeWindow) -> None:
    texts = ["where is my card"] * 400
    before, after = ["a", "b", "c", "d"] * 100, ["a"] * 200 + ["c", "d"] * 100
    named = {
        change.name: change
        for change in changes(make_window(texts, output=before), make_window(texts, output=after))["label"]
    }
    assert set(named) == {"a", "b"}
    assert (named["a"].reference_share, named["a"].current_share) == (0.25, 0.5)
    assert (named["b"].current_share, named["b"].examples) == (0.0, ())


def test_a_new_word_is_named_with_texts_that_have_it(make_window: MakeWindow) -> None:
    usual = [f"please check order {word}" for word in ("now", "today", "soon", "again") * 100]
    found = changes(make_window(usual), make_window(usual[:280] + [f"crypto wallet {n}" for n in range(20)]))["term"]
    assert {segment.name for segment in found} <= {"crypto", "wallet"}
    assert all(len(segment.examples) == POLICY.examples_in_reports for segment in found)
    assert all("crypto" in text for segment in found for text in segment.examples)


def test_a_group_is_named_with_its_attribute(make_window: MakeWindow) -> None:
    texts = ["where is my card"] * 400
    before = make_window(texts, group_channel=["app", "web"] * 200)
    after = make_window(texts, group_channel=["app"] * 399 + [None])
    assert {change.name for change in changes(before, after)["group"]} == {"channel=app", "channel=web"}


def test_rows_like_nothing_known_are_quoted_the_strangest_first(traffic: Traffic) -> None:
    order = traffic.order(burst=1, seed=8)
    current = traffic.window(order[2_000:2_300], outside=0.3)
    change = changes(traffic.window(order[:2_000]), current)["unfamiliar"][0]
    strangest = current.rows.sort("entropy", descending=True, maintain_order=True)["input"].to_list()
    assert change.reference_share == pytest.approx(0.05)
    assert change.current_share > 0.08
    assert change.examples[0] == strangest[0]


@pytest.mark.parametrize("burst", [1, 3])
def test_little_is_named_in_quiet_windows_even_when_rows_come_in_bursts(traffic: Traffic, burst: int) -> None:
    order = traffic.order(burst=burst, seed=9)
    reference = traffic.window(order[:1_000])
    windows = [traffic.window(order[start : start + 300]) for start in range(1_000, 5_500, 300)]
    # 15 windows with three kinds each, a kind named falsely in 1 % of them: more than 3 once in 1,000 times.
    assert sum(len(changes(reference, window)) for window in windows) <= 3


def test_no_text_is_quoted_when_the_policy_says_so_and_none_in_full_length(make_window: MakeWindow) -> None:
    usual = make_window(["please check my order"] * 400)
    current = make_window(["crypto " * 100] * 100)
    assert all(
        not c.examples for kind in changes(usual, current, DriftPolicy(examples_in_reports=0)).values() for c in kind
    )
    assert {len(text) for c in changes(usual, current)["term"] for text in c.examples} == {QUOTED_CHARS}


def test_a_window_that_lost_its_labels_column_type_is_still_explained(make_window: MakeWindow) -> None:
    window = make_window(["where is my card"] * 300)
    typed = Window(start=window.start, end=window.end, total=300, rows=window.rows.with_columns(group_x=pl.lit(None)))
    assert changes(typed, typed) == {}


@pytest.mark.parametrize("burst", [1, 3])
def test_the_bounds_of_a_difference_hold_the_truth_as_often_as_they_say_even_in_bursts(burst: int) -> None:
    misses = 0
    for seed in range(200):
        draws = np.random.default_rng(seed)
        old, new = (
            np.repeat(draws.random(-(-rows // burst)) < share, burst)[:rows, None].astype(np.float32)
            for rows, share in ((1_000, 0.1), (300, 0.2))
        )
        alike = how_clustered(old, len(new), POLICY.calibration_blocks)
        low, high = bounds(old, new, float(alike[0]), level=level_of(1, 1))
        misses += not low <= 0.1 <= high
    # 10 are to be expected; more than 20 once in a thousand times.
    assert misses <= 20


EVIL = "</script><script>alert(1)</script> me@example.org"


def test_what_a_pattern_matches_is_nowhere_in_the_report(make_window: MakeWindow) -> None:
    policy = DriftPolicy(redact=(r"\S+@\S+", r"\d{4,}"))
    usual = [f"please check order {word}" for word in ("now", "today", "soon", "again") * 100]
    new = [f"crypto wallet jane@example.org {10_000 + n}" for n in range(60)]
    before = make_window(usual, output=["a", "b"] * 200, group_who=["x", "kim@c.de"] * 200)
    after = make_window(
        usual[:240] + new, output=["a"] * 240 + ["b@c.de"] * 60, group_who=["x", "kim@c.de"] * 120 + ["z@c.de"] * 60
    )
    report = examine(after, build_reference(before, policy), policy, model="m")
    assert any("[redacted]" in text for segment in report.segments for text in segment.examples)
    said = report.canonical().decode() + " ".join(told(report.model_copy(update={"state": "alarm"})))
    assert "crypto" in said
    assert "group.who=[redacted]" in {score.signal for score in report.scores}
    assert not [word for word in ("jane", "kim", "example.org", "@", "10000", "10059") if word in said]


def test_nothing_of_a_text_is_named_where_no_examples_are_wanted(make_window: MakeWindow) -> None:
    policy = DriftPolicy(examples_in_reports=0)
    usual = [f"please check order {word}" for word in ("now", "today", "soon", "again") * 100]
    after = make_window(usual[:240] + [f"crypto wallet {n}" for n in range(60)])
    report = examine(after, build_reference(make_window(usual), policy), policy, model="m")
    assert any(segment.sure for segment in report.segments)
    assert b"crypto" not in report.canonical()


@pytest.mark.parametrize(("pattern", "why"), [("[a-", "no regular expression"), ("x*", "empty text")])
def test_a_bad_pattern_is_refused_with_a_sentence(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        DriftPolicy(redact=(pattern,))


def test_the_same_rows_give_the_same_bytes(make_window: MakeWindow) -> None:
    usual = [f"please check order {word}" for word in ("now", "today", "soon", "again") * 100]
    before, after = make_window(usual), make_window(usual[:240] + [f"crypto wallet {n}" for n in range(60)])
    seen = [examine(after, build_reference(before, POLICY), POLICY, model="m").canonical() for _ in range(2)]
    assert seen[0] == seen[1]


def test_markup_in_names_of_labels_groups_and_words_is_text_on_the_page(make_window: MakeWindow) -> None:
    usual = [f"please check order {word}" for word in ("now", "today", "soon", "again") * 100]
    before = make_window(usual, output=["a", "b"] * 200, group_who=["x", "y"] * 200)
    after = make_window(
        usual[:240] + [EVIL] * 60,
        output=["a"] * 240 + [EVIL] * 60,
        group_who=["x"] * 240 + [f"<b onclick=x>{EVIL}"] * 60,
    )
    report = examine(after, build_reference(before, POLICY), POLICY, model=EVIL)
    gap = GroupGap(group=f"who=<b onclick=x>{EVIL}", outcome=f"label {EVIL}", rows=9, state="not_enough_evidence")
    groups = Fairness(state="not_enough_evidence", limit=0.1, gaps=(gap,), watched=1, open=1)
    page = summary(report.model_copy(update={"state": "alarm", "fairness": groups}))
    assert {"label", "group"} <= {segment.what for segment in report.segments}
    assert "<script" not in page
    assert "<b onclick" not in page
    assert page.count("<svg") >= 2
    assert "&lt;script&gt;" in page


def test_one_row_an_empty_window_and_a_burst_of_one_text_are_explained_without_a_crash(make_window: MakeWindow) -> None:
    reference = build_reference(make_window([f"text {row}" for row in range(300)]), POLICY)
    for texts in ([], ["text 1"], ["again and again"] * 1_000):
        report = examine(make_window(texts), reference, POLICY, model="m")
        assert (report.kind is None) == (not texts)
    assert report.kind == "broken data"
