"""What changed? Labels, words and groups whose share moved by more than chance, and rows unlike anything known."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from retrain.drift.calibration import clustering
from retrain.drift.observation import Observation
from retrain.drift.policy import DriftPolicy
from retrain.drift.report import Change
from retrain.drift.signals import MIN_REFERENCE, beyond

# One kind of change in a hundred quiet windows names something; within a kind, Bonferroni over all names looked at.
RATE = 0.01
NAMED = 5
MIN_ROWS_OF_TERM = 3
CANDIDATE_TERMS = 100
QUOTED_CHARS = 200

Marks = NDArray[np.float32]


def what_changed(reference: Observation, current: Observation, policy: DriftPolicy) -> tuple[Change, ...]:
    """The changes worth a sentence, at most NAMED of each kind, the surest first."""
    if reference.rows.height < MIN_REFERENCE or current.rows.is_empty():
        return ()
    return (
        *_values("label", "output", reference, current, policy),
        *_terms(reference, current, policy),
        *(
            change
            for column in sorted(name for name in current.rows.columns if name.startswith("group_"))
            if column in reference.rows.columns
            for change in _values("group", column, reference, current, policy)
        ),
        *_unfamiliar(reference, current, policy),
    )


def _values(
    what: Literal["label", "group"], column: str, reference: Observation, current: Observation, policy: DriftPolicy
) -> Iterator[Change]:
    old, new = (side.rows[column].fill_null("(unknown)").to_list() for side in (reference, current))
    names = sorted({*old, *new})
    before, after = _marks(names, old), _marks(names, new)
    for index in _moved(before, after, len(names), policy):
        name = names[index] if what == "label" else f"{column.removeprefix('group_')}={names[index]}"
        yield _change(what, name, before[:, index], after[:, index], _quoted(current.texts, after[:, index], policy))


def _terms(reference: Observation, current: Observation, policy: DriftPolicy) -> Iterator[Change]:
    old, new = (Counter(word for words in side.properties.words for word in words) for side in (reference, current))
    looked_at = sorted(word for word, rows in new.items() if rows >= MIN_ROWS_OF_TERM)
    odds = [_log_odds(new[word], current.rows.height, old[word], reference.rows.height) for word in looked_at]
    names = [
        looked_at[place]
        for place in np.argsort(odds, kind="stable")[::-1][:CANDIDATE_TERMS].tolist()
        if odds[place] > 0
    ]
    if not names:
        return
    before, after = (
        np.array([[name in words for name in names] for words in side.properties.words], dtype=np.float32)
        for side in (reference, current)
    )
    for index in _moved(before, after, len(looked_at), policy):
        if after[:, index].mean() > before[:, index].mean():
            quoted = _quoted(current.texts, after[:, index], policy)
            yield _change("term", names[index], before[:, index], after[:, index], quoted)


def _unfamiliar(reference: Observation, current: Observation, policy: DriftPolicy) -> Iterator[Change]:
    """Rows in the upper 5 % of the reference's strangeness, by the best measure there is."""
    name, old, new, texts = _strangeness(reference, current)
    if len(old) < MIN_REFERENCE or len(new) == 0:
        return
    before, after = beyond(old, old)[:, None], beyond(new, old)[:, None]
    if len(_moved(before, after, 1, policy)) and after.mean() > before.mean():
        farthest = [texts[row] for row in np.argsort(-new, kind="stable") if after[row, 0]]
        yield _change("unfamiliar", name, before[:, 0], after[:, 0], _shortened(farthest, policy))


def _strangeness(
    reference: Observation, current: Observation
) -> tuple[str, NDArray[np.float64], NDArray[np.float64], list[str]]:
    texts = current.texts
    if reference.distances is not None and current.distances is not None:
        near = [texts[row] for row in current.embedded]
        return "far from every reference row", reference.distances, current.distances, near
    old, new = reference.column("entropy"), current.column("entropy")
    known = ~np.isnan(new)
    if known.any() and not np.isnan(old).all():
        return "the model is unsure", old[~np.isnan(old)], new[known], [texts[row] for row in np.flatnonzero(known)]
    return "words the reference does not have", reference.unseen[~np.isnan(reference.unseen)], current.unseen, texts


def _moved(before: Marks, after: Marks, looked_at: int, policy: DriftPolicy) -> list[int]:
    """The columns whose share moved by more than chance, the surest first.

    Given how often a name occurs in both together, its rows in the window follow a binomial law (exact for rare names);
    the counts are first divided by how clustered the name is, so that three rows of one burst count as one.
    """
    share = len(after) / (len(before) + len(after))
    alike = clustering(before, current_rows=len(after), draws=policy.calibration_blocks)
    new, old = after.sum(axis=0) / alike, before.sum(axis=0) / alike
    rise = np.where(new > 0, betainc(np.maximum(new, 1e-9), old + 1, share), 1.0)
    fall = np.where(old > 0, betainc(np.maximum(old, 1e-9), new + 1, 1 - share), 1.0)
    chance = np.minimum(rise, fall)
    limit = RATE / 2 / looked_at
    return [place for place in np.argsort(chance, kind="stable")[:NAMED].tolist() if chance[place] <= limit]


def _log_odds(inside: int, rows: int, outside: int, other_rows: int) -> float:
    """Log odds ratio over its standard error, half a row added to each count (Haldane, Anscombe)."""
    cells = np.array([inside, rows - inside, outside, other_rows - outside]) + 0.5
    return float(np.log(cells[0] * cells[3] / (cells[1] * cells[2])) / np.sqrt((1 / cells).sum()))


def _marks(names: Sequence[str], values: Sequence[str]) -> Marks:
    place = {name: index for index, name in enumerate(names)}
    marks = np.zeros((len(values), len(names)), dtype=np.float32)
    marks[np.arange(len(values)), [place[value] for value in values]] = 1.0
    return marks


def _change(
    what: Literal["label", "term", "group", "unfamiliar"],
    name: str,
    before: Marks,
    after: Marks,
    quoted: tuple[str, ...],
) -> Change:
    return Change(
        what=what,
        name=name,
        reference_share=float(before.mean(dtype=np.float64)),
        current_share=float(after.mean(dtype=np.float64)),
        examples=quoted,
    )


def _quoted(texts: Sequence[str], marks: Marks, policy: DriftPolicy) -> tuple[str, ...]:
    return _shortened([texts[row] for row in np.flatnonzero(marks).tolist()], policy)


def _shortened(texts: Sequence[str], policy: DriftPolicy) -> tuple[str, ...]:
    return tuple(text[:QUOTED_CHARS] for text in list(dict.fromkeys(texts))[: policy.examples_in_reports])
