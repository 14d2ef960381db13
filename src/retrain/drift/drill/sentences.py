"""How does a person say what a drill found? And when is it said that the budget does not hold?"""

from collections.abc import Iterator

from retrain.store.drilled import Drill, Power

NAMES = {
    "label_mix": "rows of one half of the labels",
    "unsure_rows": "rows that the model is least sure of",
    "new_words": "texts of unknown words",
    "copied_rows": "copies of three rows",
}


def refuted(drill: Drill) -> str | None:
    """Why drift alarms may only propose: the whole interval of the false-alarm rate lies above the budget."""
    if not drill.refuted or drill.budget is None:
        return None
    return (
        f"the drill of {drill.at:%Y-%m-%d} raised {rate(drill)}, more than the {drill.budget:g} allowed "
        f"(false_retrains_per_year), until a later drill finds it within the budget"
    )


def rate(drill: Drill) -> str:
    """The false alarms, with their bounds."""
    return (
        f"{drill.alarms} false alarms in {drill.looks} looks at its own reference, "
        f"{drill.per_year:.2g} a year ({drill.low:.2g} to {drill.high:.2g}, {drill.confidence:.0%})"
    )


def said(drill: Drill) -> Iterator[str]:
    """What was measured, one sentence each."""
    within = refuted(drill)
    if drill.budget is None:
        yield f"{rate(drill)}; the rule in use keeps no budget"
    elif within is None:
        yield f"{rate(drill)}; {drill.budget:g} a year allowed is not refuted"
    else:
        yield within
    yield from (_found(power, drill) for power in drill.planted)


def _found(power: Power, drill: Drill) -> str:
    what = f"{power.share:.0%} {NAMES[power.drift]}"
    if power.low is None or power.high is None:
        return f"{what}: not planted, {power.reason}"
    delay = f", in {power.windows:g} windows (median)" if power.windows is not None else ""
    return (
        f"{what}: found in {power.found} of {power.trials} trials ({power.low:.0%} to {power.high:.0%}) "
        f"within {drill.within} windows{delay}"
    )
