"""Which answers can be taken as labels, and what is wrong with each of the others?"""

import difflib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from retrain.labels.answers import Answer
from retrain.labels.same_text import another_text
from retrain.values import Value


class Fault(Value):
    """One answer, or several to one row, that cannot be used."""

    place: str
    id: str
    what: str


class Verified(Value):
    """Every answer of a file is in one of these."""

    labels: tuple[Answer, ...]
    """One a row."""
    faults: tuple[Fault, ...]
    unlabelled: int
    """Rows that nobody gave a label."""
    repeated: int
    """Answers that say again what another one says of the same row."""


def verify(answers: Sequence[Answer], texts: Mapping[str, Sequence[str]], names: Collection[str]) -> Verified:
    """`names`: labels that may be given.

    `texts`: id of each row that may be labelled to the texts it is known by, that which people were shown first.
    """
    faults: list[Fault] = []
    votes: dict[str, list[Answer]] = defaultdict(list)
    silent: set[str] = set()
    for answer in answers:
        trouble = answer.trouble or _unknown(answer, texts, names) or another_text(answer.text, texts[answer.id])
        if trouble:
            faults.append(Fault(place=answer.place, id=answer.id, what=trouble))
        elif answer.label is None:
            silent.add(answer.id)
        else:
            votes[answer.id].append(answer)
    settled = {row: given for row, given in votes.items() if len({one.label for one in given}) == 1}
    faults += [_conflict(given) for row, given in votes.items() if row not in settled]
    return Verified(
        labels=tuple(max(given, key=lambda one: one.labelled_at or "") for given in settled.values()),
        faults=tuple(faults),
        unlabelled=len(silent - votes.keys()),
        repeated=sum(len(given) - 1 for given in settled.values()),
    )


def _unknown(answer: Answer, ids: Collection[str], names: Collection[str]) -> str | None:
    if answer.id not in ids:
        return f"no production row has the id {answer.id[:60]!r}; was the file written for another model?"
    if answer.label is None or answer.label in names:
        return None
    return unknown_label(answer.label, names)


def unknown_label(label: str, names: Collection[str]) -> str:
    """What is said of a label that is none of the names: which it is near to, and how it is allowed."""
    folded = {name.casefold(): name for name in sorted(names)}
    close = difflib.get_close_matches(label.casefold(), folded, n=1)
    step = f"did you mean {folded[close[0]]!r}? Correct it" if close else "correct it"
    return f"unknown label {label[:60]!r}; {step}, or allow it: --new-label, or labels.names in the spec"


def _conflict(given: Sequence[Answer]) -> Fault:
    votes: Mapping[str, list[str]] = defaultdict(list)
    for one in given:
        votes[one.label or ""].append(one.place)
    said = ", ".join(f"{label!r} ({'; '.join(places)})" for label, places in sorted(votes.items()))
    what = f"people disagree: {said}; settle it, leave one of them, and import the file again"
    return Fault(place=given[0].place, id=given[0].id, what=what)
