"""Does a verdict of people say what their stored judgements say, and does a decision rest on it? For audits.

That a person gave a verdict is their word, and no computation: it is held to the bundle that was stored with it.
"""

import json
from math import isclose

from retrain.evaluation.comparison import EvaluationReport
from retrain.pipeline.case import Case, Faults
from retrain.pipeline.review_room import place_of
from retrain.pipeline.reviewing import PLAN, SAID
from retrain.pipeline.verdicts import SINCE, Word, as_seen, counted, counted_before, said_before
from retrain.review.judgement import Said, seat
from retrain.review.plan import About, Plan, as_drawn
from retrain.review.tally import Tally, tally_of
from retrain.store.events import Dismissed, Ended, Promoted, Reviewed
from retrain.values import short


def review_again(case: Case) -> Faults:
    """That a verdict is about what waited, and counts what was said, by those who said it."""
    entry, event, shelf = case.entry, case.entry.event, case.site.reviews
    assert isinstance(event, Reviewed)
    digest, pending = entry.evidence["review"], case.before.pending
    about = shelf.manifest(digest).about
    of = About(event.evaluation, event.challenger, event.champion)
    if pending is None or About(pending.evaluation, pending.challenger, pending.champion) != of:
        yield f"it is a verdict about {short(event.challenger)}, which did not wait for one"
    told = {"evaluation": event.evaluation, "verdict": event.verdict}
    for name, value in told.items():
        if about[name] != value:
            yield f"its {name} is {value}; the stored review says {about[name]}"
    if not entry.actor.startswith(f"{about['by']}, through "):
        yield f"it was written by {entry.actor!r}; the stored review is by {about['by']!r}"
    tally: Tally | None = None
    if PLAN in shelf.manifest(digest).files:
        plan = Plan.model_validate_json(shelf.read(digest, PLAN))
        said = [Said.model_validate_json(line) for line in shelf.read(digest, SAID).splitlines()]
        tally = tally_of(plan, said)
        yield from _as_shown(case, of, plan)
        yield from _as_said(case, event.evaluation, said)
    before = said_before(reversed(case.earlier), event.challenger, event.champion)
    # Who could leave out who judged rows would count them among those who approved, as it was done before.
    count = counted if entry.format >= SINCE else counted_before
    yield from _apart(event, count(of, tally, Word(event.verdict, about["by"], event.note), before))


def rests_on(case: Case, report: EvaluationReport) -> Faults:
    """That what an evaluation says of people is what the newest verdict before it says."""
    seen, compared = report.review, report.comparison
    verdict = said_before(reversed(case.earlier), compared.challenger_version, compared.champion_version).newest
    entry = seen.entry if seen else None
    if entry is not None and (verdict is None or entry > verdict.number):
        yield f"its evaluation rests on a review in entry {entry}, and that entry says no such thing"
    elif verdict is not None and entry is not None and entry == verdict.number:
        said = as_seen(verdict)
        wrong = [name for name, value in said.items() if getattr(seen, name) != value]
        if wrong:
            yield f"its evaluation rests on a review in entry {entry}, and that entry says otherwise of {wrong[0]!r}"
    elif verdict is not None and isinstance(case.entry.event, Ended | Promoted | Dismissed):
        word = as_seen(verdict)["verdict"]
        yield f"its evaluation does not know of entry {verdict.number}, in which people say {word}"


def _as_shown(case: Case, of: About, plan: Plan) -> Faults:
    if About(plan.evaluation, plan.challenger, plan.champion) != of or not as_drawn(plan):
        yield "its rows and sides are not those that its seed gives"
    key = place_of(case.site, of.evaluation) + PLAN
    if next(case.site.store.keys(key), None) == key and case.site.store.read(key) != plan.canonical():
        yield "its rows and sides are not those that people were shown"


def _as_said(case: Case, evaluation: str, said: list[Said]) -> Faults:
    """Words are kept as they came, under numbers that are taken once: those of a seat only ever grow."""
    place, store = f"{place_of(case.site, evaluation)}seats/", case.site.store
    kept: dict[str, list[bytes]] = {}
    for key in sorted(store.keys(place)):
        kept.setdefault(key.removeprefix(place).split("/")[0], []).append(store.read(key))
    counted: dict[str, list[Said]] = {}
    for one in said:
        counted.setdefault(seat(one.reviewer), []).append(one)
    for name, words in counted.items():
        if kept and [one.canonical() for one in words] != kept.get(name, [])[: len(words)]:
            yield f"it counts {len(words)} words of {words[-1].reviewer!r}, who said other ones"


def _apart(said: Reviewed, computed: Reviewed) -> Faults:
    first, again = (json.loads(one.canonical()) for one in (said, computed))
    for name, value in first.items():
        there = again[name]
        close = isinstance(value, float) and isinstance(there, float) and isclose(value, there, rel_tol=1e-9)
        if value != there and not close:
            yield f"its {name.replace('_', ' ')} is {_shown(value)}; the stored judgements give {_shown(there)}"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        value = [f"{name} ({count})" for name, count in value.items()]
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nobody"
    return "none" if value is None else str(value)
