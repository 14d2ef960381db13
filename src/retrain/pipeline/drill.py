"""Does the alarm budget hold for this model, and what does its monitor find? Tried on the model's own reference."""

from datetime import UTC, datetime
from typing import Literal

from retrain.drift.drill.run import LOOKS, drill
from retrain.drift.drill.sentences import said
from retrain.errors import UsageError
from retrain.pipeline.answers import with_answers
from retrain.pipeline.reference import load_reference
from retrain.pipeline.site import Site
from retrain.production.window import Window
from retrain.store.drilled import Drill
from retrain.store.events import Drilled
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.state import State
from retrain.values import Value, canonical_json

DAYS_PER_WEEK = 7
EPOCH = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday: weeks are counted from it, and each has its own seed."""


class DrillResult(Value):
    """What `retrain drill` answers."""

    model: str
    outcome: Literal["drilled", "refused"]
    drill: Drill | None
    propose_only: bool
    """Drift alarms start no retrain from now on: the measured rate is above the budget beyond chance."""
    reasons: tuple[str, ...]
    report: str | None
    """Address of what each look said."""


def drill_model(site: Site, *, looks: int = LOOKS, seed: int | None = None) -> DrillResult:
    """Drill one model's monitor, and write what was measured to its ledger. Without a seed, each week has another."""
    if looks < 1:
        raise UsageError(f"--looks is {looks}; at least 1 window has to be looked at")
    state = site.ledger.state()
    refusal = _refusal(site, state)
    if refusal is not None:
        return _refused(site, refusal)
    seed = (site.clock() - EPOCH).days // DAYS_PER_WEEK % 2**31 if seed is None else seed
    profile = load_reference(site, state)
    window = Window(start=profile.start, end=profile.end, rows=profile.seen.rows, total=profile.total)
    profile, _ = with_answers(site, state, profile, window)
    measured = drill(profile, site.spec.drift, looks=looks, seed=seed)
    numbers = measured.model_dump(exclude={"evidence", "raised"})
    found = Drill(at=site.clock(), reference=state.reference or "", seed=seed, **numbers)
    policy = site.spec.model_dump(mode="json", include={"drift"})
    digest = site.drills.put({"drill.json": measured.canonical(), "policy.json": canonical_json(policy)}, {})
    return _recorded(site, found, digest)


def _refusal(site: Site, state: State) -> str | None:
    """Why there is nothing to drill, or None when there is."""
    if state.reference is None:
        why = state.refused.reason if state.refused else "production has not logged enough rows yet"
        return f"no drift reference to drill: {why}"
    if site.spec.drift.rule == "evidently":
        return "rule evidently has no numbers of its own to drill: its verdict is Evidently's; choose another rule"
    return None


def _recorded(site: Site, found: Drill, digest: str) -> DrillResult:
    reasons = tuple(said(found))

    def draft(newest: LedgerEntry | None) -> Draft | None:
        if newest is None or newest.state.reference != found.reference:
            return None
        evidence = {"drill": digest, "reference": found.reference}
        return Draft(event=Drilled(drill=found, report=digest), reasons=reasons, actor=site.actor, evidence=evidence)

    if site.ledger.append(draft) is None:
        return _refused(site, "another champion came into service meanwhile: drill again when it has a reference")
    return DrillResult(
        model=site.model,
        outcome="drilled",
        drill=found,
        propose_only=found.refuted,
        reasons=reasons,
        report=site.drills.address(digest, "drill.json"),
    )


def _refused(site: Site, reason: str) -> DrillResult:
    state = site.ledger.state()
    only = state.drill is not None and state.drill.refuted
    return DrillResult(
        model=site.model, outcome="refused", drill=None, propose_only=only, reasons=(reason,), report=None
    )
