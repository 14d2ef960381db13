"""Which held-out rows is a challenger trained for, when drift asked for it?"""

from collections.abc import Sequence
from datetime import datetime

from retrain.dataset.clean import seen_at
from retrain.dataset.snapshot import Example
from retrain.evaluation.compare import Drifted
from retrain.pipeline.claim import Run
from retrain.pipeline.site import Site
from retrain.pipeline.train import version_of
from retrain.store.events import Checked, Claimed
from retrain.store.state import Champion


def what_drifted(run: Run, heldout: Sequence[Example], champion: Champion | None) -> Drifted | None:
    """The held-out rows for whose sake drift asked for this run; none when something else asked for it.

    Those that production saw since the first window that was not quiet, and those of labels that the champion cannot
    answer. As it was when the run was claimed: a quiet window judged meanwhile does not change why it began.
    """
    if run.claim.cause != "drift" or champion is None:
        return None
    began, known = _began(run.site), set(version_of(run.site, champion.version).labels)
    new = "of labels new to the champion"
    name = f"seen since {began:%Y-%m-%d %H:%M} UTC, or {new}" if began else new
    return Drifted(name, [_since(row, began) or row.label not in known for row in heldout])


def _since(row: Example, began: datetime | None) -> bool:
    return began is not None and row.source == "production" and seen_at(row) >= began


def _began(site: Site) -> datetime | None:
    began, claimed = None, False
    for entry in site.ledger.backwards():
        if not claimed:
            # Who took over from a dead run goes on with its cause; what asked for it came before the first claim.
            claimed = isinstance(entry.event, Claimed) and entry.event.took_over is None
            continue
        if entry.state.last_check is None:
            break
        if isinstance(entry.event, Checked) and entry.event.state != "insufficient_data":
            if entry.event.state == "quiet":
                break
            began = entry.event.start
    return began
