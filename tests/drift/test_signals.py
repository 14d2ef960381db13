"""Does each signal see what its name says, and nothing else?"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from benchmarks.clinc import window_of
from hypothesis import given, settings
from hypothesis import strategies as st

from retrain.drift.calibration import METHODS, threshold
from retrain.drift.check import score
from retrain.drift.classifier import told_apart, whitened
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import ABOUT, build_reference, from_files, to_files
from retrain.drift.report import DriftReport
from retrain.drift.signals.every import EVERY
from retrain.drift.signals.groups import MIN_GROUP_REFERENCE, MOST_GROUPS
from retrain.drift.signals.outputs import SCORES_MISSING
from retrain.drift.statistics import between
from retrain.drift.watched import GROUPS, NAMES, NUMBERS, Task, watched
from retrain.production.window import SCORES, Window

POLICY = DriftPolicy()
WORDS = ("card", "order", "refund", "parcel", "invoice", "login", "price", "coupon", "address", "delay")


def only(*names: str) -> DriftPolicy:
    return DriftPolicy(signals={name: name in names for name in NAMES})


def texts(rows: int, seed: int = 0) -> list[str]:
    draws = np.random.default_rng(seed)
    return [" ".join(draws.choice(WORDS, 4)) + f" {draws.integers(1_000_000)}" for _ in range(rows)]


def compared(reference: Window, window: Window, policy: DriftPolicy) -> DriftReport:
    return score(window, build_reference(reference, policy), policy, model="m")


def scored(reports: DriftReport, name: str) -> bool:
    return next(one for one in reports.scores if one.signal == name).drifted


def test_every_name_is_measured_and_every_measure_has_a_name() -> None:
    assert (*EVERY, GROUPS, NUMBERS) == NAMES


@pytest.mark.parametrize(
    ("task", "on", "off"),
    [
        ("classification", ("output.labels", "output.probabilities", "performance.estimated"), ("output.language",)),
        ("generation", ("output.length", "output.refusals"), ("output.labels", "performance.estimated")),
    ],
)
def test_what_is_on_fits_the_task_unless_the_spec_says_otherwise(
    task: Task, on: Sequence[str], off: Sequence[str]
) -> None:
    assert set(on) <= watched(task, {}) <= set(NAMES) - set(off)
    assert watched(task, dict.fromkeys(on, False) | dict.fromkeys(off, True)).isdisjoint(on)
    assert set(off) <= watched(task, dict.fromkeys(off, True))
    of_task = DriftPolicy(signals={on[0]: False}).of_task(task)
    assert of_task.watched == watched(task, {on[0]: False})
    assert set(of_task.signals) == set(NAMES)


def test_a_signal_that_is_off_is_neither_scored_nor_explained() -> None:
    report = compared(window_of(texts(200)), window_of(texts(100, 1)), only("input.tokens", "input.script"))
    assert {one.signal for one in report.scores} | set(report.not_watched) == {"input.tokens", "input.script"}


def test_a_classifier_is_at_chance_on_rows_that_do_not_differ_and_in_bursts() -> None:
    draws = np.random.default_rng(3)
    found = []
    for length in (1, 3):
        rows = np.repeat(draws.normal(size=(2_000 // length + 1, 40)), length, axis=0)[:2_000].astype(np.float32)
        features = whitened(rows, like=rows[:1_000])
        found += [
            between(told_apart, features[:1_000], features[start : start + 200]) for start in range(1_000, 2_000, 200)
        ]
    # Fitted and asked about the same rows, a classifier of 40 numbers would seem to tell 200 of 1,200 rows apart.
    assert abs(np.mean(found)) < 0.05


def test_a_classifier_finds_a_shift_that_no_mean_of_one_column_shows() -> None:
    draws = np.random.default_rng(4)
    old, new = (draws.normal(size=(rows, 30)).astype(np.float32) for rows in (1_500, 400))
    features = whitened(old, like=old), whitened(new + np.float32(0.2), like=old)
    limit = threshold(METHODS["domain_classifier"], features[0], current_rows=400, rate=0.001, draws=300)
    assert between(told_apart, *features) > limit > between(told_apart, features[0], whitened(new, like=old))
    assert between(told_apart, features[0], features[1][:1]) == 0, "one row has no second fold to be asked about"


def given_scores(rows: int, pairs: Sequence[tuple[str, str]], seed: int) -> Window:
    """Rows with a sure label and one that is always nearly as likely; only the second differs between pairs."""
    draws = np.random.default_rng(seed)
    chosen = [pairs[int(draws.integers(len(pairs)))] for _ in range(rows)]
    sure = draws.uniform(0.6, 0.7, rows)
    scores = [
        [{"label": first, "probability": p}, {"label": second, "probability": 1 - p}]
        for (first, second), p in zip(chosen, sure, strict=True)
    ]
    frame = window_of(texts(rows, seed), output=[first for first, _ in chosen], confidence=sure).rows
    return replace(window_of([]), rows=frame.with_columns(pl.Series("scores", scores, dtype=SCORES)), total=rows)


def test_probabilities_see_what_labels_and_confidence_do_not() -> None:
    policy = only("output.labels", "output.confidence", "output.probabilities")
    reference = given_scores(1_000, [("a", "c"), ("b", "d")], 1)
    quiet = compared(reference, given_scores(300, [("a", "c"), ("b", "d")], 2), policy)
    crossed = compared(reference, given_scores(300, [("a", "d"), ("b", "c")], 2), policy)
    assert quiet.drifted == ()
    assert crossed.drifted == ("output.probabilities",)


def test_many_labels_that_are_frequent_by_chance_are_no_drift() -> None:
    labels = [(f"intent {n}", f"intent {n + 1}") for n in range(200)]
    reference = build_reference(given_scores(1_500, labels, 1), only("output.probabilities"))
    windows = [given_scores(300, labels, 10 + seed) for seed in range(10)]
    reports = [score(window, reference, only("output.probabilities"), model="m") for window in windows]
    assert sum(bool(report.drifted) for report in reports) <= 1


def test_a_reference_of_an_older_version_is_read_and_its_new_signals_are_explained() -> None:
    reference = build_reference(given_scores(300, [("a", "c"), ("b", "d")], 1), POLICY)
    files = to_files(reference)
    old = from_files({**files, ABOUT: files[ABOUT].replace(b'"broken":0,"broken_at":[],', b"")})
    old = replace(old, seen=replace(old.seen, rows=old.seen.rows.drop("scores")))
    assert old.seen.broken is None
    report = score(given_scores(200, [("a", "c"), ("b", "d")], 2), old, POLICY, model="m")
    assert report.not_watched["output.probabilities"] == SCORES_MISSING.format("reference")
    assert report.not_watched["quality.broken"] == "the reference was stored without the times of its broken rows"


def test_a_change_in_one_group_is_found_where_all_answers_together_hide_it() -> None:
    draws = np.random.default_rng(5)

    def window(rows: int, small: Sequence[str]) -> Window:
        channel = draws.choice(["web", "app"], rows, p=[0.85, 0.15])
        output = [str(draws.choice(small if c == "app" else ["a", "b"])) for c in channel]
        return window_of(texts(rows), output=output, group_channel=channel.tolist())

    report = compared(
        window(2_000, ["a", "b"]), window(1_500, ["a", "a", "a", "a", "b"]), only("output.labels", GROUPS)
    )
    assert report.drifted == ("group.channel=app",)
    assert {one.signal for one in report.scores} == {"output.labels", "group.channel=app", "group.channel=web"}


def test_groups_are_bounded_in_number_and_small_ones_are_left_out() -> None:
    rows = 3 * MOST_GROUPS * MIN_GROUP_REFERENCE
    names = [f"v{row % (2 * MOST_GROUPS)}" for row in range(rows)]
    names[: MIN_GROUP_REFERENCE - 1] = ["rare"] * (MIN_GROUP_REFERENCE - 1)
    outputs = ["a" if row % 3 else "b" for row in range(rows)]
    whole = window_of(texts(rows), output=outputs, group_x=names)
    report = compared(whole, replace(whole, rows=whole.rows.head(100), total=100), replaced_rows(only(GROUPS)))
    found = {one.signal for one in report.scores} | set(report.not_watched)
    assert len(found) == MOST_GROUPS
    assert "group.x=rare" not in found
    assert all("30 needed" in reason for reason in report.not_watched.values())


def replaced_rows(policy: DriftPolicy) -> DriftPolicy:
    return policy.model_copy(update={"max_rows": 20_000})


QUALITY = only("quality.broken", "quality.nulls", "quality.duplicates", "quality.encoding")


@pytest.mark.parametrize("what", ["quality.nulls", "quality.duplicates", "quality.encoding", "quality.broken"])
def test_damaged_data_is_seen_as_what_it_is(what: str) -> None:
    sure = list(np.random.default_rng(6).uniform(0.5, 1, 300))
    good = window_of(texts(1_000), confidence=[0.9 - row % 7 / 100 for row in range(1_000)])
    said: list[float | None] = [None if what == "quality.nulls" and row % 5 == 0 else sure[row] for row in range(300)]
    inputs = [
        "cafÃ©" + text if what == "quality.encoding" and row % 5 == 0 else text
        for row, text in enumerate(texts(300, 8))
    ]
    if what == "quality.duplicates":
        inputs = [inputs[row // 2] for row in range(300)]
    window = window_of(inputs, confidence=said)
    if what == "quality.broken":
        at = window.rows["timestamp"].dt.epoch("us").to_list()[::5]
        window = replace(window, quarantined={"not JSON": len(at)}, broken_at=tuple(at))
    assert compared(good, window, QUALITY).drifted == (what,)
    assert compared(good, window_of(texts(300, 8), confidence=sure), QUALITY).drifted == ()


def test_thinned_broken_rows_keep_their_share() -> None:
    good = window_of(texts(1_000))
    stamps = good.rows["timestamp"].dt.epoch("us").to_list()
    many = replace(good, total=10_000, quarantined={"not JSON": 5_000}, broken_at=tuple(stamps[::4]))
    report = compared(many, many, QUALITY)
    assert next(one for one in report.scores if one.signal == "quality.broken").value == pytest.approx(0, abs=1e-9)
    assert scored(compared(good, many, QUALITY), "quality.broken")
    found = next(one for one in compared(good, many, QUALITY).scores if one.signal == "quality.broken").value
    assert found == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("output.length", lambda text: text + " and so on and so forth" * 3),
        ("output.refusals", lambda text: "I'm sorry, I can't help with " + text[:12]),
        ("output.repetition", lambda text: "go on now " * 5),
    ],
)
def test_what_a_generator_writes_is_watched(name: str, changed: object) -> None:
    assert callable(changed)
    answers = texts(1_300, 9)
    answers[::40] = ["I'm sorry, no " + text for text in answers[::40]]
    reference = window_of(texts(1_000), output=answers[:1_000])
    after = [changed(text) if row % 3 == 0 else text for row, text in enumerate(answers[1_000:])]
    assert scored(compared(reference, window_of(texts(300, 2), output=after), only(name)), name)
    assert not scored(compared(reference, window_of(texts(300, 2), output=answers[1_000:]), only(name)), name)


def test_another_language_is_seen() -> None:
    pytest.importorskip("py3langid")
    english, german = "Your parcel will arrive tomorrow morning", "Ihr Paket wird morgen früh geliefert werden"
    reference = window_of(texts(500), output=[f"{english} {row}" for row in range(500)])
    mixed = [german if row % 5 == 0 else english for row in range(200)]
    assert scored(compared(reference, window_of(texts(200), output=mixed), only("output.language")), "output.language")


ODD = st.sampled_from(["", " ", "a", "卡", "\ufffd", "I'm sorry", "x" * 5_000, "cafÃ©", "🙂🙂", "1 2 3 1 2 3 1 2 3"])
MAYBE = st.sampled_from([None, float("nan"), 0.0, 0.5, 1.0])


@st.composite
def windows(draw: st.DrawFn) -> Window:
    rows = draw(st.integers(0, 40))
    some = st.lists(ODD, min_size=rows, max_size=rows)
    numbers = st.lists(MAYBE, min_size=rows, max_size=rows)
    scores = st.lists(
        st.sampled_from([None, [], [{"label": "a", "probability": 1.0}], [{"label": "new", "probability": 0.5}]]),
        min_size=rows,
        max_size=rows,
    )
    window = window_of(
        draw(some),
        output=draw(some),
        confidence=draw(numbers),
        entropy=draw(numbers),
        group_x=draw(some),
        label=draw(some),
    )
    frame = window.rows.with_columns(
        pl.Series("scores", draw(scores), dtype=SCORES), label=pl.col("label").cast(pl.String)
    )
    return replace(window, rows=frame, quarantined={"not JSON": draw(st.integers(0, 9))})


EVERYTHING = DriftPolicy(
    signals={**dict.fromkeys(NAMES, True), "output.language": False}, calibration_blocks=100, effect_floor=0.03
)


@settings(max_examples=20)
@given(windows(), windows())
def test_whatever_the_log_holds_each_signal_is_scored_or_explained(reference: Window, window: Window) -> None:
    if reference.rows.is_empty():
        return
    report = compared(reference, window, EVERYTHING)
    named = [*(one.signal for one in report.scores), *report.not_watched]
    assert len(named) == len(set(named))
    assert {name for name in named if not name.startswith(("group.", "number."))} == EVERYTHING.watched - {
        GROUPS,
        NUMBERS,
    }
    assert all(np.isfinite(one.value) and one.value >= 0 for one in report.scores)
    assert report.performance.estimated.reason


@settings(max_examples=15)
@given(st.sampled_from(["confidence", "entropy"]), st.sampled_from([0.5, float("nan"), None]))
def test_a_column_that_says_nothing_raises_nothing(column: str, value: float | None) -> None:
    sides = [window_of(texts(rows, seed), **{column: [value] * rows}) for rows, seed in ((400, 1), (200, 2))]
    report = compared(sides[0], sides[1], only(f"output.{column}"))
    assert report.drifted == ()
    assert f"output.{column}" in report.not_watched
