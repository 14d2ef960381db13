"""Does production bear out what a champion was promoted on? Rules over counted rows: no clock, no file."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from retrain.evaluation.paired import lower_bound
from retrain.evaluation.power import rows_for_bound
from retrain.promotion.always import difference, worse
from retrain.promotion.words import about, percent, span
from retrain.store.probation import ProbationState, Tally, Terms
from retrain.values import Value

Reached = Literal["running", "confirmed", "not_enough_labels"]


class Answer(Value):
    """What both answered to one labelled row of production."""

    champion: str
    predecessor: str


class Replayed(Value):
    """What both answered so far, by the row's id; of inputs only digests, so that no text is kept beyond its log."""

    answers: dict[str, Answer] = Field(default_factory=dict)
    inputs: tuple[str, ...] = ()


class Judgement(Value):
    """How a probation stands after a look, and why."""

    state: ProbationState
    reasons: tuple[str, ...]
    missing: int
    """Labelled rows that would probably decide it, and are not there."""


def counted(replayed: Replayed, truth: Mapping[str, str], labels: int, terms: Terms) -> Tally:
    """The counts of a look, of the rows whose right answer is known; `labels` is how many there were in all."""
    rows = [(truth[row], said) for row, said in replayed.answers.items() if row in truth]
    won = sum(said.champion == right != said.predecessor for right, said in rows)
    lost = sum(said.predecessor == right != said.champion for right, said in rows)
    return tally(won, lost, len(rows), labels, terms.confidence)


def tally(won: int, lost: int, rows: int, labels: int, confidence: float) -> Tally:
    """The counts of a look, with what they show at all looks together."""
    low, high = difference(won, lost, rows, confidence)
    return Tally(rows=rows, won=won, lost=lost, labels=labels, low=low, high=high, worse=worse(won, lost))


def judge(seen: Tally, terms: Terms, *, over: bool) -> Judgement:
    """A breach at any look; confirmed, or not enough labels, when the time is `over`."""
    missing = 0 if confirms(seen, terms) else max(_needed(seen, terms) - seen.rows, 1)
    state: ProbationState = "running"
    if seen.worse >= 1.0 / (1.0 - terms.confidence):
        state, missing = "breach", 0
    elif over:
        state = "confirmed" if not missing else "not_enough_labels"
    return Judgement(
        state=state, reasons=(_verdict(state, seen, terms, missing), *_promise(seen, terms)), missing=missing
    )


def confirms(seen: Tally, terms: Terms) -> bool:
    """Whether the rows exclude a loss that counts. Asked once, at the end, so that an ordinary bound will do."""
    low = lower_bound(seen.won, seen.lost, seen.rows, 1.0 - terms.confidence)
    return seen.rows >= terms.min_labels and low > -terms.margin


def _needed(seen: Tally, terms: Terms) -> int:
    """Rows at which the difference seen would exclude a loss of the margin; at the least what the terms ask for."""
    if not seen.rows:
        return terms.min_labels
    gain, share = (seen.won - seen.lost) / seen.rows, max(seen.won + seen.lost, 1) / seen.rows
    wanted = rows_for_bound(share, gain + terms.margin, 1.0 - terms.confidence)
    return max(terms.min_labels, min(wanted or terms.max_rows, terms.max_rows))


def _verdict(state: ProbationState, seen: Tally, terms: Terms, missing: int) -> str:
    facts = _facts(seen, terms)
    more = f"about {about(missing)} further labelled rows would probably decide" if missing else "that is enough labels"
    chance = (
        f"chance alone shows as much once in {seen.worse:,.3g} probations; once in {1 / (1 - terms.confidence):.3g}"
    )
    said: dict[ProbationState, str] = {
        "running": f"on probation: {facts}; {more}",
        "confirmed": f"confirmed: not worse than its predecessor by {terms.margin:.3f} or more: {facts}",
        "not_enough_labels": f"not enough labels: the time is over, neither confirmed nor refuted: {facts}; {more}; "
        f"the champion stays",
        "breach": f"breach: worse than its predecessor beyond doubt: {facts}; {chance} is enough",
    }
    return said[state]


def _facts(seen: Tally, terms: Terms) -> str:
    if not seen.rows:
        return "no labelled production row since the promotion"
    gain = (seen.won - seen.lost) / seen.rows
    return (
        f"difference {gain:+.3f}, {percent(terms.confidence)} interval at all looks {span(seen.low, seen.high)} on "
        f"{seen.rows} labelled production rows ({seen.won} won, {seen.lost} lost)"
    )


def _promise(seen: Tally, terms: Terms) -> tuple[str, ...]:
    """What the certificate promised, and whether production lies below all of it. Less gain is no reason to go back."""
    if terms.promised_low is None or terms.promised_high is None or not seen.rows:
        return ()
    promised = f"its evaluation promised {span(terms.promised_low, terms.promised_high)}"
    if seen.high < terms.promised_low:
        return (f"{promised}: production shows less, beyond doubt",)
    if seen.low > terms.promised_high:
        return (f"{promised}: production shows more, beyond doubt",)
    return (f"{promised}: production does not contradict it",)
