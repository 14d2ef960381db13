"""What does a spreadsheet do to a table that people open, fill in and save, and how is that undone?"""

import csv
from collections.abc import Collection

FORMULA = ("=", "+", "-", "@", "\t", "\r")
SEPARATORS = ",;\t"
"""A spreadsheet whose country writes 0,5 for a half saves with semicolons; tabs come from copying."""


def safe(value: object) -> object:
    """A cell that a spreadsheet does not take for a formula: production text may come from an attacker."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def unsafe(value: str) -> str:
    """The value that `safe` made a cell of."""
    return value[1:] if value.startswith("'") and value[1:].startswith(FORMULA) else value


def separator(text: str, columns: Collection[str]) -> str:
    """What parts the cells of a table, told by its first line: the one that shows a column that is looked for."""
    header = text.partition("\n")[0].rstrip("\r")
    for mark in SEPARATORS:
        try:
            cells = next(csv.reader([header], delimiter=mark), [])
        except csv.Error:
            continue
        if any(cell.strip() in columns for cell in cells):
            return mark
    return SEPARATORS[0]
