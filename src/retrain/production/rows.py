"""Is a record a prediction row? Its values in the contract's types, or the reason why not."""

import json
import math
import sys
from array import array
from collections.abc import Iterable, Mapping
from decimal import Decimal
from hashlib import blake2b
from heapq import nsmallest
from typing import NamedTuple

from retrain.production.policy import ProductionPolicy
from retrain.production.quarantine import BrokenValueError, Reason

ID_CHARS = 200
LARGEST_ID = 10**18
"""Numbers from here on are no ids."""
NAME_CHARS = 200
"""Model versions and group values are cut here, so that a mix-up of columns cannot fill the memory."""
TOLERANCE = 1e-6
"""A probability computed in 32-bit floats may exceed 1 by this much."""
KEPT_SCORES = 8
"""Labels of a row whose probability is kept, the likeliest: memory does not grow with the number of labels. 8: over 135
intents they hold 0.94 of the probability of usual rows (CLINC150); the rest is known as a sum."""

Scores = tuple[tuple[str, float], ...]


class Row(NamedTuple):
    """One prediction."""

    timestamp: int
    id: str
    input: str
    output: str
    model_version: str
    confidence: float | None
    entropy: float | None
    scores: Scores | None
    """The likeliest labels with their probabilities, in falling order."""
    groups: tuple[str | None, ...]
    numbers: bytes
    """Eight a column of the policy's numbers, as `packed` gives them."""
    truncated: bool


def read_row(
    record: Mapping[str, object], timestamp: int, line: int, policy: ProductionPolicy, numbers: bytes | None = None
) -> Row:
    """Check one record whose timestamp is known; its numbers may be packed already.

    Raises BrokenValueError with the first reason found.
    """
    names = policy.columns
    text = _text(record.get(names.input), policy.max_input_chars, (Reason.NO_INPUT, Reason.BAD_INPUT))
    output = _text(record.get(names.output), policy.max_input_chars, (Reason.NO_OUTPUT, Reason.BAD_OUTPUT))
    given = record.get(names.id)
    entropy, scores = read_scores(record.get(names.scores))
    row = Row(
        timestamp=timestamp,
        id="" if is_blank(given) else identity(given),
        input=text,
        output=output,
        model_version=name(record.get(names.model_version), (Reason.NO_VERSION, Reason.BAD_VERSION)),
        confidence=_confidence(record.get(names.confidence)),
        entropy=entropy,
        scores=scores,
        groups=tuple(group_value(record.get(f"group_{group}")) for group in policy.groups),
        numbers=packed(record.get(name) for name in policy.numbers) if numbers is None else numbers,
        truncated=len(str(record[names.input])) > policy.max_input_chars,
    )
    return row if row.id else row._replace(id=_digest(row, line))


def is_blank(value: object) -> bool:
    """Whether there is nothing: null, NaN in place of null, or white space."""
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or (isinstance(value, float) and math.isnan(value))


def identity(value: object) -> str:
    """An id as text: whole numbers are written out, since one log may keep as text what another keeps as a number."""
    if isinstance(value, str) and len(value) <= ID_CHARS:
        return _encodable(value)
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(whole, bool) or not isinstance(whole, int) or abs(whole) >= LARGEST_ID:
        raise BrokenValueError(Reason.BAD_ID)
    return str(whole)


def name(value: object, reasons: tuple[Reason, Reason]) -> str:
    """A short name (a version, a label) as text; the reasons are for a missing one and for one that is not text."""
    if is_blank(value):
        raise BrokenValueError(reasons[0])
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BrokenValueError(reasons[1])
    return _encodable(str(value)[:NAME_CHARS])


def _text(value: object, limit: int, reasons: tuple[Reason, Reason]) -> str:
    if value is None:
        raise BrokenValueError(reasons[0])
    if not isinstance(value, str):
        raise BrokenValueError(reasons[1])
    cut = value[:limit]
    if not cut or cut.isspace():
        raise BrokenValueError(reasons[0])
    return _encodable(cut)


def _encodable(text: str) -> str:
    """JSON can spell half a surrogate pair, and no other format can keep it."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise BrokenValueError(Reason.NOT_UTF8) from None
    return text


def _confidence(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, float) and math.isnan(value):
        raise BrokenValueError(Reason.NAN_CONFIDENCE)
    return _probability(value, Reason.BAD_CONFIDENCE)


def _probability(value: object, reason: Reason) -> float:
    if type(value) is float and 0.0 <= value <= 1.0:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise BrokenValueError(reason)
    if not -TOLERANCE <= value <= 1 + TOLERANCE:
        raise BrokenValueError(reason)
    return min(max(float(value), 0.0), 1.0)


def read_scores(value: object) -> tuple[float | None, Scores | None]:
    """Entropy in nats, and the likeliest labels; scaled to sum to 1, since logs round them or keep the largest only."""
    if is_blank(value):
        return None, None
    given = [(label, _probability(one, Reason.BAD_SCORES)) for label, one in _scores(value).items() if one is not None]
    if not given:
        return None, None
    whole = math.fsum(one for _, one in given)
    if whole <= 0:
        raise BrokenValueError(Reason.BAD_SCORES)
    # fsum does not depend on the order of the labels, which differs between formats.
    entropy = max(0.0, math.log(whole) - math.fsum([one * math.log(one) for _, one in given if one > 0]) / whole)
    likeliest = nsmallest(KEPT_SCORES, given, key=lambda pair: (-pair[1], str(pair[0])))
    # One string a label, not one a row.
    return entropy, tuple((sys.intern(_encodable(str(label)[:NAME_CHARS])), one / whole) for label, one in likeliest)


def _scores(value: object) -> Mapping[str, object]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise BrokenValueError(Reason.BAD_SCORES) from None
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and all(isinstance(pair, dict) and {"key", "value"} <= pair.keys() for pair in value):
        return {str(pair["key"]): pair["value"] for pair in value}
    raise BrokenValueError(Reason.BAD_SCORES)


def group_value(value: object) -> str | None:
    """A group is never a reason to lose a row: what is not a plain value is unknown."""
    if is_blank(value) or not isinstance(value, str | int | float):
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text[:NAME_CHARS].encode("utf-8", "replace").decode()


def packed(values: Iterable[object]) -> bytes:
    """Numbers in little memory, NaN for what is unknown."""
    return array("d", map(number, values)).tobytes()


def number(value: object) -> float:
    """Like a group, never a reason to lose a row: what is no finite number is unknown, which is NaN here."""
    if type(value) is float:
        return value if math.isfinite(value) else math.nan
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return math.nan
    try:
        return number(float(value))
    except OverflowError:
        return math.nan


def _digest(row: Row, line: int) -> str:
    """The id of a row without one: what it says and where it stands, so that reading it again gives the same."""
    return "row-" + blake2b(repr((row, line)).encode(), digest_size=16).hexdigest()
