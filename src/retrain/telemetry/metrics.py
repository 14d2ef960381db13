"""Which numbers are exported? Every name, kind, label and meaning; dashboards and alerts are held to this file."""

from dataclasses import dataclass
from typing import Literal, get_args

from retrain.store.certificate import WaitsFor
from retrain.store.judged import DriftKind, FairnessState, SegmentKind
from retrain.store.probation import PROBATION_STATES
from retrain.store.state import Wait

Kind = Literal["gauge", "counter"]

STATES = ("quiet", "warning", "alarm", "insufficient_data", "never_checked")
CAUSES = ("drift", "schedule", "manual", "alert")
OUTCOMES = ("promoted", "held", "inconclusive", "refused", "failed")
WAITS = get_args(Wait)
WAITS_FOR = get_args(WaitsFor)
ROLES = ("champion", "challenger")
BY = ("run", "hand", "pending")
ROLLBACK_REASONS = ("manual", "probation")
PROBATION = ("none", *PROBATION_STATES)
VERDICTS = ("pass", "fail", "unknown")
WHAT = get_args(SegmentKind)
KINDS = tuple(kind.replace(" ", "_") for kind in get_args(DriftKind))
SOURCES = ("estimated", "labelled")
FAIRNESS_STATES = get_args(FairnessState)
STAGES = ("prepare", "probe", "tune", "train", "evaluate", "other")


@dataclass(frozen=True, slots=True)
class Metric:
    """One exported number. A counter's name ends in `_total`; units are base units (seconds, shares of one)."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(f"retrain_{name}", "gauge", labels, text)


def _counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(f"retrain_{name}_total", "counter", labels, text)


STORE_UP = _gauge("store_up", "1 when the artifact store answered this scrape; without it nothing else is told.")
SCRAPE_SECONDS = _gauge("scrape_seconds", "Seconds that this scrape took to read the store.")
MODELS = _gauge("models", "Models that have a ledger in the store.")
BUILD_INFO = _gauge("build_info", "1; the label says which version of retrain exports.", "version")

LEDGER_UP = _gauge("ledger_up", "1 when the model's newest ledger entry could be read and holds.", "model")
LEDGER_ENTRIES = _counter("ledger_entries", "Entries of the ledger.", "model")
CHAMPION_SINCE = _gauge("champion_since_timestamp_seconds", "When the champion came into service.", "model")
PREDECESSORS = _gauge("predecessors", "Versions that a rollback can return to.", "model")
WATCHED = _gauge("watched", "1 when there is a drift reference to judge windows against.", "model")

CHECK_STATE = _gauge("check_state", "1 for the state that the newest check found, 0 for the others.", "model", "state")
CHECKS = _counter("checks", "Windows judged, or found too small to be judged.", "model", "state")
LAST_CHECK = _gauge("last_check_timestamp_seconds", "When a check last came to an end with a verdict.", "model")
WINDOW_END = _gauge("window_end_timestamp_seconds", "End of the newest window that was judged.", "model")
WINDOW_SECONDS = _gauge("window_seconds", "Length of the newest window that was judged.", "model")
WINDOW_ROWS = _gauge("window_rows", "Rows of the newest window that was judged.", "model")
UNUSABLE_ROWS = _gauge("window_unusable_rows", "Log rows of that window that could not be used.", "model")
LATE_ROWS = _gauge("window_late_rows", "Rows that came after the window before it was judged.", "model")

DRIFT_SCORE = _gauge("drift_score", "Drift of one signal in the newest window; higher is more.", "model", "signal")
DRIFT_THRESHOLD = _gauge("drift_threshold", "Where that score counts as drifted.", "model", "signal")
DRIFT_CHANGE = _gauge("drift_change_ratio", "Largest change of a share of rows, by what changed.", "model", "what")
DRIFT_EXPLAINED = _gauge(
    "drift_explained_ratio", "Largest share of the whole drift that one segment accounts for.", "model", "what"
)
DRIFT_KIND = _gauge("drift_kind", "1 for what the drift of the newest window looks like.", "model", "kind")
EVIDENCE = _gauge("drift_evidence", "Chance alone says as much once in so many looks, all windows together.", "model")
EVIDENCE_NEEDED = _gauge("drift_evidence_needed", "The evidence that raises an alarm.", "model")
SIGNAL_EVIDENCE = _gauge("drift_signal_evidence", "The same of one signal, all others paid for.", "model", "signal")
SIGNAL_P_VALUE = _gauge("drift_p_value", "How often chance gives one window such a score.", "model", "signal")
REFERENCE_REFUSED = _gauge("reference_refused", "1 when the monitor was not armed with the reference.", "model")
EPISODE_OPEN = _gauge("episode_open", "1 from the first alarm of a drift to its end.", "model")
EPISODES = _counter("episodes", "Drift episodes that were opened.", "model")
ALARM_AT = _gauge("alarm_timestamp_seconds", "When the newest episode was opened.", "model")

DRILL_AT = _gauge("drill_timestamp_seconds", "When the monitor was last drilled on this reference.", "model")
DRILL_LOOKS = _gauge("drill_looks", "Windows of unchanged rows in that drill.", "model")
DRILL_ALARMS = _gauge("drill_false_alarms", "Alarms that these raised: all are false.", "model")
DRILL_RATE = _gauge("drill_false_alarms_per_year", "The same a year, at the model's looks a year.", "model")
DRILL_LOW = _gauge("drill_false_alarms_low_per_year", "Lower bound of that rate (exact, 95 %).", "model")
DRILL_HIGH = _gauge("drill_false_alarms_high_per_year", "Upper bound of that rate.", "model")
DRILL_BUDGET = _gauge("drill_budget_per_year", "False alarms a year that the spec allows.", "model")
POWER = _gauge("drill_power_ratio", "Share of trials in which a planted drift was found.", "model", "drift")
POWER_LOW = _gauge("drill_power_low_ratio", "Lower bound of that share (exact, 95 %).", "model", "drift")
POWER_HIGH = _gauge("drill_power_high_ratio", "Upper bound of that share.", "model", "drift")
POWER_DELAY = _gauge("drill_delay_windows", "Median of the windows until it was found.", "model", "drift")
PROPOSE_ONLY = _gauge("propose_only", "1 when a drill refuted the alarm budget: drift starts no retrain.", "model")

EXPECTED_ACCURACY = _gauge("production_accuracy_expected_ratio", "Accuracy of the champion without drift.", "model")
PRODUCTION_ACCURACY = _gauge(
    "production_accuracy_ratio", "Accuracy in the newest window, as far as known.", "model", "source"
)
PRODUCTION_ACCURACY_LOW = _gauge("production_accuracy_low_ratio", "Its lower bound.", "model", "source")
PRODUCTION_ACCURACY_HIGH = _gauge("production_accuracy_high_ratio", "Its upper bound.", "model", "source")
PRODUCTION_ACCURACY_ROWS = _gauge("production_accuracy_rows", "Rows it was read off.", "model", "source")
DOUBTFUL_WINDOWS = _gauge(
    "production_accuracy_low_windows", "Windows in a row estimated below the accuracy without drift.", "model"
)

FAIRNESS = _gauge("fairness_state", "1 for what the watch over groups says in production.", "model", "state")
FAIRNESS_LIMIT = _gauge("fairness_limit_ratio", "The gap that counts as a breach.", "model")
FAIRNESS_GAPS = _gauge("fairness_gaps", "Gaps watched, a group and an outcome each, by state.", "model", "state")
GROUP_STATE = _gauge(
    "fairness_gap_state", "1 for the state of one gap; of the twenty worst.", "model", "group", "outcome", "state"
)
GROUP_GAP = _gauge("fairness_gap_ratio", "Rate in a group less that of the rest.", "model", "group", "outcome")
GROUP_GAP_LOW = _gauge("fairness_gap_low_ratio", "Its lower bound, at all looks.", "model", "group", "outcome")
GROUP_GAP_HIGH = _gauge("fairness_gap_high_ratio", "Its upper bound, at all looks.", "model", "group", "outcome")

DUE = _gauge("due", "1 when the newest check asked for a retrain.", "model")
WAITING = _gauge("waiting", "1 for what the newest check said an owed retrain has to wait for.", "model", "reason")
BUDGET_USED = _gauge("budget_runs_used", "Automatic retrains begun in the last 365 days.", "model")
BUDGET_LIMIT = _gauge("budget_runs_limit", "How many of those the spec allows.", "model")

RUNNING = _gauge("running", "1 while a run holds the claim.", "model")
RUN_STARTED = _gauge("run_started_timestamp_seconds", "When the run that holds the claim began.", "model")
CLAIM_EXPIRES = _gauge("claim_expires_timestamp_seconds", "When its claim ends by itself.", "model")
RUNS_STARTED = _counter("runs_started", "Retrains begun, take-overs not counted.", "model", "cause")
RUNS = _counter("runs", "Retrains ended.", "model", "outcome")
TAKEN_OVER = _counter("runs_taken_over", "Dead runs whose work another run went on with.", "model")
REFUSALS = _gauge("refusals_in_a_row", "Runs refused or failed since the last verdict.", "model")
LABELS_MISSING = _gauge(
    "labels_missing", "Labelled examples that an owed retrain waits for, or the last run lacked.", "model"
)
LAST_RUN = _gauge("last_run_timestamp_seconds", "When the last retrain ended.", "model")
LAST_OUTCOME = _gauge("last_run_outcome", "1 for what came of the last retrain.", "model", "outcome")

PROMOTIONS = _counter("promotions", "Promotions, by a run's evidence or by hand.", "model", "by")
ROLLBACKS = _counter(
    "rollbacks", "Rollbacks, by hand or because production contradicted the evidence.", "model", "reason"
)
PROMOTED_AT = _gauge("promoted_timestamp_seconds", "When a version was last promoted.", "model")
ROLLED_BACK_AT = _gauge("rolled_back_timestamp_seconds", "When a champion was last rolled back.", "model")

PROBATION_STATE = _gauge("probation_state", "1 for how the newest probation stands or ended.", "model", "state")
PROBATION_ENDS = _gauge("probation_ends_timestamp_seconds", "When the newest probation ends, or ended.", "model")
PROBATION_ROWS = _gauge("probation_rows", "Labelled production rows that both versions answered.", "model")
PROBATION_MISSING = _gauge("probation_labels_missing", "Further ones that would probably decide it.", "model")
PROBATION_GAIN = _gauge("probation_gain_ratio", "Champion less predecessor in accuracy on them.", "model")
PROBATION_LOW = _gauge("probation_gain_low_ratio", "Its lower bound, at all looks.", "model")
PROBATION_HIGH = _gauge("probation_gain_high_ratio", "Its upper bound, at all looks.", "model")
PROMISED_LOW = _gauge("probation_promised_low_ratio", "Lower bound of the gain that the evaluation saw.", "model")
PROMISED_HIGH = _gauge("probation_promised_high_ratio", "Upper bound of that gain.", "model")
UNPROMOTED = _gauge("challengers_unpromoted", "Challengers in a row that failed the gate or probation.", "model")
UNPROMOTED_LIMIT = _gauge("challengers_unpromoted_limit", "How many of those ask for a person.", "model")

CHALLENGER_WAITING = _gauge(
    "challenger_waiting", "1 for what a challenger that was left open waits for.", "model", "reason"
)
CHALLENGER_WAITING_SINCE = _gauge(
    "challenger_waiting_since_timestamp_seconds", "When that challenger was left open.", "model"
)
CHALLENGER_WAITING_ENDS = _gauge(
    "challenger_waiting_ends_timestamp_seconds", "When it is held or dismissed, should nothing more come.", "model"
)
CHALLENGER_LABELS = _gauge(
    "challenger_labels_needed", "Rows labelled since then that would probably decide, by the comparison.", "model"
)
CHALLENGER_REVIEWERS = _gauge("challenger_reviewers_missing", "People who must approve it yet.", "model")

EVALUATION_UP = _gauge("evaluation_up", "1 when the last run's stored evaluation could be read and holds.", "model")
ACCURACY = _gauge("heldout_accuracy_ratio", "Accuracy on the held-out rows of the last evaluation.", "model", "role")
PRECISION = _gauge("heldout_precision_ratio", "Macro precision on them.", "model", "role")
RECALL = _gauge("heldout_recall_ratio", "Macro recall on them.", "model", "role")
F1 = _gauge("heldout_f1_ratio", "Macro F1 on them.", "model", "role")
HELDOUT_ROWS = _gauge("heldout_rows", "Rows of the last evaluation.", "model")
DIFFERENCE_LOW = _gauge("accuracy_difference_low_ratio", "Lower bound of challenger minus champion.", "model")
DIFFERENCE_HIGH = _gauge("accuracy_difference_high_ratio", "Upper bound of challenger minus champion.", "model")
P_VALUE = _gauge("accuracy_difference_p_value", "Exact McNemar, two-sided.", "model")
OVERFIT_GAP = _gauge("overfit_gap_ratio", "Training accuracy minus held-out accuracy of the challenger.", "model")
CALIBRATION = _gauge("calibration_error_ratio", "Expected calibration error of the challenger.", "model")
LATENCY = _gauge("latency_p95_seconds", "Of the challenger answering single rows.", "model")
GROUP_ACCURACY = _gauge("group_accuracy_ratio", "Held-out accuracy in one group.", "model", "group", "role")
GROUP_ROWS = _gauge("group_rows", "Held-out rows of one group.", "model", "group")
GROUP_ENOUGH = _gauge("group_enough", "1 when those rows are enough to say anything.", "model", "group")
GATE = _gauge("gate_check", "1 for the verdict of one rule of the gate.", "model", "check", "verdict")

SECONDS = _counter("run_seconds", "Wall seconds of ended retrains, data and evaluation included.", "model")
CPU_SECONDS = _counter("run_cpu_seconds", "Processor seconds of ended retrains.", "model")
GPU_SECONDS = _counter("run_gpu_seconds", "GPU seconds of ended retrains.", "model")
COST = _counter("run_cost", "Money for ended retrains, in the currency of the spec.", "model")
LAST_SECONDS = _gauge(
    "last_run_seconds", "Wall seconds of the last retrain that was compared, by stage.", "model", "stage"
)

METRICS: tuple[Metric, ...] = tuple(each for each in list(globals().values()) if isinstance(each, Metric))
