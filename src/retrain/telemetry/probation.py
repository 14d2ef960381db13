"""Which samples follow from a probation, and from challengers that failed?"""

from collections.abc import Iterator

from retrain.store.probation import Probation
from retrain.store.state import State
from retrain.telemetry import metrics as m
from retrain.telemetry.sample import Sample, known, moment, one_of


def tried(own: tuple[str], state: State) -> Iterator[Sample]:
    """How the newest probation stands, and how many challengers in a row came to nothing."""
    held, newest = state.probation, state.starved or state.last_check
    yield Sample(m.UNPROMOTED, own, state.unpromoted)
    yield from known(m.UNPROMOTED_LIMIT, own, newest.unpromoted_limit if newest else None)
    yield from one_of(m.PROBATION_STATE, own, m.PROBATION, (held.state if held else "none",))
    if held is not None:
        yield from _held(own, held)


def _held(own: tuple[str], held: Probation) -> Iterator[Sample]:
    yield from moment(m.PROBATION_ENDS, own, held.ended_at or held.ends_at)
    yield from known(m.PROMISED_LOW, own, held.terms.promised_low)
    yield from known(m.PROMISED_HIGH, own, held.terms.promised_high)
    seen = held.tally
    if seen is None:
        return
    yield Sample(m.PROBATION_ROWS, own, seen.rows)
    yield Sample(m.PROBATION_MISSING, own, held.missing)
    if seen.rows:
        yield Sample(m.PROBATION_GAIN, own, (seen.won - seen.lost) / seen.rows)
        yield Sample(m.PROBATION_LOW, own, seen.low)
        yield Sample(m.PROBATION_HIGH, own, seen.high)
