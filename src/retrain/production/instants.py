"""Which instant does a logged timestamp mean? Microseconds since 1970 in UTC: integers compare fast and exactly."""

import math
from datetime import UTC, date, datetime, time, timedelta

from retrain.production.quarantine import BrokenValueError, Reason

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
DAY = 86_400 * SECOND
EARLIEST = 946_684_800 * SECOND
"""2000-01-01. Earlier ones come from unset clocks and from zeros, never from a served model."""
LARGEST_SECONDS = 1e11
"""Above it a number counts milliseconds (1e11 ms is March 1973, 1e11 s the year 5138), and so on by steps of 1,000."""


def micros(moment: datetime) -> int:
    """Microseconds since 1970; a naive moment counts as UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // MICROSECOND


def moment(instant: int) -> datetime:
    """The datetime of an instant."""
    return EPOCH + instant * MICROSECOND


def day_start(day: date) -> int:
    """The first instant of a day in UTC."""
    return micros(datetime.combine(day, time()))


def parse(value: object) -> int:
    """Read ISO 8601 text (naive is UTC), an epoch number of seconds up to nanoseconds, or a datetime.

    Raises BrokenValueError.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        raise BrokenValueError(Reason.NO_TIMESTAMP)
    try:
        instant = _read(value)
    except (ValueError, OverflowError):
        raise BrokenValueError(Reason.BAD_TIMESTAMP) from None
    if instant < EARLIEST:
        raise BrokenValueError(Reason.BAD_TIMESTAMP)
    return instant


def _read(value: object) -> int:
    if isinstance(value, str):
        text = value.strip()
        return _from_number(int(text)) if text.isdecimal() else micros(datetime.fromisoformat(text))
    if isinstance(value, datetime):
        return micros(value)
    if isinstance(value, date):
        return day_start(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    return _from_number(value)


def _from_number(number: float) -> int:
    if not math.isfinite(number):
        raise ValueError
    size = abs(number) / LARGEST_SECONDS
    per_second = 1 if size < 1 else 10**3 if size < 1e3 else 10**6 if size < 1e6 else 10**9
    if isinstance(number, int):
        return number * SECOND // per_second
    return round(number * SECOND / per_second)
