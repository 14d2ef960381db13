"""Which signals are there, and which of them are watched unless the spec says otherwise?"""

import difflib
from collections.abc import Mapping
from typing import Literal

Task = Literal["classification", "generation"]

INPUTS = ("input.length", "input.tokens", "input.non_letters", "input.unseen_words", "input.script")
EMBEDDED = ("input.embedding", "input.neighbours", "input.classifier")
SURE = ("output.confidence", "output.entropy")
LABELS = ("output.labels", "output.probabilities")
GENERATED = ("output.length", "output.refusals", "output.repetition", "output.language")
QUALITY = ("quality.broken", "quality.nulls", "quality.duplicates", "quality.encoding")
PERFORMANCE = ("performance.estimated", "performance.labelled")
GROUPS = "output.groups"
"""Stands for one signal a value of a group, named `group.<name>=<value>`."""
NUMBERS = "input.numbers"
"""Stands for one signal a column of `production.numbers`, named `number.<name>`."""

NAMES = (*INPUTS, *EMBEDDED, *LABELS, *SURE, *GENERATED, *QUALITY, *PERFORMANCE, GROUPS, NUMBERS)
"""Every name that `drift.signals` may turn on or off, in the order of reports."""
OFF: Mapping[Task, frozenset[str]] = {
    "classification": frozenset(GENERATED),
    # Every generated text is its own label; what it is worth no probability of a label says.
    "generation": frozenset((*LABELS, *PERFORMANCE)),
}


def known_signal(name: str) -> str:
    """The name itself. Raises ValueError with the nearest right name, so that a slip turns nothing off unseen."""
    if name in NAMES:
        return name
    close = difflib.get_close_matches(name, NAMES, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(NAMES)}"
    raise ValueError(f"unknown signal {name!r}; {hint}")


def watched(task: Task, told: Mapping[str, bool]) -> frozenset[str]:
    """The signals of a task, with what the spec turns on and off."""
    return frozenset(name for name in NAMES if told.get(name, name not in OFF[task]))
