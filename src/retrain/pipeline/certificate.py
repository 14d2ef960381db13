"""What does the gate need to know besides both models' answers? How much it may err, which champion was best."""

from retrain.evaluation.evidence import Budget
from retrain.evaluation.power import DEFAULT_POWER, USUAL_DISAGREEMENT, gain_for_power
from retrain.pipeline.site import Site
from retrain.promotion import spending
from retrain.promotion.error import most_error
from retrain.promotion.words import percent
from retrain.store.state import Champion, State


def budget_of(site: Site, state: State, rows: int) -> Budget:
    """What a decision on so many held-out rows may err now."""
    share = site.spec.dataset.heldout_share
    return spending.budget(state, rows, site.spec.promotion, now=site.clock(), heldout_share=share)


def best_of(state: State) -> Champion | None:
    """The best champion ever; in ledgers from before it was kept, the champion of now."""
    return state.best or state.champion


def foreseen(site: Site, state: State, rows: int) -> str:
    """What the gate will be able to see, said before anything is trained."""
    seen, policy = budget_of(site, state, rows), site.spec.promotion
    if seen.worn:
        return f"{rows} held-out rows took part in {seen.uses:.1f} decisions each: they will decide nothing more"
    error = min(seen.level, most_error(policy))
    gain = gain_for_power(rows, USUAL_DISAGREEMENT, 2 * error)
    assumed = f"{rows:,} held-out rows and {percent(USUAL_DISAGREEMENT)} disagreement"
    if gain is None:
        return f"with {assumed} no gain at all is seen with {percent(DEFAULT_POWER)}; more labels are the way"
    return f"with {assumed} a gain of {100 * gain:.1f} points is seen with {percent(DEFAULT_POWER)}"
