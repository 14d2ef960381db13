"""Is there enough to train on? A snapshot that depends on the examples alone, not on their order, or a refusal."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from retrain.dataset.clean import clean
from retrain.dataset.policy import DatasetPolicy
from retrain.dataset.snapshot import Example, Refusal, Snapshot
from retrain.dataset.split import divide

NAMED = 3
PARTS = {"train": "training", "validation": "validation", "heldout": "held-out"}


def build_snapshot(
    examples: Sequence[Example], policy: DatasetPolicy, *, earlier_heldout: Sequence[Example] = ()
) -> Snapshot | Refusal:
    """Clean, divide and check. `earlier_heldout` is what the last snapshot held out; it is never trained on again."""
    cleaned = clean(examples, policy)
    divided = divide(cleaned.rows, policy, earlier_heldout=earlier_heldout)
    removed = dict(sorted((cleaned.removed + divided.removed).items()))
    snapshot = Snapshot(
        train=_sorted(divided.parts["train"]),
        validation=_sorted(divided.parts["validation"]),
        heldout=_sorted(divided.parts["heldout"]),
        removed=removed,
    )
    labelled = Counter(example.label for example in chain((row.example for row in cleaned.rows), earlier_heldout))
    reasons = [*_too_few(snapshot, policy, labelled), *_too_plain(snapshot, policy), *_without_part(snapshot)]
    if not reasons:
        return snapshot
    if removed:
        reasons.append("left out: " + ", ".join(f"{reason} {count}" for reason, count in removed.items()))
    return Refusal(reasons=tuple(reasons), found=snapshot.clean, needed=policy.min_examples)


def _sorted(examples: Iterable[Example]) -> tuple[Example, ...]:
    return tuple(sorted(examples, key=Example.canonical))


def _too_few(snapshot: Snapshot, policy: DatasetPolicy, labelled: Counter[str]) -> Iterable[str]:
    missing = policy.min_examples - snapshot.clean
    if missing > 0:
        by_count = sorted(labelled, key=lambda label: (labelled[label], label))
        scarce = [label for label in by_count if labelled[label] < policy.min_per_label][:NAMED] or by_count[:NAMED]
        where = f", most needed for {', '.join(map(repr, scarce))}" if scarce else ""
        yield (
            f"{snapshot.clean} examples after cleaning, {policy.min_examples} needed: "
            f"{missing} more labels would do{where}"
        )


def _too_plain(snapshot: Snapshot, policy: DatasetPolicy) -> Iterable[str]:
    if len(snapshot.labels) < 2:
        found = f"1 label ({snapshot.labels[0]!r})" if snapshot.labels else "no label"
        yield (
            f"{found} with {policy.min_per_label} clean examples or more, 2 needed: label examples of other topics too"
        )


def _without_part(snapshot: Snapshot) -> Iterable[str]:
    for part, name in PARTS.items():
        if not getattr(snapshot, part):
            yield f"no example in the {name} part, at least 1 needed: more texts that differ would do"
