"""Does a label stand beside the text that people were shown? A column sorted alone would mislabel every row."""

from collections.abc import Sequence

from retrain.dataset.clean import normalised

CUT = 100
"""From so many characters on, a text that another one begins with is the same one, cut: by a spreadsheet, or by
`production.max_input_chars`, which is no less than this."""
SHOWN = 60


def another_text(found: str | None, known: Sequence[str]) -> str | None:
    """What is wrong with the text of an answer to the row that is known by these; none when it is one of them.

    Case, white space and compatibility forms do not count, nor the quotes that keep spreadsheets from running a cell.
    """
    if found is None or not known or any(_same(_form(found), _form(one)) for one in known):
        return None
    return (
        f"the text beside it is {_short(found)}, and people were asked about {_short(known[0])}; were rows or columns "
        f"moved apart? Put the labels into the file as it was exported"
    )


def _form(text: str) -> str:
    return normalised(text).lstrip("' ")


def _same(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return shorter == longer or (len(shorter) >= CUT and longer.startswith(shorter))


def _short(text: str) -> str:
    words = " ".join(text.split())
    return repr(words if len(words) <= SHOWN else f"{words[:SHOWN]}...")
