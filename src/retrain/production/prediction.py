"""How does one prediction become one line of the log? Bad values become null and are counted; nothing is refused."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from numbers import Integral, Real
from typing import NamedTuple, Required, TypedDict

NEEDED = ("input", "output", "model_version")
NUMBERS = ("latency_ms", "input_tokens", "output_tokens")
TOLERANCE = 1e-6
"""A probability computed in 32-bit floats may exceed 1 by this much."""
BAD = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What values of odd types raise when they are looked at."""


class Prediction(TypedDict, total=False):
    """What a server says about one prediction; the fields of the production log."""

    input: Required[str]
    output: Required[str]
    model_version: str | None
    id: str | None
    timestamp: datetime | None
    confidence: float | None
    scores: Mapping[str, float] | None
    latency_ms: float | None
    input_tokens: int | None
    output_tokens: int | None
    groups: Mapping[str, str] | None
    source: str | None


FIELDS = frozenset(Prediction.__annotations__)


class Line(NamedTuple):
    """One line of the log, and the day on which it is filed."""

    day: date
    content: bytes
    bad: int
    """Values that could not be logged and are null."""


def encode(given: Mapping[str, object], *, moment: datetime) -> Line:
    """Encode a prediction; `moment` stands in for a timestamp that is not given or no datetime."""
    row = _Row()
    when = given.get("timestamp")
    row.bad += len(given.keys() - FIELDS) + (when is not None and not isinstance(when, datetime))
    at = _in_utc(when if isinstance(when, datetime) else moment, moment)
    row.content = {"id": given["id"], "timestamp": at.isoformat(timespec="microseconds")}
    for field in ("input", "output", "model_version", "source"):
        row.put(field, given.get(field), _text)
    row.put("confidence", given.get("confidence"), _probability)
    for field in NUMBERS:
        row.put(field, given.get(field), _number)
    row.put("scores", given.get("scores"), _scores)
    row.put_groups(given.get("groups"))
    row.bad += sum(given.get(field) is None for field in NEEDED)
    text = json.dumps(row.content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Line(at.date(), text.encode("utf-8", "replace") + b"\n", row.bad)


class _Row:
    def __init__(self) -> None:
        self.content: dict[str, object] = {}
        self.bad = 0

    def put(self, field: str, value: object, read: Callable[[object], object]) -> None:
        """Absent values are left out; bad ones stand as null, so that a reader sees that there was one."""
        if value is None:
            return
        try:
            self.content[field] = read(value)
        except BAD:
            self.content[field] = None
            self.bad += 1

    def put_groups(self, groups: object) -> None:
        if groups is None:
            return
        if not isinstance(groups, Mapping):
            self.bad += 1
            return
        for group, value in groups.items():
            self.put(f"group_{group}", value, _plain)


def _in_utc(when: datetime, otherwise: datetime) -> datetime:
    try:
        return when.astimezone(UTC) if when.tzinfo is not None else when.replace(tzinfo=UTC)
    except BAD:
        return otherwise


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return str(value)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise TypeError
    return str(value)


def _number(value: object) -> float:
    """Python's and numpy's numbers, and whatever else float() takes except text (a tensor of one element)."""
    if isinstance(value, str | bytes | bool) or not hasattr(value, "__float__"):
        raise TypeError
    if isinstance(value, Integral):
        return int(value)
    number = float(value) if isinstance(value, Real) else float(value.__float__())
    if not math.isfinite(number):
        raise ValueError
    return number


def _probability(value: object) -> float:
    number = _number(value)
    if not -TOLERANCE <= number <= 1 + TOLERANCE:
        raise ValueError
    return min(max(number, 0.0), 1.0)


def _scores(value: object) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise TypeError
    return {str(label): _probability(chance) for label, chance in value.items()}
