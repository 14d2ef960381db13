"""What is true of one model at this moment? Its newest ledger entry and its last evaluation, confirmed at each look."""

import logging
from dataclasses import dataclass
from typing import NoReturn

from pydantic import ValidationError

from retrain.errors import NotInStore, SafetyError, StoreError
from retrain.evaluation.comparison import EvaluationReport
from retrain.promotion.decision import PromotionDecision
from retrain.store.ledger import Ledger, LedgerEntry
from retrain.store.protocol import Store
from retrain.store.shelf import Shelf

log = logging.getLogger("retrain.telemetry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the gate decided on, and what it decided."""

    report: EvaluationReport
    decision: PromotionDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """One model as the store holds it now."""

    model: str
    entry: LedgerEntry | None
    """None: the ledger is there, but it is damaged."""
    evidence: Evidence | None = None
    """None when nothing was compared, or when the stored evaluation is damaged: the entry says whether there is one."""


class ModelReader:
    """Looks at one model again and again. Not to be used by two threads at once."""

    def __init__(self, store: Store, model: str) -> None:
        self._model = model
        # It confirms the entry it knows and reads on from there; kept here so that a look costs two reads.
        self._ledger = ledger_of(store, model)
        self._evaluations = evaluation_shelf(store, model)
        self._evidence: tuple[str, Evidence] | None = None
        self._told: dict[str, str] = {}

    def look(self) -> ModelView | None:
        """What the store holds now; none when the model has no ledger. Raises StoreError when the store is away."""
        try:
            entry = self._ledger.newest()
        except (StoreError, OSError):
            raise
        except Exception as error:  # noqa: BLE001  whatever a damaged entry does to us stays this one model's trouble
            self._tell("ledger", error)
            return ModelView(model=self._model, entry=None)
        self._told.pop("ledger", None)
        if entry is None:
            return None
        run = entry.state.last_run
        evidence = self._read(run.evaluation) if run and run.evaluation else None
        return ModelView(model=self._model, entry=entry, evidence=evidence)

    def _read(self, digest: str) -> Evidence | None:
        """The evaluation of that digest: never changed once stored, so it is read once."""
        if self._evidence is not None and self._evidence[0] == digest:
            return self._evidence[1]
        try:
            evidence = Evidence(
                report=EvaluationReport.model_validate_json(self._evaluations.read(digest, "evaluation.json")),
                decision=PromotionDecision.model_validate_json(self._evaluations.read(digest, "decision.json")),
            )
        except (NotInStore, SafetyError, ValidationError) as error:
            self._tell("evaluation", error)
            return None
        self._told.pop("evaluation", None)
        self._evidence = digest, evidence
        return evidence

    def _tell(self, what: str, error: Exception) -> None:
        """Once for each new trouble, not once a scrape."""
        sentence = f"{type(error).__name__}: {error}"
        if self._told.get(what) != sentence:
            self._told[what] = sentence
            log.error("the %s of %r is not exported: %s", what, self._model, sentence)


def ledger_of(store: Store, model: str) -> Ledger:
    """The ledger of a model, to be read."""
    return Ledger(store, model, _nothing_is_appended)


def evaluation_shelf(store: Store, model: str) -> Shelf:
    """Evaluations of challengers."""
    return Shelf(store, f"models/{model}/evaluations", "evaluation")


def _nothing_is_appended() -> NoReturn:
    raise AssertionError("the exporter only reads")
