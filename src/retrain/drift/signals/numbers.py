"""Do numbers differ that the log has besides? One signal a column of `production.numbers`."""

from collections.abc import Iterator

from retrain.drift.observation import Observation
from retrain.drift.signals.signal import Found, NotWatched, numeric

NUMBER = "number_"


def numbers(reference: Observation, current: Observation) -> Iterator[Found]:
    """Each by its distribution, in the order of the spec."""
    for column in current.rows.columns:
        if column.startswith(NUMBER):
            name = f"number.{column.removeprefix(NUMBER)}"
            if column in reference.rows.columns:
                yield numeric(name, "ks", reference.column(column), current.column(column))
            else:
                yield NotWatched(name=name, reason="the reference was stored without it; the next one will have it")
