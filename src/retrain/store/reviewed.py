"""What did people decide about a challenger? One event of the ledger."""

from typing import Literal

from retrain.values import Value


class Reviewed(Value):
    """People approved or rejected a challenger; the promotion itself, if any, is another entry."""

    kind: Literal["reviewed"] = "reviewed"
    challenger: str
    champion: str | None
    """The one it was compared with; none where there was no champion."""
    evaluation: str
    """Digest of the evaluation that waited for people."""
    verdict: Literal["approve", "reject"]
    reviewers: tuple[str, ...]
    """Who gave this verdict, one after the other since the last other one. In entries before format 4, whoever judged
    a row as well."""
    judges: dict[str, int] | None = None
    """Who judged rows, to how many; they give no verdict by it. None in entries before format 4."""
    preferred_challenger: int = 0
    """Rows on which more reviewers prefer the challenger."""
    preferred_champion: int = 0
    tied: int = 0
    p_value: float | None = None
    """Exact sign test over the preferences; none where no row was judged."""
    agreement: str | None = None
    """In words, with its name; none for one reviewer alone."""
    note: str
    """Why, in the words of whoever gave the verdict."""
