"""What is wrong with a spec file, on which line, and what did its writer probably mean?"""

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from retrain.errors import SpecError, UnknownModel
from retrain.spec import MODEL_NAME, MODEL_NAME_IN_WORDS, ModelSpec

Place = tuple[str | int, ...]
REPLAYED = ("drift", "trigger")
"""Policies that a backtest puts in the place of today's."""


def load_spec(models: Path, model: str) -> ModelSpec:
    """The spec `<models>/<model>.yaml`. Raises UnknownModel (with the nearest name) or SpecError."""
    known = spec_names(models)
    if model not in known:
        close = difflib.get_close_matches(model, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are: {', '.join(known) or 'none'}."
        possible = re.fullmatch(MODEL_NAME, model)
        made = f"`retrain init {model}` writes one," if possible else f"A name is {MODEL_NAME_IN_WORDS};"
        raise UnknownModel(f"no spec for model {model!r} in {models}; {hint} {made} RETRAIN_MODELS names the folder")
    return read_spec(models / f"{model}.yaml")


def spec_names(models: Path) -> list[str]:
    """Names of the models that have a spec file."""
    return sorted(path.stem for path in models.glob("*.yaml"))


def read_spec(path: Path) -> ModelSpec:
    """A spec file, validated. Raises SpecError, a line a fault: file, line, what is wrong, the nearest right key."""
    content, lines = _content(path)
    spec = _validated(path, content, lines)
    if spec.model != path.stem:
        raise SpecError(
            f"{path}:{lines.get(('model',), 1)}: model is {spec.model!r}, the file is named "
            f"{path.name!r}; make them agree"
        )
    return spec.placed_in(path.parent.resolve())


def read_policies(path: Path, today: ModelSpec) -> ModelSpec:
    """Today's spec under the policies of a file: keys under `drift` and `trigger`, or those of a whole spec.

    A file of these two alone changes the keys it names; a whole spec says all. Raises SpecError as `read_spec` does.
    """
    content, lines = _content(path)
    whole = "production" in content or "base" in content
    given = {name: content.get(name, {}) for name in REPLAYED} if whole else dict(content)
    for name in given:
        if name in ModelSpec.model_fields and name not in REPLAYED:
            raise SpecError(
                f"{path}:{lines.get((name,), 1)}: {name!r} is not replayed, only drift and trigger are; leave it out"
            )
    before = today.model_dump()
    for name in REPLAYED:
        if not whole and isinstance(given.get(name), Mapping):
            given[name] = {**before[name], **given[name]}
    return _validated(path, {**before, **given}, lines).placed_in(today.path("."))


def _content(path: Path) -> tuple[Mapping[str, Any], dict[Place, int]]:
    """What stands in a YAML file of keys, and on which lines."""
    try:
        content, lines = parsed(path, path.read_bytes())
    except OSError as error:
        raise SpecError(f"{path}: cannot be read ({error}); expected a YAML file in UTF-8") from error
    if not isinstance(content, Mapping):
        raise SpecError(
            f"{path}: expected keys such as 'model' and 'production', found {type(content).__name__}; "
            f"see `retrain init`"
        )
    return content, lines


def parsed(path: Path, content: bytes) -> tuple[Any, dict[Place, int]]:
    """What a YAML file says, and on which line each place of it stands. Raises SpecError."""
    try:
        text = content.decode("utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        found = yaml.safe_load(text)
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: cannot be read ({error}); expected a YAML file in UTF-8") from error
    except yaml.YAMLError as error:
        raise SpecError(_not_yaml(path, error)) from error
    # YAML forbids it and PyYAML takes the later one: a whole section would be gone without a word.
    if faults := list(_faults(node)):
        raise SpecError("\n".join(f"{path}:{sentence}" for sentence in faults))
    return found, dict(_lines_of(node))


def _faults(node: yaml.Node | None, above: str = "", within: frozenset[int] = frozenset()) -> Iterator[str]:
    """A sentence for each key that a mapping has more than once, and for an alias of what it stands in."""
    if not isinstance(node, yaml.CollectionNode):
        return
    if id(node) in within:
        yield f"{node.start_mark.line + 1}: an alias stands within what it stands for; write out what is meant"
        return
    within |= {id(node)}
    if isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _faults(value, above, within)
        return
    first: dict[tuple[str, str], int] = {}
    for key, value in node.value:
        line, name = key.start_mark.line + 1, str(key.value)
        if before := first.get((key.tag, name)):
            under = f" under {above!r}" if above else ""
            yield f"{line}: key {name!r}{under} is there twice, first on line {before}; keep one"
        first.setdefault((key.tag, name), line)
        yield from _faults(value, f"{above}.{name}".strip("."), within)


def _validated(path: Path, content: Mapping[str, Any], lines: Mapping[Place, int]) -> ModelSpec:
    try:
        return ModelSpec.model_validate(content)
    except ValidationError as error:
        raise SpecError("\n".join(f"{path}:{_sentence(fault, lines)}" for fault in error.errors())) from None


def _not_yaml(path: Path, error: yaml.YAMLError) -> str:
    """What to say of a file that YAML cannot read."""
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    return f"{path}:{line}: not YAML: {getattr(error, 'problem', error)}; look at the indentation and the colons there"


def _lines_of(node: yaml.Node | None, place: Place = ()) -> Iterator[tuple[Place, int]]:
    """Every place in the file (keys and indexes from the root) with its line."""
    if node is None:
        return
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines_of(value, (*place, key.value))
            yield (*place, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines_of(value, (*place, index))


def _sentence(fault: ErrorDetails, lines: Mapping[Place, int]) -> str:
    # Of a key that is refused itself, pydantic says so in a place of its own.
    place: Place = tuple(part for part in fault["loc"] if part != "[key]")
    line = next((lines[place[:depth]] for depth in range(len(place), -1, -1) if place[:depth] in lines), 1)
    key, above = place[-1] if place else "", ".".join(map(str, place[:-1]))
    under = f" under {above!r}" if above else ""
    if fault["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(key), _keys(place[:-1]), n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(_keys(place[:-1]))}"
        return f"{line}: unknown key {key!r}{under}; {hint}"
    if fault["type"] == "missing":
        return f"{line}: key {key!r}{under} is missing; {_described(place) or 'see `retrain init`'}"
    if fault["loc"] != place:
        return f"{line}: {_lowered(fault['msg']).removeprefix('value error, ')}"
    message = _lowered(fault["msg"]).removeprefix("value error, ")
    if fault["type"] == "value_error" and isinstance(fault["input"], Mapping):
        # What a policy says of several of its keys together; the whole of it, printed, would hide the sentence.
        return f"{line}: {'.'.join(map(str, place))}: {message}" if place else f"{line}: {message}"
    return f"{line}: {'.'.join(map(str, place))} is {fault['input']!r}: {message}. {_described(place)}".rstrip()


def _keys(place: Place) -> list[str]:
    model = _model_at(place)
    return sorted(model.model_fields) if model else []


def _described(place: Place) -> str:
    model = _model_at(place[:-1])
    field = model.model_fields.get(str(place[-1])) if model and place else None
    return " ".join((field.description or "").split()) if field else ""


def _model_at(place: Place) -> type[BaseModel] | None:
    model: Any = ModelSpec
    for key in place:
        field = model.model_fields.get(str(key))
        model = field.annotation if field else None
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return None
    found: type[BaseModel] = model
    return found


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]
