"""What can happen to a model of the story? Each becomes an entry of a real ledger, at a moment of its own."""

import hashlib
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from dashboards.draw.evidence import Judged, Pair, Terms, evaluation
from dashboards.draw.watching import drilled, said
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.probation import judge, tally
from retrain.promotion.spending import budget, decided
from retrain.promotion.waiting import awaited, labels_to_decide, waits_for
from retrain.store.events import (
    Checked,
    Claimed,
    Drilled,
    Ended,
    Event,
    Prepared,
    ProbationSeen,
    Promoted,
    Referenced,
    Reviewed,
    RolledBack,
    Spent,
    Trained,
)
from retrain.store.judged import CheckState, Signal
from retrain.store.ledger import Draft, Ledger
from retrain.store.probation import Terms as ProbationTerms
from retrain.store.protocol import Store
from retrain.store.shelf import Shelf
from retrain.store.state import Cause, Claim, State, Wait

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SIGNALS = {
    "input.length": ("ks", 0.09),
    "input.tokens": ("ks", 0.09),
    "input.non_letters": ("ks", 0.1),
    "input.unseen_words": ("ks", 0.12),
    "input.script": ("cramers_v", 0.06),
    "input.embedding": ("mmd", 0.02),
    "input.neighbours": ("tail_share", 0.14),
    "output.labels": ("cramers_v", 0.11),
    "output.confidence": ("rank_shift", 0.13),
    "output.entropy": ("tail_share", 0.15),
}
"""Each with its method, and about where it counts as drifted."""
MOVED = {"input.unseen_words", "input.embedding", "input.neighbours", "output.labels", "output.confidence"}
"""Those that a new topic moves; the others stay as they are."""
BUDGET = 12
TERMS = ProbationTerms(
    **{"days": 10, "min_labels": 100, "margin": 0.03, "confidence": 0.95, "look_labels": 20, "max_rows": 2000},
    **{"promised": 0.05, "promised_low": 0.02, "promised_high": 0.08},
)


@dataclass(slots=True)
class Life:
    """One model's ledger, and what is done to it."""

    store: Store
    model: str
    seed: int
    policy: PromotionPolicy = field(default_factory=PromotionPolicy)
    now: datetime = START
    noise: random.Random = field(init=False)
    ledger: Ledger = field(init=False)
    made: int = 0
    drifted: int = 0
    """Windows in a row."""
    begun: int = 0
    """Automatic retrains."""
    at_work: Claim = field(init=False)
    challenger: str = ""

    def __post_init__(self) -> None:
        self.noise = random.Random(self.seed)
        self.ledger = Ledger(self.store, self.model, lambda: self.now)

    def reference(self) -> None:
        """The champion has logged enough rows."""
        bundle = self._digest("reference")
        self._append(Referenced(reference=bundle, end=self.now - HOUR, rows=600), "the first whole windows")

    def check(self, drift: float, rows: int = 260, wait: Wait | None = None) -> None:
        """Judge the last day; `drift` is how far the topic has moved, 1 about the threshold."""
        signals = tuple(self._signal(name, drift) for name in SIGNALS)
        over = sum(signal.drifted for signal in signals)
        self.drifted = self.drifted + 1 if over else 0
        state: CheckState = "alarm" if self.drifted >= 2 else "warning" if over else "quiet"
        self._checked(state, signals, drift, rows, wait)

    def starve(self, rows: int) -> None:
        """Too few rows to judge."""
        self._checked("insufficient_data", (), 0.0, rows, None)

    def drill(self, alarms: int = 0) -> None:
        """The monitor is fed its own reference: a year of daily looks, with so many false alarms."""
        reference = self._state.reference
        assert reference is not None, "the story drills what has a reference"
        found = drilled(reference, self.now, alarms, self.noise)
        self._append(Drilled(drill=found, report=self._digest("drill")), "a week has passed")

    def prepare(self) -> None:
        """The run's snapshot is stored."""
        self._append(Prepared(claim=self.at_work.id, snapshot=self._digest("snapshot"), clean=2100), "2100 examples")

    def train(self) -> None:
        """The run's challenger is stored."""
        self.challenger = self.version()
        self._append(Trained(claim=self.at_work.id, version=self.challenger), "trained")

    def conclude(self, pair: Pair, hours: float) -> None:
        """The run's evaluation, and what came of it."""
        champion, claim, version = self._state.champion, self.at_work.id, self.challenger
        over = champion.version if champion else None
        seen = evaluation(self.store, self.model, (over, version), pair, self._terms(pair))
        verdict, cost = seen.decision.verdict, cost_of(hours)
        event: Event = self._left(seen, cost)
        if verdict == "promote":
            event = Promoted(
                claim=claim,
                version=version,
                over=over,
                snapshot=self._digest("snapshot"),
                cost=cost,
                evaluation=seen.digest,
                decided=decided(seen.report, waits=False),
                probation=TERMS if over else None,
            )
        self._append(event, f"the gate says {verdict}", {"evaluation": seen.digest, "version": version})
        self.drifted = 0

    def _terms(self, pair: Pair) -> Terms:
        spent = budget(self._state, pair.rows, self.policy, now=self.now, heldout_share=0.2)
        return Terms(policy=self.policy, budget=spent, seed=self.seed + self.made)

    def _left(self, seen: Judged, cost: Spent) -> Ended:
        """Held; or left open, and what is waited for then."""
        waits = waits_for(seen.decision, self.policy)
        labels = labels_to_decide(seen.report, self.policy)
        return Ended(
            claim=self.at_work.id,
            outcome="held" if seen.decision.verdict == "hold" else "inconclusive",
            challenger=self.challenger,
            cost=cost,
            evaluation=seen.digest,
            decided=decided(seen.report, waits="labels" in waits),
            waits_for=waits,
            awaited=awaited(waits, self.policy, labels) if waits else None,
        )

    def approve(self, who: str) -> None:
        """One person looks at the challenger that waits, and would have it."""
        left = self._state.pending
        assert left is not None, "the story reviews what waits"
        about = left.model_dump(include={"challenger", "champion", "evaluation"})
        self._append(Reviewed(**about, verdict="approve", reviewers=(who,), note="better"), "better")

    def look_again(self) -> None:
        """Labels came, and show the challenger that waits better."""
        left = self._state.pending
        assert left is not None, "the story looks at what waits"
        event = Promoted(
            claim=None,
            version=left.challenger,
            over=left.champion,
            snapshot=self._digest("snapshot"),
            evaluation=left.evaluation,
            by="pending",
            probation=TERMS,
        )
        self._append(event, "fresh rows decide", {"evaluation": left.evaluation, "version": left.challenger})
        self.drifted = 0

    def claim(self, cause: Cause, *, hours: float = 12) -> None:
        """A run begins, and holds the claim; or it goes on with what a dead one left."""
        dead = self._state.claim
        self.made += 1
        self.begun += cause != "manual" and dead is None
        self.at_work = Claim(
            id=self._digest("claim")[:32],
            cause=cause,
            reason="a quarter began" if cause == "schedule" else "drift" if cause == "drift" else "asked for",
            at=self.now,
            expires_at=self.now + timedelta(hours=hours),
            host="trainer-1",
            pid=4000 + self.made,
            process_start="1",
            attempt=2 if dead else 1,
        )
        self._append(Claimed(claim=self.at_work, took_over=dead.id if dead else None), self.at_work.reason)

    def end(self, outcome: Literal["refused", "failed"], missing: int = 0) -> None:
        """The run comes to no verdict."""
        self._append(Ended(claim=self.at_work.id, outcome=outcome, missing=missing), outcome)

    def promote(self) -> None:
        """A person makes a version champion."""
        champion = self._state.champion
        over = champion.version if champion else None
        self._append(
            Promoted(claim=None, version=self.version(), over=over, snapshot=self._digest("snapshot")), "a person did"
        )

    def prove(self, rows: int, won: int, lost: int) -> None:
        """Labels came, and its predecessor answered the same rows; or the time of its probation is over."""
        held = self._state.probation
        assert held is not None, "the story proves what is on probation"
        seen = tally(won, lost, rows, rows, held.terms.confidence)
        judged = judge(seen, held.terms, over=self.now >= held.ends_at)
        assert judged.state != "breach", "the story tells of one elsewhere"
        event = ProbationSeen(version=held.version, state=judged.state, tally=seen, missing=judged.missing)
        self._append(event, judged.reasons[0])

    def roll_back(self, reason: Literal["manual", "probation"]) -> None:
        """The predecessor is champion again."""
        state = self._state
        assert state.champion is not None, "the story has one by then"
        back = RolledBack(version=state.predecessors[-1].version, withdrawn=state.champion.version, reason=reason)
        self._append(back, "production contradicted the evidence" if reason == "probation" else "asked for")

    def version(self) -> str:
        """A stored version, of which only the card is real."""
        self.made += 1
        shelf = Shelf(self.store, f"models/{self.model}/versions", "version")
        return shelf.put({"card.md": f"# {self.model}, version {self.made}\n".encode()}, {"number": self.made})

    @property
    def _state(self) -> State:
        return self.ledger.state()

    def _signal(self, name: str, drift: float) -> Signal:
        method, threshold = SIGNALS[name]
        usual = abs(self.noise.gauss(0.42, 0.1))
        value = threshold * (usual + (drift * (0.8 + 0.4 * self.noise.random()) if name in MOVED else 0.0))
        return Signal(signal=name, method=method, value=value, threshold=threshold, drifted=value >= threshold)

    def _checked(
        self, state: CheckState, signals: tuple[Signal, ...], drift: float, rows: int, wait: Wait | None
    ) -> None:
        seen = max(int(self.noise.gauss(rows, rows / 9)), 8)
        broken = {"no input": self.noise.randint(0, max(rows // 40, 1))}
        shift = 0.02 + 0.12 * max(drift, 0.0)
        report = self._report(state)
        judged = said(drift, signals, rows=seen, noise=self.noise) if signals else {}
        event = Checked(
            start=self.now - DAY - HOUR,
            end=self.now - HOUR,
            rows=seen,
            state=state,
            signals=judged.pop("signals", ()),
            report=report,
            broken=broken,
            late=self.noise.randint(0, 6),
            retrain=state == "alarm" and wait is None,
            waiting=(wait,) if wait else (),
            moved={what: shift * (0.5 + self.noise.random()) for what in ("label", "group", "term", "unfamiliar")},
            budget_used=self.begun,
            budget_limit=BUDGET,
            unpromoted_limit=3,
            **judged,
        )
        self._append(event, state, {"check": report} if report else {})

    def _report(self, state: CheckState) -> str | None:
        if state == "insufficient_data":
            return None
        shelf = Shelf(self.store, f"models/{self.model}/checks/{self.now - HOUR:%Y-%m-%dT%H%M%SZ}", "check")
        return shelf.put({"report.html": f"<p>{self.model}: {state}</p>".encode()}, {"state": state})

    def _append(self, event: Event, reason: str, evidence: dict[str, str] | None = None) -> None:
        drafted = Draft(event=event, reasons=(reason,), actor="a story", evidence=evidence or {})
        assert self.ledger.append(lambda _: drafted) is not None, "the draft is never none"

    def _digest(self, what: str) -> str:
        return hashlib.sha256(f"{self.model} {what} {self.made}".encode()).hexdigest()


def cost_of(hours: float) -> Spent:
    shares = {"prepare": 0.06, "probe": 0.04, "tune": 0.45, "train": 0.3, "evaluate": 0.12, "other": 0.03}
    wall = hours * 3600
    return Spent(
        wall_seconds=wall,
        cpu_seconds=wall * 1.3,
        gpu_seconds=wall * 0.7,
        money=round(hours * 2.4, 2),
        currency="EUR",
        stages={stage: wall * share for stage, share in shares.items()},
    )
