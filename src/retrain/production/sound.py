"""Which rows of a slice are sound beyond doubt? All others are read one by one, so that one place says what is broken.

Whatever is called sound here, `read_row` takes; what it would refuse is never called sound.
"""

import polars as pl

from retrain.production.policy import ProductionPolicy
from retrain.production.rows import ID_CHARS, LARGEST_ID
from retrain.production.slices import LINE

SOMETHING = r"[^\s\x1c-\x1f]"
"""A character that Python does not take for white space; it knows four control characters more than Unicode."""

YES, NO = pl.lit(value=True), pl.lit(value=False)


def sound(frame: pl.DataFrame, policy: ProductionPolicy) -> pl.Series:
    """True for each row that is sound if its timestamp is."""
    names, schema = policy.columns, frame.schema
    parts = [
        _text(names.input, schema, policy.max_input_chars),
        _text(names.output, schema, policy.max_input_chars),
        _name(names.model_version, schema),
        _id(names.id, schema),
        _probability(names.confidence, schema),
        _scores(names.scores, schema),
    ]
    # The row numbers give the answer its height when no part looks at a column.
    return frame.select(pl.all_horizontal(pl.col(LINE).is_not_null(), *parts).fill_null(value=False)).to_series()


def ids(frame: pl.DataFrame, policy: ProductionPolicy) -> pl.Series:
    """The ids of sound rows as text."""
    return frame[policy.columns.id].cast(pl.String)


def _text(column: str, schema: pl.Schema, limit: int) -> pl.Expr:
    """Not blank, and not to be cut."""
    if not isinstance(schema.get(column), pl.String):
        return NO
    return pl.col(column).str.contains(SOMETHING) & (pl.col(column).str.len_chars() <= limit)


def _name(column: str, schema: pl.Schema) -> pl.Expr:
    kind = schema.get(column)
    if kind is not None and kind.is_integer():
        return pl.col(column).is_not_null()
    return pl.col(column).str.contains(SOMETHING) if isinstance(kind, pl.String) else NO


def _id(column: str, schema: pl.Schema) -> pl.Expr:
    """A row without an id is known by all that it says, so it must be read."""
    kind = schema.get(column)
    if kind is not None and kind.is_integer():
        number = pl.col(column).cast(pl.Int128)
        return (number > -LARGEST_ID) & (number < LARGEST_ID)
    return _text(column, schema, ID_CHARS)


def _probability(column: str, schema: pl.Schema) -> pl.Expr:
    kind = schema.get(column)
    if kind is None:
        return YES
    return _chance(pl.col(column)) if _is_number(kind) else pl.col(column).is_null()


def _scores(column: str, schema: pl.Schema) -> pl.Expr:
    """As a struct with a field a label, or a list of keys and values; JSON as text is read row by row."""
    kind = schema.get(column)
    if kind is None:
        return YES
    missing = pl.col(column).is_null()
    if isinstance(kind, pl.Struct) and kind.fields and all(_is_number(field.dtype) for field in kind.fields):
        chances = [pl.col(column).struct.field(field.name) for field in kind.fields]
        fine = pl.all_horizontal(_chance(one) for one in chances)
        return missing | fine & (pl.max_horizontal(chances) > 0).fill_null(value=True)
    return missing | _pairs(column) if _is_pairs(kind) else missing


def _pairs(column: str) -> pl.Expr:
    keys = pl.col(column).list.eval(pl.element().struct.field("key"))
    values = pl.col(column).list.eval(pl.element().struct.field("value"))
    distinct = (keys.list.n_unique() == keys.list.len()) & keys.list.eval(pl.element().is_not_null()).list.all()
    fine = values.list.eval(_chance(pl.element())).list.all()
    return distinct & fine & (values.list.max() > 0).fill_null(value=True)


def _is_pairs(kind: pl.DataType) -> bool:
    if not (isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct)):
        return False
    fields = {field.name: field.dtype for field in kind.inner.fields}
    return isinstance(fields.get("key"), pl.String) and _is_number(fields.get("value"))


def _is_number(kind: object) -> bool:
    return isinstance(kind, pl.DataType) and (kind.is_integer() or kind.is_float())


def _chance(value: pl.Expr) -> pl.Expr:
    """NaN is between nothing."""
    return value.is_null() | value.is_between(0, 1)
