"""How often did an exchange of words that ought not to matter change an answer?"""

from retrain.values import Value


class Flips(Value):
    """Of one model: on how many texts the swap, and its neutral control, changed the answer."""

    swap: int
    control: int
    only_swap: int
    """Texts on which the swap changed the answer and the control did not; the pairs that the interval rests on."""
    only_control: int


class SwapTally(Value):
    """One kind of swap between two groups of words, answered by both models."""

    kind: str
    """`names_by_gender`."""
    change: str
    """`female / male`; which of them stood in the text first is left to chance."""
    rows: int
    in_place: int
    """Texts that held such words themselves; the others were set into a sentence with one."""
    challenger: Flips
    champion: Flips | None
    """None: there is no champion; the stand-in never changes its answer."""
