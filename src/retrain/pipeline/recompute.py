"""Does the stored evidence of an entry give the same decision again? By the policies and rules of then, to the byte."""

import json
from typing import Any

from retrain.dataset import stored
from retrain.dataset.clean import normalised
from retrain.drift.policy import DriftPolicy
from retrain.drift.report import DriftReport
from retrain.evaluation.comparison import EvaluationReport
from retrain.pipeline.case import SINCE, WORDED, Again, Case, Faults
from retrain.pipeline.judge import verdict
from retrain.pipeline.probation_again import other_probation
from retrain.pipeline.review_again import rests_on, review_again
from retrain.pipeline.saying import moved, signals
from retrain.pipeline.spent_again import budget_again, uses_budget
from retrain.promotion.best import beats_best
from retrain.promotion.decision import PromotionDecision
from retrain.promotion.gate import RULES, decide
from retrain.promotion.policy import PromotionPolicy
from retrain.store.events import Checked, Dismissed, Ended, Prepared, ProbationSeen, Promoted, Reviewed, RolledBack
from retrain.store.ledger import LedgerEntry
from retrain.trigger.decide import Situation
from retrain.trigger.decide import decide as decide_trigger
from retrain.trigger.policy import TriggerPolicy
from retrain.values import canonical_json, short


def gate_again(case: Case) -> Faults:
    """The gate's decision, by the rules that were run then; and that the entry did what the gate said."""
    site, entry = case.site, case.entry
    digest = entry.evidence["evaluation"]
    report = EvaluationReport.model_validate_json(site.evaluations.read(digest, "evaluation.json"))
    policy = PromotionPolicy.model_validate_json(site.evaluations.read(digest, "policy.json"))
    content = site.evaluations.read(digest, "decision.json")
    first = PromotionDecision.model_validate_json(content)
    known = {rule.__name__: rule for rule in RULES}
    gone = [check.rule for check in first.checks if check.rule not in known]
    if gone:
        yield f"evaluation {short(digest)} was decided by the rule {gone[0]!r}, which this program does not have"
        return
    again = decide(report, policy, [known[check.rule] for check in first.checks])
    # Earlier programs worded some reasons otherwise: of their entries every rule's verdict is held to.
    worded = entry.format >= WORDED
    same = [(one.rule, one.verdict) for one in again.checks] == [(one.rule, one.verdict) for one in first.checks]
    if (_as_then(again.model_dump(mode="json"), json.loads(content)) != content) if worded else not same:
        yield f"evaluation {short(digest)} was decided {first.verdict!r}; the same evidence gives {again.verdict!r} now"
    yield from _followed(case, first)
    yield from _stated(case, report, policy)


def _stated(case: Case, report: EvaluationReport, policy: PromotionPolicy) -> Faults:
    """That what the evaluation says of the ledger stands in the ledger: what people said, and the best champion."""
    event = case.entry.event
    yield from rests_on(case, report)
    if isinstance(event, Promoted) and event.decided is not None and event.beats_best != beats_best(report, policy):
        yield f"it says that it {'beats' if event.beats_best else 'does not beat'} the best champion ever; it is not so"


def _followed(case: Case, said: PromotionDecision) -> Faults:
    entry, event = case.entry, case.entry.event
    if isinstance(event, Promoted) and (event.claim is not None or event.by == "pending"):
        if (event.version, event.over) != (said.challenger, said.champion) or said.verdict != "promote":
            yield (
                f"it promotes {short(event.version)}, and the gate said {said.verdict} for {short(said.challenger)} "
                f"over {short(said.champion or 'none')}"
            )
        if entry.reasons != said.reasons:
            yield "its reasons are not those that the gate gave"
    champion = case.before.champion.version if case.before.champion else None
    # A challenger that somebody made champion by hand meanwhile is held: there is nothing left to promote or wait for.
    expected = {"held" if said.verdict == "hold" else said.verdict, *(["held"] if said.challenger == champion else [])}
    if isinstance(event, Ended) and event.outcome not in expected:
        yield f"it ended {event.outcome}, and the gate said {said.verdict}"
    if isinstance(event, Dismissed) and (event.outcome, said.verdict) != ("held", "hold"):
        yield f"it dismisses {short(event.challenger)} as {event.outcome}, and the gate said {said.verdict}"


def check_again(case: Case) -> Faults:
    """The verdict of a drift check, from its stored report, its policy, and what the monitor remembered."""
    site, before, entry = case.site, case.before, case.entry
    event, digest = entry.event, entry.evidence["report"]
    assert isinstance(event, Checked)
    shelf = site.checks(event.end)
    report = DriftReport.model_validate_json(shelf.read(digest, "report.json"))
    policy = DriftPolicy.model_validate(json.loads(shelf.read(digest, "policy.json"))["drift"])
    found = verdict(before, report, policy)
    told = {"monitor": found.monitor.model_dump(mode="json"), "evidence": _plain(found.evidence), "state": found.state}
    told |= {"signals": [_plain(one) for one in signals(report)], "moved": moved(report)}
    told |= {"broken": report.quarantined, "fairness": _plain(report.fairness)}
    told |= {"performance": _plain(report.performance), "drift_kind": report.kind}
    for name, again in told.items():
        first = event.model_dump(mode="json")[name]
        if canonical_json(again) != canonical_json(first):
            yield f"its {name.replace('_', ' ')} is {_shown(first)}; the stored report gives {_shown(again)} now"


def trigger_again(case: Case) -> Faults:
    """Whether a retrain was due, from the situation that the entry tells and the policy stored beside the report."""
    site, entry = case.site, case.entry
    event = entry.event
    assert isinstance(event, Checked)
    assert event.asked_at is not None
    stored_policy = json.loads(site.checks(event.end).read(entry.evidence["report"], "policy.json"))["trigger"]
    situation = Situation.model_validate_json(canonical_json(event.situation))
    again = decide_trigger(situation, TriggerPolicy.model_validate(stored_policy), now=event.asked_at)
    said = (event.retrain, event.waiting, event.budget_used, event.labels_missing)
    if said != (again.retrain, again.waiting, again.budget_used, again.labels_missing):
        yield f"its trigger said retrain={event.retrain}; the same situation gives retrain={again.retrain} now"
    if entry.reasons[len(entry.reasons) - len(again.reasons) :] != again.reasons:
        yield f"the reasons of its trigger are not those that the same situation gives now: {'; '.join(again.reasons)}"
    told = {"check_state": event.state, "champion_since": entry.state.champion and entry.state.champion.since}
    for name, value in told.items():
        if getattr(situation, name) != value:
            yield f"its trigger was asked with {name} {getattr(situation, name)}, and the entry leads to {value}"


def dataset_again(case: Case) -> Faults:
    """What must hold of a training snapshot: nothing held out is trained on, and once held out is held out for ever."""
    site, before, entry = case.site, case.before, case.entry
    event, digest = entry.event, entry.evidence["dataset"]
    assert isinstance(event, Prepared)
    snapshot = stored.get(site.snapshots, digest)
    told = {part: len(getattr(snapshot, part)) for part in stored.PARTS}
    if site.snapshots.manifest(digest).about["rows"] != told or event.clean != snapshot.clean:
        yield f"snapshot {short(digest)} holds {told}, and says it holds another number of rows"
    learned = {normalised(row.text) for row in (*snapshot.train, *snapshot.validation)}
    held = {normalised(row.text) for row in snapshot.heldout}
    if found := len(learned & held):
        yield f"snapshot {short(digest)} trains on {found} of the rows that it holds out"
    if before.snapshot is not None and site.snapshots.holds(before.snapshot):
        earlier = {normalised(row.text) for row in stored.get(site.snapshots, before.snapshot).heldout}
        if found := len(learned & earlier):
            yield f"snapshot {short(digest)} trains on {found} rows that the one before held out"


def champion_again(case: Case) -> Faults:
    """That a change of champion replaces the champion that there was."""
    before, entry = case.before, case.entry
    event = entry.event
    champion = before.champion.version if before.champion else None
    if isinstance(event, Promoted) and event.over != champion:
        yield f"it replaces {short(event.over or 'none')}, and the champion before it was {short(champion or 'none')}"
    if isinstance(event, RolledBack):
        earlier = before.predecessors[-1].version if before.predecessors else None
        if (event.withdrawn, event.version) != (champion, earlier):
            yield f"it goes back from {short(event.withdrawn)} to {short(event.version)}, which is not the one before"


def probation_again(case: Case) -> Faults:
    """What a look at a probation came to, from both models' answers and the labels of then."""
    if (found := other_probation(case.site, case.before, case.entry)) is not None:
        yield found


def recomputed(entry: LedgerEntry) -> dict[str, Again]:
    """What of an entry can be computed again, by name. All else of it is only verified: its bytes, chain and state."""
    event, found = entry.event, dict[str, Again]()
    if "evaluation" in entry.evidence:
        found["gate"] = gate_again
    if uses_budget(entry):
        found["budget"] = budget_again
    if isinstance(event, Checked) and entry.evidence.get("report") and entry.format >= SINCE:
        found["check"] = check_again
        if event.asked_at is not None:
            found["trigger"] = trigger_again
    if isinstance(event, Prepared) and "dataset" in entry.evidence:
        found["dataset"] = dataset_again
    if isinstance(event, Promoted | RolledBack):
        found["champion"] = champion_again
    if isinstance(event, Reviewed):
        found["review"] = review_again
    if isinstance(event, ProbationSeen | RolledBack) and event.tally is not None:
        found["probation"] = probation_again
    return found


def _as_then(again: dict[str, Any], first: dict[str, Any]) -> bytes:
    """Without what this program says besides: a field that came later was not decided then."""
    return canonical_json({name: value for name, value in again.items() if name in first})


def _plain(value: Any) -> Any:
    return None if value is None else value.model_dump(mode="json")


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else canonical_json(value).decode()
    return text if len(text) <= 80 else f"{text[:77]}..."
