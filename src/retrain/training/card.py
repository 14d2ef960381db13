"""What should a person know before relying on this version? The model card, from what was measured and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from retrain.training.version import Cost, Kind, ModelVersion, Trial

KINDS: dict[Kind, str] = {
    "lora": "low-rank adapter (LoRA) and linear head on a frozen base",
    "probe": "linear head on the frozen embeddings of the base",
}
LIMITS = """\
- It answers with one of the labels above, whatever it is asked; for a text that belongs to none of them the answer is
  wrong by construction, and the confidence need not be low.
- It was validated on rows from the same sources as the training rows. How it does on other phrasing, other languages or
  other users was not measured here.
- Whether it treats groups of people alike was not measured here; see the evaluation report of this version.
- The validation rows chose the settings and the temperature, so the figures on them are somewhat too good. The held-out
  figures in the evaluation report are the ones to go by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What it learned from."""

    train: Mapping[str, int]
    """Label to number of training rows."""
    validation_rows: int


def model_card(version: ModelVersion, data: Data) -> str:
    """The card as Markdown. The same version and data give the same text."""
    lineage = version.lineage
    parts = [
        f"# {lineage.model}",
        f"A text classifier with {len(version.labels)} labels: {KINDS[lineage.kind]}. Trained by retrain, unattended.",
        _section("Lineage", _lineage(version)),
        _section("Data", _data(data)),
        _section("Validation", _validation(version, data)),
        _section("Tuning", _trials(version.trials)),
        _section("Cost", _cost(version.cost)),
        _section("Limits", LIMITS),
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n{text}"


def _lineage(version: ModelVersion) -> str:
    lineage = version.lineage
    packages = ", ".join(f"{name} {number}" for name, number in sorted(lineage.packages.items()))
    return _table(
        ("what", "which"),
        [
            ("base", f"{_cell(lineage.base)}, digest `{lineage.base_digest}`"),
            ("dataset", f"`{lineage.snapshot}`"),
            ("trained at", f"{lineage.trained_at:%Y-%m-%d %H:%M} {lineage.trained_at.tzname() or ''}".strip()),
            ("seed", str(lineage.seed)),
            ("tokens read of a text", str(version.max_tokens)),
            ("temperature", f"{version.temperature:.3f}"),
            ("packages", packages),
        ],
    )


def _data(data: Data) -> str:
    counts = sorted(data.train.items(), key=lambda entry: (-entry[1], entry[0]))
    table = _table(("label", "training rows"), [(_cell(label), str(count)) for label, count in counts])
    return f"{sum(data.train.values())} training rows and {data.validation_rows} validation rows.\n\n{table}"


def _validation(version: ModelVersion, data: Data) -> str:
    rows = [
        (kind + (" (this version)" if kind == version.lineage.kind else ""), f"{accuracy:.3f}")
        for kind, accuracy in sorted(version.validation_accuracy.items())
    ]
    gap = f"On training rows this version has accuracy {version.train_accuracy:.3f}."
    table = _table(("candidate", f"accuracy on {data.validation_rows} validation rows"), rows)
    return f"{table}\n\n{gap} Of equal candidates the cheaper probe is taken."


def _trials(trials: tuple[Trial, ...]) -> str:
    if not trials:
        return "No trial was run."
    rows = [
        (
            f"{trial.number} ({trial.origin})",
            f"{trial.learning_rate:.2g}",
            f"{trial.head_learning_rate:.2g}",
            str(trial.batch_size),
            f"{trial.epochs}{' (pruned)' if trial.pruned else ''}",
            f"{trial.validation_loss:.4f}",
            f"{trial.validation_accuracy:.3f}",
        )
        for trial in trials
    ]
    return _table(("trial", "rate", "head's rate", "batch", "epochs", "validation loss", "accuracy"), rows)


def _cost(cost: Cost) -> str:
    rows = [(f"{stage}, wall seconds", f"{seconds:.1f}") for stage, seconds in sorted(cost.wall_seconds.items())]
    rows += [("processor seconds", f"{cost.cpu_seconds:.1f}"), ("GPU seconds", f"{cost.gpu_seconds:.1f}")]
    rows.append(("energy", "not known" if cost.joules is None else f"{cost.joules:.0f} J"))
    rows.append(("money", "not known" if cost.money is None else f"{cost.money:.2f} {cost.currency}"))
    return "Of training alone, without data preparation and evaluation.\n\n" + _table(("what", "how much"), rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(text: str) -> str:
    """A text from outside, kept from breaking the table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
