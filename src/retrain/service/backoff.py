"""When is a process that died started again? At once, then later each time; never is not an answer."""

from retrain.values import Value

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 60.0
QUICK_SECONDS = 10.0
"""A process that ends sooner has not got as far as its work."""
SOUND_SECONDS = 60.0
"""One that lived longer begins from the shortest wait again."""
HOPELESS = 5
"""After so many quick deaths in a row, its last words are told each time."""


class Deaths(Value):
    """How often a process died of late."""

    in_a_row: int = 0
    quick: int = 0

    def after(self, lived: float) -> "Deaths":
        """One more, of a process that lived so long."""
        before = Deaths() if lived >= SOUND_SECONDS else self
        return Deaths(in_a_row=before.in_a_row + 1, quick=before.quick + 1 if lived < QUICK_SECONDS else 0)

    @property
    def wait(self) -> float:
        """Seconds until it is started again."""
        return float(min(FIRST_SECONDS * 2 ** min(max(self.in_a_row - 1, 0), 30), LONGEST_SECONDS))

    @property
    def hopeless(self) -> bool:
        """Whether starting again alone seems not to help."""
        return self.quick >= HOPELESS
