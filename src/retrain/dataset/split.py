"""Which part does an example belong to? The one its text hashes to, for ever, with nothing alike on the other side.

Texts that are nearly the same stand or fall together, and the first seen stands for them: the same one at the next
retrain, so the group keeps its side however many more arrive. What an earlier snapshot held out goes before all others.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

from retrain.dataset.clean import MODEL, Row, normalised, seen_at, trust
from retrain.dataset.near import first_alike
from retrain.dataset.policy import DatasetPolicy
from retrain.dataset.snapshot import Example, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Divided:
    """Rows by part, and how many were left out, by reason."""

    parts: dict[Part, list[Example]]
    removed: Counter[str]


def part_of(key: str, policy: DatasetPolicy) -> Part:
    """The part of a normalised text, by hash: neither time nor other rows move it while the shares stay as they are."""
    if _draw("heldout", key) < policy.heldout_share:
        return "heldout"
    return "validation" if _draw("validation", key) < policy.validation_share else "train"


def divide(rows: Sequence[Row], policy: DatasetPolicy, *, earlier_heldout: Sequence[Example] = ()) -> Divided:
    """Every row in one part, the earlier held-out rows in theirs, and nothing alike in two parts."""
    newest = {row.key: row.example for row in rows}
    held = {normalised(example.text): example for example in sorted(earlier_heldout, key=Example.canonical)}
    kept: dict[Part, list[Example]] = {
        "train": [],
        "validation": [],
        "heldout": [_corrected(held[key], newest.get(key)) for key in sorted(held)],
    }
    removed: Counter[str] = Counter()
    fresh = _in_order([row for row in rows if row.key not in held], policy, removed)
    keys = [*sorted(held), *(row.key for row in fresh)]
    before: Part = "heldout"
    sides = [*repeat(before, len(held)), *(part_of(row.key, policy) for row in fresh)]
    alike = first_alike(keys, policy.near_duplicate, fixed=len(held))
    for place, row in enumerate(fresh, start=len(held)):
        twin = alike[place]
        if twin is None:
            kept[sides[place]].append(row.example)
        else:
            removed[_why(sides[place], sides[twin])] += 1
    return _without_rare(Divided(parts=kept, removed=removed), policy, carried=len(held))


def _draw(what: str, key: str) -> float:
    """Evenly between 0 and 1, independent for each `what`."""
    content = hashlib.sha256(f"{what}\0{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(content[:8], "big") / 2**64


def _in_order(rows: Sequence[Row], policy: DatasetPolicy, removed: Counter[str]) -> list[Row]:
    """The rows that may take part, the preferred first."""
    # A gate that judged by a model's labels would reward agreement with that model; a human's label lets the row in.
    fit = [row for row in rows if trust(row.example) > MODEL or part_of(row.key, policy) != "heldout"]
    removed["held-out text labelled by a model"] += len(rows) - len(fit)
    return sorted(fit, key=lambda row: (trust(row.example) == MODEL, row.first_seen, row.key))


def _corrected(held: Example, newest: Example | None) -> Example:
    """The held-out row under the label now believed; its text stays as it was, so that results remain comparable."""
    if newest is None or (trust(newest), seen_at(newest)) < (trust(held), seen_at(held)):
        return held
    return held.model_copy(update={"label": newest.label, "labeller": newest.labeller, "at": newest.at})


def _why(side: Part, other: Part) -> str:
    if other == "heldout" and side != "heldout":
        return "leaks into held-out"
    if other == "validation" and side == "train":
        return "leaks into validation"
    return "near duplicate"


def _without_rare(divided: Divided, policy: DatasetPolicy, *, carried: int) -> Divided:
    """Without labels too rare to learn or absent from training; the first `carried` held-out rows stay all the same."""
    seen = Counter(example.label for part in divided.parts.values() for example in part)
    trained = {example.label for example in divided.parts["train"]}
    learnable = {label for label in trained if seen[label] >= policy.min_per_label}
    parts: dict[Part, list[Example]] = {}
    for name, examples in divided.parts.items():
        safe = carried if name == "heldout" else 0
        parts[name] = examples[:safe] + [example for example in examples[safe:] if example.label in learnable]
    rare = sum(map(len, divided.parts.values())) - sum(map(len, parts.values()))
    return Divided(parts=parts, removed=divided.removed + Counter({"rare label": rare}))
