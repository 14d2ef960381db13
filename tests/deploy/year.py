"""What do the series of a healthy year look like? Hourly, as promtool reads them; one drift, and nothing to mend."""

from collections.abc import Callable
from pathlib import Path

HOUR, DAY = 3600, 86_400
QUARTER = 91 * 24
"""Hours between two scheduled retrains."""
RUN = 5
"""Hours a retrain takes, behind others on the same machine."""
CHECKED = 2
"""Hour of the day when the window of the day before is judged."""
DRIFTS = 40 * 24
"""Hour of the year when an alarm is raised; a retrain answers it, and holds the challenger back."""
CLEARED = DRIFTS + 6 * 24

OPEN = 3 * QUARTER + RUN
"""Hour of the year when a challenger is left open."""

LABELS = 'job="retrain",instance="127.0.0.1:9464"'


def healthy_year(folder: Path, days: int = 365) -> str:
    """A promtool test of the rules in `folder`: at the end of these days, only the drift alarm has ever fired."""
    hours = 24 * days
    lines = [
        f"rule_files: [{folder / 'recording.rules.yml'}, {folder / 'alerts.rules.yml'}]",
        "evaluation_interval: 1h",
        "tests:",
        "  - interval: 1h",
        "    input_series:",
    ]
    for name, value in SERIES.items():
        lines += [f"      - series: '{name}'", f"        values: '{_written([value(hour) for hour in range(hours)])}'"]
    lines += [
        "    promql_expr_test:",
        "      - expr: count by (alertname) (count_over_time(ALERTS{alertstate='firing'}[1y]))",
        f"        eval_time: {hours - 1}h",
        "        exp_samples:",
        "          - {labels: '{alertname=\"RetrainDriftAlarm\"}', value: 1}",
    ]
    return "\n".join(lines) + "\n"


def _promoted(hour: int) -> int:
    """Seconds: the end of the scheduled run whose challenger was promoted, those of even quarters."""
    ended = max(hour - RUN, 0) // QUARTER
    return (ended // 2 * 2 * QUARTER + RUN) * HOUR if ended >= 2 else -20 * DAY


def _running(hour: int) -> bool:
    scheduled = hour >= QUARTER and hour % QUARTER < RUN
    return scheduled or DRIFTS < hour <= DRIFTS + RUN


def _run_ended(hour: int) -> int | None:
    ends = [quarter * QUARTER + RUN for quarter in range(1, 5)] + [DRIFTS + RUN + 1]
    return max((end * HOUR for end in ends if end <= hour), default=None)


def _last_check(hour: int) -> int:
    """Once a day; the newest window of an hour before that is yesterday's."""
    return ((hour - CHECKED) // 24 * 24 + CHECKED) * HOUR


def _started(hour: int) -> int | None:
    if not _running(hour):
        return None
    return (DRIFTS + 1 if hour < DRIFTS + 24 and hour > DRIFTS else hour // QUARTER * QUARTER) * HOUR


def _expires(started: int | None) -> int | None:
    return None if started is None else started + 12 * HOUR


def _series(name: str, **labels: str) -> str:
    more = "".join(f',{label}="{value}"' for label, value in labels.items())
    return f'retrain_{name}{{{LABELS},model="shop"{more}}}'


def _drifts(hour: int) -> bool:
    return DRIFTS <= hour < CLEARED


SERIES: dict[str, Callable[[int], float | None]] = {
    f"up{{{LABELS}}}": lambda _: 1,
    'up{job="prefect",instance="127.0.0.1:4200"}': lambda _: 1,
    f"retrain_store_up{{{LABELS}}}": lambda _: 1,
    _series("ledger_up"): lambda _: 1,
    _series("watched"): lambda _: 1,
    _series("champion_since_timestamp_seconds"): _promoted,
    _series("last_check_timestamp_seconds"): _last_check,
    _series("window_end_timestamp_seconds"): lambda hour: _last_check(hour) - CHECKED * HOUR,
    _series("window_seconds"): lambda _: DAY,
    _series("window_rows"): lambda hour: 900 + hour % 7,
    _series("window_unusable_rows"): lambda hour: hour % 50,
    _series("check_state", state="insufficient_data"): lambda hour: int(hour // 24 % 30 == 7),
    _series("drift_score", signal="output"): lambda hour: 0.3 if _drifts(hour) else 0.05,
    _series("drift_threshold", signal="output"): lambda _: 0.1,
    _series("episode_open"): lambda hour: int(_drifts(hour)),
    _series("alarm_timestamp_seconds"): lambda hour: DRIFTS * HOUR if hour >= DRIFTS else None,
    _series("due"): lambda hour: int(hour == DRIFTS),
    _series("running"): lambda hour: int(_running(hour)),
    _series("run_started_timestamp_seconds"): _started,
    _series("claim_expires_timestamp_seconds"): lambda hour: (
        (_started(hour) or 0) + 12 * HOUR if _running(hour) else None
    ),
    _series("last_run_timestamp_seconds"): _run_ended,
    _series("last_run_outcome", outcome="failed"): lambda _: 0,
    _series("refusals_in_a_row"): lambda _: 0,
    _series("labels_missing"): lambda _: 0,
    # The challenger of the third quarter is left open, and decided when the labels of that week have come.
    _series("challenger_waiting", reason="labels"): lambda hour: int(OPEN <= hour < OPEN + 7 * 24),
    _series("challenger_waiting", reason="review"): lambda _: 0,
    _series("challenger_waiting_since_timestamp_seconds"): lambda hour: (
        OPEN * HOUR if OPEN <= hour < OPEN + 7 * 24 else None
    ),
    _series("challenger_waiting_ends_timestamp_seconds"): lambda hour: (
        OPEN * HOUR + 30 * DAY if OPEN <= hour < OPEN + 7 * 24 else None
    ),
    _series("challengers_unpromoted"): lambda hour: hour // QUARTER % 2,
    _series("challengers_unpromoted_limit"): lambda _: 3,
    _series("waiting", reason="labels"): lambda hour: int(DRIFTS < hour < DRIFTS + 4),
    _series("propose_only"): lambda _: 0,
    _series("production_accuracy_low_windows"): lambda hour: min((hour - DRIFTS) // 24, 4) if _drifts(hour) else 0,
    _series("fairness_gaps", state="breach"): lambda _: 0,
    _series("budget_runs_used"): lambda hour: 1 + hour // QUARTER,
    _series("budget_runs_limit"): lambda _: 26,
    _series("waiting", reason="budget"): lambda _: 0,
    _series("waiting", reason="cooldown"): lambda hour: int(DRIFTS + RUN < hour < DRIFTS + RUN + 72),
    _series("rollbacks_total", reason="probation"): lambda _: 0,
    _series("rollbacks_total", reason="manual"): lambda hour: int(hour > 5000),
}


def _written(values: list[float | None]) -> str:
    """As promtool writes series: a value and how often it repeats; a gap ends with a marker, as after a scrape."""
    written: list[str] = []
    place = 0
    while place < len(values):
        end = place
        while end < len(values) and values[end] == values[place]:
            end += 1
        written.append(_run(values[place], end - place))
        place = end
    return " ".join(written)


def _run(value: float | None, count: int) -> str:
    if value is not None:
        return f"{value}x{count - 1}" if count > 1 else f"{value}"
    return "stale" + (f" _x{count - 1}" if count > 1 else "")
