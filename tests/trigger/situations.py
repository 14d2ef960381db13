"""In what situations may the trigger be asked? Whichever Hypothesis draws, and a few that have names."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from retrain.trigger.decide import Situation
from retrain.trigger.policy import TriggerPolicy

NOW = datetime(2026, 3, 30, 10, tzinfo=UTC)
POLICY = TriggerPolicy(quarterly=False, max_age_days=91)
MANUAL = {"asked": "manual", "reason": "new topic"}
DRIFTED = {"champion_since": NOW - timedelta(days=30), "episode_open": True, "check_state": "alarm"}

stamps = st.none() | st.timedeltas(timedelta(days=-400), timedelta(days=100)).map(lambda gap: NOW + gap)
situations = st.builds(
    Situation,
    asked=st.sampled_from(["check", "manual", "alert"]),
    reason=st.sampled_from(["", "new topic"]),
    check_state=st.sampled_from([None, "quiet", "warning", "alarm", "insufficient_data"]),
    episode_open=st.booleans(),
    episode_answered=st.booleans(),
    champion_since=stamps,
    last_retrain_ended=stamps,
    refusals_in_a_row=st.integers(0, 2_000),
    last_refusal_at=stamps,
    claim_active=st.booleans(),
    interrupted=st.sampled_from([None, "drift", "schedule", "manual", "alert"]),
    refuted=st.sampled_from([None, "3 false alarms in 100 looks"]),
    begun=st.lists(stamps.filter(bool), max_size=4).map(tuple),
    new_labels=st.none() | st.integers(0, 200),
    examples_missing=st.just(0) | st.integers(0, 900),
)
policies = st.builds(
    TriggerPolicy,
    on_drift=st.booleans(),
    max_age_days=st.floats(0.1, 1e300),
    cooldown_hours=st.floats(0, 1e300),
    refusal_retry_hours=st.floats(0.1, 1e300),
    max_retry_hours=st.floats(0.1, 1e300),
    quarterly=st.booleans(),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Auckland", "America/Los_Angeles"]),
    quarterly_min_age_days=st.floats(0, 1e300),
    max_runs_per_year=st.integers(1, 5),
    min_new_labels=st.integers(0, 100),
)


def ago(**gap: float) -> datetime:
    return NOW - timedelta(**gap)
