"""What does the gate need to know besides both models' answers? How much it may err, which champion was best."""

from retrain.evaluation.evidence import Budget
from retrain.evaluation.power import USUAL_DISAGREEMENT
from retrain.pipeline.site import Site
from retrain.promotion import spending
from retrain.promotion.error import most_error
from retrain.promotion.foresight import foresight
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
    return foresight(rows, USUAL_DISAGREEMENT, min(seen.level, most_error(policy)))
