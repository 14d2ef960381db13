"""Do the files keep the rules of the house? Imports between rooms are import-linter's; the rest is here."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from retrain.spec import ModelSpec
from retrain.values import Policy

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "flows").rglob("*.py")])
LIMITED = [path for room in ("src", "flows", "tests", "benchmarks") for path in sorted((ROOT / room).rglob("*.py"))]
TREES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_bytes()) for path in SOURCES}

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
MAX_PARAMETERS = 5
FAMILY = {"torch", "transformers", "peft", "safetensors"}
MAY_IMPORT = {
    "boto3": {"boto3"},
    "cryptography": {"cryptography"},
    "evidently": {"evidently"},
    "matplotlib": {"matplotlib"},
    "optuna": {"optuna"},
    "peft": FAMILY,
    "prefect": {"prefect"},
    "prometheus_client": {"prometheus_client"},
    "py3langid": {"py3langid"},
    "torch": FAMILY,
    "transformers": FAMILY,
    "trl": {"trl"},
}
"""Last part of a file's name, to the libraries that this file may import."""
GUARDED = set(MAY_IMPORT)
STAGES = {"production", "drift", "trigger", "dataset", "training", "evaluation", "promotion", "labels"}
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "handler", "handlers"}
HOME = re.compile(r"/(?:root|home|Users)/\w|[A-Z]:\\Users\\")
WRITTEN = (".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".json", ".csv", ".cfg", ".ini", "Makefile", "run")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Rule = Callable[[str, ast.Module], Iterator[str]]


def imported(tree: ast.Module) -> Iterator[str]:
    """Dotted names of all modules that a file imports: on top, inside functions, and by import_module("name")."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            yield from (str(each.value) for each in node.args if isinstance(each, ast.Constant))


def library_stays_in_its_file(path: str, tree: ast.Module) -> Iterator[str]:
    """A guarded library is imported only where the file's name says so, prefect also in flows/."""
    stem = Path(path).stem
    allowed = {"prefect"} if path.startswith("flows/") else set()
    for library, may in MAY_IMPORT.items():
        if stem == library or stem.endswith(f"_{library}"):
            allowed |= may
    for library in sorted({name.split(".")[0] for name in imported(tree)} & GUARDED - allowed):
        yield f"{path} imports {library}, so its name should end in _{library}.py"


def flow_calls_the_pipeline(path: str, tree: ast.Module) -> Iterator[str]:
    """A flow imports no stage; nothing in src imports a flow."""
    for name in imported(tree):
        first, _, rest = name.partition(".")
        if path.startswith("src/") and first == "flows":
            yield f"{path} imports {name}; nothing imports flows"
        if path.startswith("flows/") and first == "retrain" and rest.split(".")[0] in {*STAGES, "cli", "demo"}:
            yield f"{path} imports {name}; a flow calls retrain.pipeline"


def flow_is_a_page(path: str, tree: ast.Module) -> Iterator[str]:
    """A flow imports Prefect, the use cases, what they are asked with, and other flows; no other library."""
    if not path.startswith("flows/"):
        return
    for name in imported(tree):
        first, _, rest = name.partition(".")
        ours = first == "retrain" and rest.split(".")[0] in {"pipeline", "service", "settings", "errors", "store"}
        if not ours and first not in {"prefect", "flows"} and first not in sys.stdlib_module_names:
            yield f"{path} imports {name}; a flow imports prefect and retrain.pipeline"


def functions_are_short(path: str, tree: ast.Module) -> Iterator[str]:
    """At most 40 lines, and 5 parameters; self, cls and *args are not counted."""
    for node in ast.walk(tree):
        if not isinstance(node, Function):
            continue
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > MAX_FUNCTION_LINES:
            yield f"{path}:{node.lineno} {node.name} has {lines} lines, {MAX_FUNCTION_LINES} allowed"
        names = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        counted = len(names) - (names[:1] in (["self"], ["cls"]))
        if counted > MAX_PARAMETERS:
            yield f"{path}:{node.lineno} {node.name} has {counted} parameters, {MAX_PARAMETERS} allowed"


def module_answers_a_question(path: str, tree: ast.Module) -> Iterator[str]:
    """The first docstring line asks what the file answers; errors.py and values.py are known by their names."""
    if not tree.body and Path(path).name == "__init__.py":
        return
    first = (ast.get_docstring(tree) or "").partition("\n")[0]
    if not first or ("?" not in first and Path(path).name not in ("errors.py", "values.py")):
        yield f"{path} begins with {first!r}; expected the question that the file answers"


def names_say_what_it_is(path: str, tree: ast.Module) -> Iterator[str]:
    """No file, folder or class is called utils, helpers, common, manager or handler."""
    classes = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for name in (*Path(path).with_suffix("").parts, *classes):
        words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
        if EMPTY_NAMES & {word.lower() for word in words}:
            yield f"{path}: the name {name!r} does not say what it is"


RULES: tuple[Rule, ...] = (
    library_stays_in_its_file,
    flow_calls_the_pipeline,
    flow_is_a_page,
    functions_are_short,
    module_answers_a_question,
    names_say_what_it_is,
)
LONG = "def long():\n" + "    pass\n" * MAX_FUNCTION_LINES
VIOLATIONS = [
    ("src/retrain/drift/scores.py", "def f():\n    from torch import nn", library_stays_in_its_file),
    ("src/retrain/drift/scores.py", "importlib.import_module('evidently.report')", library_stays_in_its_file),
    ("src/retrain/drift/report_evidently.py", "import prefect", library_stays_in_its_file),
    ("src/retrain/drift/nottorch.py", "import torch", library_stays_in_its_file),
    ("src/retrain/pipeline/run.py", "from flows.check import check", flow_calls_the_pipeline),
    ("flows/check.py", "from retrain.drift.scores import scores", flow_calls_the_pipeline),
    ("flows/check.py", "from retrain import drift", flow_calls_the_pipeline),
    ("flows/check.py", "import polars", flow_is_a_page),
    ("flows/check.py", "from retrain.spec import ModelSpec", flow_is_a_page),
    ("flows/patrol.py", "from retrain.drift.check import score", flow_is_a_page),
    ("src/retrain/a.py", LONG, functions_are_short),
    ("src/retrain/a.py", "async def f(a, /, b, c, *d, e, f, g): ...", functions_are_short),
    ("src/retrain/a.py", "class A:\n    def f(self, a, b, c, d, e, f): ...", functions_are_short),
    ("src/retrain/a.py", "x = 1", module_answers_a_question),
    ("src/retrain/a.py", '"""Things about a.\n\nWhat else?"""', module_answers_a_question),
    ("src/retrain/store/__init__.py", "x = 1", module_answers_a_question),
    ("src/retrain/store/s3_utils.py", "", names_say_what_it_is),
    ("src/retrain/common/a.py", "", names_say_what_it_is),
    ("src/retrain/a.py", "class LogHandler: ...", names_say_what_it_is),
]
ALLOWED = [
    ("flows/check.py", "from prefect import flow\nfrom retrain.pipeline.check import check", flow_calls_the_pipeline),
    ("flows/check.py", "from prefect import flow", library_stays_in_its_file),
    ("flows/check.py", "import sys\nfrom retrain.settings import from_environment", flow_is_a_page),
    ("flows/patrol.py", "from flows.check import check_model", flow_is_a_page),
    ("flows/deployments.py", "from retrain.service.server_prefect import connected", flow_is_a_page),
    ("src/retrain/training/finetune_peft.py", "import torch, peft, transformers", library_stays_in_its_file),
    ("src/retrain/drift/scores.py", "import torchlike\nfrom .torch import x", library_stays_in_its_file),
    ("src/retrain/a.py", LONG.removesuffix("    pass\n"), functions_are_short),
    ("src/retrain/a.py", "class A:\n    def f(self, a, b, c, d, e, *f): ...", functions_are_short),
    ("src/retrain/store/__init__.py", "", module_answers_a_question),
    ("src/retrain/a.py", "class Commonplace: ...", names_say_what_it_is),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_file_keeps(rule: Rule) -> None:
    assert [broken for path, tree in TREES.items() for broken in rule(path, tree)] == []


@pytest.mark.parametrize(("path", "source", "rule"), VIOLATIONS)
def test_a_violation_is_seen(path: str, source: str, rule: Rule) -> None:
    assert list(rule(path, ast.parse(source)))


@pytest.mark.parametrize(("path", "source", "rule"), ALLOWED)
def test_what_is_allowed_passes(path: str, source: str, rule: Rule) -> None:
    assert list(rule(path, ast.parse(source))) == []


def test_files_stay_below_the_limit() -> None:
    lines = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in LIMITED}
    assert {path: count for path, count in lines.items() if count > MAX_FILE_LINES} == {}


def test_no_file_names_a_home_directory() -> None:
    rooms = ("src", "flows", "tests", "examples", "benchmarks", "dashboards", "deploy", "docs", ".ci")
    found = [path for room in rooms for path in (ROOT / room).rglob("*")] + list(ROOT.glob("*"))
    files = [path for path in found if "node_modules" not in path.parts]
    texts = {path: path.read_text("utf-8") for path in files if path.is_file() and path.name.endswith(WRITTEN)}
    assert [str(path.relative_to(ROOT)) for path, text in texts.items() if HOME.search(text)] == []


def undescribed(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[str]:
    """Numbers of a policy and of the policies inside it that lack a default, a sentence, or both."""
    seen.add(model)
    for name, field in model.model_fields.items():
        kinds: set[Any] = {field.annotation, *get_args(field.annotation)}
        if kinds & {int, float}:
            if field.is_required():
                yield f"{model.__name__}.{name} has no default"
            if not (field.description or "").rstrip().endswith("."):
                yield f"{model.__name__}.{name} has no sentence that says where its default comes from"
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in seen:
                yield from undescribed(kind, seen)


def test_every_number_of_a_policy_has_a_default_and_a_sentence() -> None:
    seen: set[type[BaseModel]] = set()
    assert list(undescribed(ModelSpec, seen)) == []
    assert {model.__name__ for model in seen} >= {f"{stage.capitalize()}Policy" for stage in STAGES}


def test_a_number_without_default_or_sentence_is_seen() -> None:
    class Bare(Policy):
        rows: int
        share: float | None = 0.5
        name: str

    class Outer(Policy):
        bare: Bare

    named = [each.partition(" has no ")[0] for each in undescribed(Outer, set())]
    assert named == ["Bare.rows", "Bare.rows", "Bare.share"]


def loaded(*arguments: str) -> tuple[str, set[str]]:
    """What a fresh interpreter prints, and the top-level packages that it loads on the way."""
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)
    said = done.stderr.splitlines()
    assert done.returncode == 0, [line for line in said if not line.startswith("import time:")]
    return done.stdout, {line.rpartition("|")[2].strip().split(".")[0] for line in said}


@pytest.mark.parametrize(
    ("arguments", "printed"), [(("-c", "import retrain"), ""), (("-m", "retrain.cli.main", "--help"), "Usage")]
)
def test_a_light_start_loads_no_heavy_library(arguments: tuple[str, ...], printed: str) -> None:
    output, packages = loaded(*arguments)
    assert printed in output
    assert "retrain" in packages
    assert packages & {"torch", "evidently", "transformers", "prefect"} == set()
