"""When are two asks for a retrain the same one, and what may stand in the ledger as their reason?"""

import unicodedata
from datetime import datetime

from retrain.errors import UsageError
from retrain.store.ledger import Ledger
from retrain.store.state import Cause, State
from retrain.values import canonical_json, digest_of

LONGEST_REASON = 500
"""Characters; a reason is read by people, in a table, for years."""
ID_DIGITS = 32


def stable_id(kind: str, *facts: str) -> str:
    """An id that the same facts always give, such as `alert-3f9c...`."""
    return f"{kind}-{digest_of(canonical_json(facts))[:ID_DIGITS]}"


def runs_ended(state: State) -> int:
    """How many retrains of this model have ended, whatever came of them."""
    return sum(state.totals.ended.values())


def runs_ended_before(ledger: Ledger, moment: datetime) -> int:
    """How many had ended at that time: what one who asked then knew."""
    states = (entry.state for entry in ledger.backwards() if entry.at <= moment)
    return runs_ended(next(states, State()))


def derived_request(model: str, cause: Cause, reason: str, ended: int) -> str:
    """The id of an ask that came without one: the same words are the same request until a retrain has ended.

    Counted in ended runs, not in ledger entries: a run adds entries while it works, and the same command typed again
    meanwhile would then be another request, wait for the GPU, and retrain once more. After the run has ended the same
    words mean something new (next week, or with the labels that a refusal asked for).
    """
    return stable_id("asked", model, cause, reason, str(ended))


def one_line(text: str, longest: int = LONGEST_REASON) -> str:
    """Text from outside as one line: no control, direction or half characters, and no longer than allowed."""
    kept = "".join(" " if unicodedata.category(letter).startswith(("C", "Z")) else letter for letter in text)
    line = " ".join(kept.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def given_reason(reason: object) -> str:
    """A caller's reason, as one line. Raises UsageError when it says nothing, or too much: it is not cut unseen."""
    if reason is not None and not isinstance(reason, str):
        raise UsageError(
            f"'reason' is {str(reason)[:60]}, of type {type(reason).__name__}; expected a few words of text"
        )
    if not reason or not (line := one_line(reason, len(reason))):
        raise UsageError("'reason' is missing or empty; say in a few words why, it stands in the ledger for good")
    if len(line) > LONGEST_REASON:
        raise UsageError(f"'reason' has {len(line)} characters, {LONGEST_REASON} are kept; say it in fewer")
    return line
