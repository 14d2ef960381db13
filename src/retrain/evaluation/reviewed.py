"""What do people say of challenger and champion? As the gate sees it."""

from typing import Literal

from retrain.values import Value


class ReviewSeen(Value):
    """The newest verdict of people about these two, or how long one has been waited for."""

    verdict: Literal["approve", "reject"] | None
    """None: nobody has said anything yet."""
    waited_days: float
    """Since the first evaluation that left it open."""
    entry: int | None = None
    """The verdict's number in the ledger."""
    reviewers: tuple[str, ...] = ()
    """Who gave this verdict."""
    judges: dict[str, int] | None = None
    """Who judged rows, to how many. None where the entry is from before that was kept: `reviewers` names them too."""
    preferred_challenger: int = 0
    """Rows."""
    preferred_champion: int = 0
    tied: int = 0
    p_value: float | None = None
    """Exact sign test over the preferences; none where no row was judged."""
    agreement: str | None = None
    """In words, with its name; none for one reviewer alone."""
