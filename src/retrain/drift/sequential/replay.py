"""May the monitor be armed with this reference? Its own windows go through the detector first."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from retrain.drift.policy import LEAST_ARMED, DriftPolicy
from retrain.drift.reference import ReferenceProfile
from retrain.drift.sequential.budget import needed
from retrain.drift.sequential.looks import looked
from retrain.store.events import Replay

MOST_LOOKS = 24
"""Windows replayed at most, so that arming takes seconds; of longer references the newest ones."""
SURE = 0.05
"""More alarms than the budget explains: as many come once in twenty references, or less."""


def replay(profile: ReferenceProfile, policy: DriftPolicy) -> Replay:
    """Each window of the reference against all the rest of it, in the order of time."""
    alarms, most, raised = 0, 1.0, set[str]()
    windows = _windows(profile, policy)[-MOST_LOOKS:]
    for look in looked(profile, ((window, profile.seen.taken(window)) for window in windows), policy):
        said = look.monitor.evidence
        if look.state == "insufficient_data" or said is None:
            # Nothing in it can be watched, so it raises no alarm either.
            continue
        most = max(most, said.total)
        if look.opened:
            alarms += 1
            raised |= {name for name, found in said.signals.items() if found >= said.needed}
    return Replay(
        looks=len(windows),
        alarms=alarms,
        evidence=most,
        needed=float(f"{needed(policy):.6g}"),
        signals=tuple(sorted(raised)),
    )


def not_armed(profile: ReferenceProfile, seen: Replay) -> str | None:
    """Why the monitor must not be armed, or None when it may be."""
    rows = profile.seen.rows.height
    if rows < LEAST_ARMED:
        return f"the drift reference holds {rows} rows, {LEAST_ARMED} needed for a budget of false alarms"
    if seen.alarms and poisson.sf(seen.alarms - 1, seen.looks / seen.needed) <= SURE:
        return (
            f"the monitor is not armed: {seen.alarms} false alarms in {seen.looks} windows of the drift reference "
            f"itself ({', '.join(seen.signals)}), more than false_retrains_per_year allows. Its rows are not steady: "
            f"set drift.season (hour, weekday) or a longer drift.window_hours if traffic has a rhythm; otherwise it is "
            f"tried again with more rows when the next window is complete"
        )
    return None


def _windows(profile: ReferenceProfile, policy: DriftPolicy) -> list[NDArray[np.int64]]:
    """Row numbers of as many runs of rows as the reference spans windows, none with fewer than `min_rows`."""
    rows = profile.seen.rows.height
    spans = (profile.end - profile.start).total_seconds() / 3_600 / policy.window_hours
    count = min(max(2, round(spans)), max(2, rows // policy.min_rows))
    return [part for part in np.array_split(np.arange(rows), count) if len(part)]
