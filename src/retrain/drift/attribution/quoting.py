"""What of production may a report quote? No more than the policy allows, nothing that its patterns match."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import polars as pl

from retrain.drift.policy import DriftPolicy

QUOTED_CHARS = 200
INSTEAD = "[redacted]"


def quotes(texts: Iterable[str], policy: DriftPolicy) -> tuple[str, ...]:
    """The first different texts, redacted and cut."""
    # Redacted before it is cut: half of a number that a pattern would have matched must not stand at the end.
    kept: dict[str, None] = {}
    for text in texts:
        if len(kept) >= policy.examples_in_reports:
            break
        kept.setdefault(redacted(text, policy)[:QUOTED_CHARS])
    return tuple(kept)


def redacted(text: str, policy: DriftPolicy) -> str:
    """The text with each match of the policy's patterns replaced."""
    return _without(text, policy, INSTEAD)


def names_redacted(rows: pl.DataFrame, columns: Iterable[str], policy: DriftPolicy) -> pl.DataFrame:
    """The rows with these columns' names as reports and ledger may keep them; names that become alike are one."""
    if not policy.redact:
        return rows
    return rows.with_columns(
        pl.col(name).cast(pl.String).map_elements(lambda text: redacted(text, policy), return_dtype=pl.String)
        for name in columns
    )


def readable(texts: Sequence[str], policy: DriftPolicy) -> list[str]:
    """The texts without what may not be quoted: words are taken from these when words are named."""
    return [_without(text, policy, " ") for text in texts] if policy.redact else list(texts)


def _without(text: str, policy: DriftPolicy, instead: str) -> str:
    for pattern in policy.redact:
        text = _compiled(pattern).sub(instead, text)
    return text


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
