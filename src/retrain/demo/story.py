"""What does a year of unattended care look like, in nine weeks and a few minutes? The whole loop on the example."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from retrain.demo.corpus import Corpus, load_corpus
from retrain.demo.scene import MODEL, StoryClock, demo_settings, demo_site, lay_out, write_labels
from retrain.demo.traffic import WEEK, Arrival, Traffic
from retrain.pipeline.champion import ChampionWatch, ServedChampion
from retrain.pipeline.check import CheckResult, check
from retrain.pipeline.retrain import RunResult, retrain
from retrain.production.logger import PredictionLogger
from retrain.store.state import Cause
from retrain.values import short

if TYPE_CHECKING:
    from retrain.training.classify_torch import Classifier

SEED = 20
PLAN = (0.0, 0.0, 0.0, 0.0, 0.85, 1.0, 1.0, 1.0, 1.0)
"""Drift of each week of traffic: two for the reference, two quiet, two drifting, and the new normal."""
A_LITTLE_LATER = timedelta(minutes=30)

Narrate = Callable[[str, str], None]
"""Takes an act (`train`, `serve`, `check`, `alarm`, ...) and a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One week as the picture shows it."""

    number: int
    start: datetime
    drift: float
    version: str
    accuracy: float
    """Of the served answers, against what the messages really were about."""
    check: CheckResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A mark on the picture's time line."""

    at: datetime
    what: str


@dataclass(slots=True)
class Story:
    """All that happened."""

    root: Path
    weeks: list[Week] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    runs: list[RunResult] = field(default_factory=list)
    alarm: CheckResult | None = None
    alarm_entry: int = 1
    """Its number in the ledger."""


class Teller:
    """Plays the story: customers write, the champion answers, the checks look, and what is due is done."""

    def __init__(self, root: Path, narrate: Narrate, start: datetime) -> None:
        self._corpus: Corpus = load_corpus(SEED)
        lay_out(root, self._corpus.standing)
        self._clock = StoryClock(now=start)
        self._site = demo_site(root, self._clock)
        self._traffic = Traffic(self._corpus, SEED)
        self._narrate = narrate
        self._watch = ChampionWatch(MODEL, demo_settings(root), refresh_seconds=0)
        self._serving: tuple[ServedChampion, Classifier] | None = None
        self._next_week = start
        self.story = Story(root=root)

    def tell(self) -> Story:
        """The whole of it."""
        self._narrate("train", f"first champion, from {len(self._corpus.standing)} labelled messages")
        self._retrain("manual", "first champion")
        for number, drift in enumerate(PLAN, start=1):
            if drift and not PLAN[number - 2]:
                self._narrate("drift", "customers begin to ask about two new services, and to dictate their messages")
            self._week(number, drift)
        return self.story

    def _week(self, number: int, drift: float) -> None:
        start = self._next_week
        arrivals = self._traffic.week(start, drift=drift)
        ids, accuracy = self._serve(arrivals)
        # The check runs a little after the week, when a logger has written everything.
        self._next_week = start + WEEK
        self._clock.now = self._next_week + A_LITTLE_LATER
        result = check(self._site)
        version = short(self._champion()[0].version)
        self.story.weeks.append(
            Week(number=number, start=start, drift=drift, version=version, accuracy=accuracy, check=result)
        )
        self._narrate("check", f"week {number}: {_summary(result)}, accuracy {accuracy:.3f} (known only in this story)")
        self._label(arrivals, ids, result)

    def _label(self, arrivals: list[Arrival], ids: list[str], result: CheckResult) -> None:
        """People label what came in since the scores first rose; the alarm then finds the labels it needs."""
        if result.state not in ("warning", "alarm"):
            return
        labels = [(row, arrival.message.label) for row, arrival in zip(ids, arrivals, strict=True)]
        count = write_labels(self.story.root, labels, self._clock.now)
        self._narrate("labels", f"people label the {count} messages of that week")
        self.story.happenings.append(Happening(at=self._clock.now, what=f"{count} labels"))
        if result.retrain and result.cause == "drift":
            self.story.alarm = result
            newest = self._site.ledger.newest()
            self.story.alarm_entry = newest.number if newest else 1
            self.story.happenings.append(Happening(at=self._clock.now, what="alarm"))
            for reason in result.reasons:
                self._narrate("alarm", reason)
            self._retrain("drift", "; ".join(result.reasons))

    def _retrain(self, cause: Cause, reason: str) -> None:
        result = retrain(self._site, cause=cause, reason=reason, tell=self._narrate)
        self.story.runs.append(result)
        self.story.happenings.append(Happening(at=self._clock.now, what=result.outcome))
        if result.outcome == "promoted":
            # Another model answers from this moment on: its weeks, and its drift reference, are counted from here.
            self._next_week = self._clock.now
        if result.comparison:
            low, high = result.comparison.difference.low, result.comparison.difference.high
            self._narrate("gate", f"{result.outcome}: challenger minus champion between {low:+.3f} and {high:+.3f}")

    def _serve(self, arrivals: list[Arrival]) -> tuple[list[str], float]:
        """Answer a week of messages as a server would: ask for the champion, predict, log."""
        served, classifier = self._champion()
        texts = [arrival.message.text for arrival in arrivals]
        scores = classifier.scores(texts)
        ids = []
        with PredictionLogger(self.story.root / "log", model_version=served.version, clock=self._clock) as log:
            for arrival, row in zip(arrivals, scores, strict=True):
                best = int(row.argmax())
                ids.append(
                    log.log(
                        timestamp=arrival.at,
                        input=arrival.message.text,
                        output=classifier.labels[best],
                        confidence=float(row[best]),
                        scores=dict(zip(classifier.labels, row.tolist(), strict=True)),
                        groups={"channel": arrival.message.channel},
                    )
                )
        right = [
            classifier.labels[int(row.argmax())] == a.message.label for a, row in zip(arrivals, scores, strict=True)
        ]
        return ids, sum(right) / len(right)

    def _champion(self) -> "tuple[ServedChampion, Classifier]":
        """The version in service; loaded anew only after a promotion."""
        served = self._watch.get()
        if self._serving is None or self._serving[0].version != served.version:
            self._serving = (served, served.load())
            self._narrate("serve", f"version {short(served.version)} answers")
        return self._serving


def _summary(result: CheckResult) -> str:
    drifted = [signal.signal for signal in result.signals if signal.drifted]
    return f"{result.state.replace('_', ' ')}" + (f" ({', '.join(drifted)})" if drifted else "")
