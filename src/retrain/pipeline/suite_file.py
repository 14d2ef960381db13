"""What does a suite file say, which line of it is wrong, and how is a case added without spoiling the others?"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from retrain.errors import SpecError
from retrain.evaluation.suite import Direction, Invariance, Minimum, Suite
from retrain.spec import ModelSpec
from retrain.spec_file import Place
from retrain.spec_file import parsed as parsed_yaml
from retrain.training.durable import write_file
from retrain.values import Policy, digest_of

KINDS: dict[str, type[Policy]] = {"minimum": Minimum, "invariance": Invariance, "direction": Direction}
HEAD = "# Cases that no challenger may lose; `retrain suite add` appends one.\ncases:\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteFile:
    """A suite as it stands in its file."""

    path: Path
    content: bytes
    suite: Suite

    @property
    def digest(self) -> str:
        """Of the file's bytes."""
        return digest_of(self.content)


def suite_path(spec: ModelSpec) -> Path:
    """Where the spec says that the suite is. Raises SpecError when it says nothing, or where it cannot be."""
    if spec.evaluation.suite is None:
        raise SpecError(
            f"the spec of {spec.model!r} names no suite; write `evaluation: {{suite: suites/{spec.model}.yaml}}` in it"
        )
    path = spec.path(spec.evaluation.suite)
    if path.parent == spec.path(".") and path.suffix == ".yaml":
        raise SpecError(
            f"evaluation.suite is {spec.evaluation.suite!r}, beside the spec, where each .yaml file is taken for a "
            f"model; put it into a folder of its own, such as suites/{path.name}"
        )
    return path


def read_suite(spec: ModelSpec) -> SuiteFile | None:
    """The suite of a spec; none when it names none. Raises SpecError, a line a fault, as `read_spec` does."""
    if spec.evaluation.suite is None:
        return None
    path = suite_path(spec)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SpecError(
            f"{path}: suite cannot be read ({error.strerror}); `retrain suite add {spec.model}` makes it, or remove "
            f"evaluation.suite from the spec"
        ) from error
    return SuiteFile(path=path, content=content, suite=parsed(path, content))


def parsed(path: Path, content: bytes) -> Suite:
    """What a suite file says. Raises SpecError with the line of each fault."""
    found, lines = parsed_yaml(path, content)
    if not isinstance(found, Mapping):
        raise SpecError(f"{path}:1: expected the key 'cases' with a list, found {type(found).__name__}")
    try:
        return Suite.model_validate({**found, "cases": found.get("cases") or ()})
    except ValidationError as error:
        raise SpecError("\n".join(f"{path}:{_sentence(fault, lines)}" for fault in error.errors())) from None


def append(path: Path, case: Mapping[str, Any]) -> Suite:
    """Add a case at the end of the file; comments and layout of the others stay. A file that is not there is made.

    Raises SpecError when the case is none, when its id is taken, or when the file is not laid out to be added to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path.parent):
        before = path.read_bytes() if path.exists() else HEAD.encode()
        old = parsed(path, before)
        content = before.rstrip() + b"\n" + _block(before, case)
        try:
            new = parsed(path, content)
        except SpecError as error:
            raise SpecError(f"{error}; the case was not added, the file is as it was") from None
        if new.cases[:-1] != old.cases:
            raise SpecError(
                f"{path}: its cases are not the last thing in it, one a line after `cases:` and `- `; write them so, "
                f"then add again. The file is as it was"
            )
        write_file(path, content)
    return new


def _block(before: bytes, case: Mapping[str, Any]) -> bytes:
    """The case as lines of YAML, indented as the cases before it are."""
    node = yaml.compose(before.decode("utf-8"), Loader=yaml.SafeLoader)
    lists = [value for key, value in node.value if key.value == "cases"] if isinstance(node, yaml.MappingNode) else []
    indent = lists[0].start_mark.column if lists and lists[0].value and not lists[0].flow_style else 2
    lines = [f"{key}: {_quoted(value)}" for key, value in case.items()]
    margin = " " * indent
    return (f"{margin}- " + f"\n{margin}  ".join(lines) + "\n").encode()


def _quoted(value: Any) -> str:
    """On one line, with everything escaped that is not plain ASCII: a text may hold anything."""
    if isinstance(value, list):
        return "[" + ", ".join(_quoted(each) for each in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(yaml.safe_dump(value, default_style='"', width=float("inf"))).strip()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One who adds at a time: a second would write the file without what the first one added."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sentence(fault: ErrorDetails, lines: Mapping[Place, int]) -> str:
    # Of a case of a known kind, pydantic names the kind as a part of the place.
    place: Place = tuple(part for part in fault["loc"] if part not in KINDS)
    line = next((lines[place[:depth]] for depth in range(len(place), -1, -1) if place[:depth] in lines), 1)
    where, kind = ".".join(map(str, place)), next((part for part in fault["loc"] if part in KINDS), None)
    message = (fault["msg"][:1].lower() + fault["msg"][1:]).removeprefix("value error, ")
    known = f"; a {kind} has {', '.join(sorted(KINDS[str(kind)].model_fields))}" if kind else ""
    if fault["type"] == "extra_forbidden":
        return f"{line}: unknown key {where!r}{known or '; known is cases'}"
    if fault["type"] == "missing":
        return f"{line}: key {where!r} is missing{known}"
    if fault["type"] in ("union_tag_not_found", "union_tag_invalid"):
        return f"{line}: {where} has no kind that is known; expected kind: {', '.join(KINDS)}"
    return f"{line}: {where + ': ' if where else ''}{message}{known}"
