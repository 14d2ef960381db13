"""Does an answer change when only a name, a pronoun or a spelling does, more often than any small change makes it?

A counterfactual test of text (Garg et al. 2019; Ribeiro et al. 2020 call it invariance). Any change of a text flips
some answers, so each swap is set against a neutral control on the same text: an exchange of the same kind that must not
matter. What counts is how many more answers the swap changes than the control does.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from retrain.evaluation.exchange import exchanged, holds
from retrain.evaluation.swap_policy import TERM, TEXT, SwapList, SwapPolicy
from retrain.evaluation.swapped import Flips, SwapTally
from retrain.training.prediction import Prediction

Said = Mapping[str, Prediction]
"""Text to a model's answer."""


class Trial(NamedTuple):
    """Three readings of one held-out text, to be answered by each model."""

    kind: str
    change: str
    in_place: bool
    base: str
    swap: str
    control: str


class _Pair(NamedTuple):
    """Two groups of one kind whose words are exchanged."""

    kind: str
    words: SwapList
    one: str
    other: str

    @property
    def change(self) -> str:
        return f"{self.one} / {self.other}"

    @property
    def sides(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return self.words.groups[self.one], self.words.groups[self.other]


def swap_trials(texts: Sequence[str], policy: SwapPolicy) -> list[Trial]:
    """The trials of all kinds: texts that hold such words first, then others that carry one, `policy.rows` at most.

    Which texts and words are taken hangs on the texts alone, so that the same rows give the same trials.
    """
    found: list[Trial] = []
    for kind, words in policy.kinds.items() if policy.rows else ():
        ordered = sorted(set(texts), key=lambda text, kind=kind: _draw(kind, text))  # type: ignore[misc]
        one, *others = words.groups
        for other in others:
            found += _trials(ordered, _Pair(kind, words, one, other), policy)
    return found


def trial_texts(trials: Sequence[Trial]) -> list[str]:
    """Every text that has to be answered for these trials, once."""
    return list(dict.fromkeys(text for trial in trials for text in (trial.base, trial.swap, trial.control)))


def tallied(trials: Sequence[Trial], challenger: Said, champion: Said | None) -> tuple[SwapTally, ...]:
    """What came of the trials, a tally for each two groups, in their order."""
    kinds = dict.fromkeys((trial.kind, trial.change) for trial in trials)
    return tuple(_tally(key, [each for each in trials if each[:2] == key], challenger, champion) for key in kinds)


def _trials(ordered: Sequence[str], pair: _Pair, policy: SwapPolicy) -> list[Trial]:
    placed = [trial for text in ordered if (trial := _in_place(text, pair, policy.neutral))]
    if pair.words.carrier is None or len(placed) >= policy.rows:
        return placed[: policy.rows]
    taken = {trial.base for trial in placed}
    carried = [_carried(text, pair) for text in ordered if text not in taken]
    return [*placed, *carried][: policy.rows]


def _in_place(text: str, pair: _Pair, neutral: str) -> Trial | None:
    words = pair.words
    if {pair.one, pair.other} & set(words.carried_only) or holds(text, words.unless):
        return None
    swap = exchanged(text, *pair.sides)
    control = _control(text, words, neutral)
    return Trial(pair.kind, pair.change, True, text, swap, control) if swap and control else None  # noqa: FBT003


def _control(text: str, words: SwapList, neutral: str) -> str | None:
    if words.control == "neutral":
        return neutral + text
    every = [words.groups[name] for name in words.groups]
    first, second = ([word for group in every for word in group[start::2]] for start in (0, 1))
    return exchanged(text, first, second)


def _carried(text: str, pair: _Pair) -> Trial:
    """Half of the texts carry a word of the one group first, half of the other, so that neither is what is usual."""
    drawn, (one, other) = _draw("carried", text), pair.sides
    before, after = (one, other) if drawn % 2 else (other, one)
    place = drawn // 2 % len(one)
    carrier, words = pair.words.carrier or TEXT, pair.words
    if words.control == "neutral":
        # Only the first word of each group is one that a carrier can begin with; the others inflect it.
        base, swap = _set_into(carrier, before[0], text), _set_into(carrier, after[0], text)
        control = _set_into(words.control_carrier or TEXT, before[0], text)
    else:
        base, swap, control = (
            _set_into(carrier, word, text) for word in (before[place], after[place], before[place ^ 1])
        )
    return Trial(pair.kind, pair.change, False, base, swap, control)  # noqa: FBT003


def _set_into(carrier: str, word: str, text: str) -> str:
    return carrier.removesuffix(TEXT).replace(TERM, word) + text


def _tally(key: tuple[str, str], trials: Sequence[Trial], challenger: Said, champion: Said | None) -> SwapTally:
    return SwapTally(
        kind=key[0],
        change=key[1],
        rows=len(trials),
        in_place=sum(trial.in_place for trial in trials),
        challenger=_flips(trials, challenger),
        champion=_flips(trials, champion) if champion is not None else None,
    )


def _flips(trials: Sequence[Trial], said: Said) -> Flips:
    pairs = [
        (said[each.swap].label != said[each.base].label, said[each.control].label != said[each.base].label)
        for each in trials
    ]
    return Flips(
        swap=sum(swap for swap, _ in pairs),
        control=sum(control for _, control in pairs),
        only_swap=sum(swap and not control for swap, control in pairs),
        only_control=sum(control and not swap for swap, control in pairs),
    )


def _draw(what: str, text: str) -> int:
    """A number that hangs on the text alone."""
    return int.from_bytes(hashlib.sha256(f"{what}\0{text}".encode("utf-8", "surrogatepass")).digest()[:8], "big")
