"""Has one model's production drifted, by which signals, and what changed?"""

from dashboards.monitor import DRILL, TOGETHER
from dashboards.palette import CHANGES, GREEN, GREY, ORANGE, RED, SIGNALS, SKY, STATES
from dashboards.parts import THIS_CARD, THIS_DRIFT_REPORT, THIS_EVALUATION, Board, Column, Look, Panel, Query, Row

OF = '{model="$model"}'
RATIO = f"max by (model, signal) (retrain_drift_score{OF} / retrain_drift_threshold{OF})"
LINKS = (THIS_DRIFT_REPORT,)
OVER_ONE = ((None, "transparent"), (1.0, RED))
DRIFTED = ((None, GREEN), (0.8, ORANGE), (1.0, RED))

NOW = Row(
    title="Now",
    panels=(
        Panel(
            number=1,
            kind="names",
            title="State",
            says="What the newest check found. insufficient_data and never_checked mean unknown, not quiet.",
            queries=(Query(expr=f"max by (model, state) (retrain_check_state{OF} == 1)", legend="{{state}}"),),
            width=4,
            height=4,
            look=Look(colours=STATES, links=LINKS),
        ),
        Panel(
            number=2,
            kind="stat",
            title="Episode",
            says="An episode is open from a drift's first alarm to its end: a quiet window, or a promotion.",
            queries=(Query(expr=f"max by (model) (retrain_episode_open{OF})"),),
            width=4,
            height=4,
            look=Look(words={"0": ("none open", GREEN), "1": ("open", RED)}),
        ),
        Panel(
            number=3,
            kind="stat",
            title="Worst signal",
            says="The highest score as a multiple of its own threshold. 1 and more has drifted.",
            queries=(Query(expr=f"max by (model) ({RATIO})"),),
            width=4,
            height=4,
            look=Look(decimals=2, steps=DRIFTED, links=LINKS),
        ),
        Panel(
            number=4,
            kind="stat",
            title="Newest window ended",
            says="How old the newest judged rows are. It grows while rows are too few, or while no check runs.",
            queries=(Query(expr=f"max by (model) (time() - retrain_window_end_timestamp_seconds{OF})"),),
            width=4,
            height=4,
            look=Look(unit="s", decimals=1, steps=((None, GREEN), (2 * 86400, ORANGE), (7 * 86400, RED))),
        ),
        Panel(
            number=5,
            kind="stat",
            title="Last check",
            says="How long ago a check came to an end with a verdict. Checks are hourly unless planned otherwise.",
            queries=(Query(expr=f"max by (model) (time() - retrain_last_check_timestamp_seconds{OF})"),),
            width=4,
            height=4,
            look=Look(unit="s", decimals=1, steps=((None, GREEN), (86400, ORANGE), (3 * 86400, RED))),
        ),
        Panel(
            number=6,
            kind="stat",
            title="Reference",
            says="After each promotion a new reference is gathered from the first rows; until then nothing is judged.",
            queries=(Query(expr=f"max by (model) (retrain_watched{OF})"),),
            width=4,
            height=4,
            look=Look(words={"0": ("none yet", GREY), "1": ("there", GREEN)}),
        ),
    ),
)

SCORES = Row(
    title="Scores",
    panels=(
        Panel(
            number=7,
            kind="steps",
            title="Score as a multiple of its threshold",
            says="Each signal's score divided by its own threshold. Over the line at 1 the signal has drifted in that "
            "window; several drifted windows raise the alarm. A gap means that nothing could be judged.",
            queries=(Query(expr=RATIO, legend="{{signal}}"),),
            width=16,
            height=13,
            look=Look(decimals=2, low=0, steps=OVER_ONE, line=True, colours=SIGNALS, links=LINKS),
            legend="table",
        ),
        Panel(
            number=8,
            kind="table",
            title="Signals in the newest window",
            says="Score and threshold of each signal, in the units of its own method. Thresholds are what the "
            "reference itself would reach by chance at the stated rate. Coloured from 0.8 of the threshold.",
            queries=(
                Query(expr=f"max by (signal) (retrain_drift_score{OF})"),
                Query(expr=f"max by (signal) (retrain_drift_threshold{OF})"),
                Query(expr=f"max by (signal) (retrain_drift_score{OF} / retrain_drift_threshold{OF})"),
                Query(expr=f"max by (signal) (retrain_drift_p_value{OF})"),
            ),
            width=8,
            height=13,
            sorted_by="Ratio",
            columns=(
                Column(source="signal", header="Signal", look=Look(links=LINKS)),
                Column(source="Value #A", header="Score", look=Look(decimals=3), width=65),
                Column(source="Value #B", header="Limit", look=Look(decimals=3), width=65),
                Column(source="Value #C", header="Ratio", look=Look(decimals=2, steps=DRIFTED), width=65, filled=True),
                Column(source="Value #D", header="p", look=Look(decimals=3), width=65),
            ),
        ),
        Panel(
            number=9,
            kind="steps",
            title="Scores",
            says="The scores themselves, in the units of each signal's method.",
            queries=(Query(expr=f"max by (model, signal) (retrain_drift_score{OF})", legend="{{signal}}"),),
            height=9,
            look=Look(decimals=2, low=0, colours=SIGNALS, links=LINKS),
        ),
        Panel(
            number=10,
            kind="steps",
            title="Thresholds",
            says="Where each score counts as drifted. They move with the number of rows in a window, and with a new "
            "reference.",
            queries=(Query(expr=f"max by (model, signal) (retrain_drift_threshold{OF})", legend="{{signal}}"),),
            height=9,
            look=Look(decimals=2, low=0, colours=SIGNALS),
        ),
    ),
)

WINDOWS = Row(
    title="Windows and checks",
    panels=(
        Panel(
            number=11,
            kind="band",
            title="State over time",
            says="The state that the newest check had found, at each moment. A gap: the exporter or store was away.",
            queries=(Query(expr=f"max by (state) (retrain_check_state{OF})", legend="{{state}}"),),
            look=Look(colours=STATES, low=0, high=1, axis=False),
        ),
        Panel(
            number=12,
            kind="bars",
            title="Checks by state, per $per",
            says="How many windows were judged, or found too small to be judged.",
            queries=(
                Query(
                    expr=f"round(sum by (state) (increase(retrain_checks_total{OF}[$per])))",
                    legend="{{state}}",
                    per=True,
                ),
            ),
            look=Look(decimals=0, colours=STATES),
        ),
        Panel(
            number=13,
            kind="steps",
            title="Rows of the newest window",
            says="Rows judged, rows that could not be used, and rows that came after their window had been judged.",
            queries=(
                Query(expr=f"max by (model) (retrain_window_rows{OF})", legend="judged"),
                Query(expr=f"max by (model) (retrain_window_unusable_rows{OF})", legend="unusable"),
                Query(expr=f"max by (model) (retrain_window_late_rows{OF})", legend="late"),
            ),
            look=Look(decimals=0, low=0, colours={"judged": GREEN, "unusable": RED, "late": SKY}, links=LINKS),
        ),
        Panel(
            number=14,
            kind="steps",
            title="Largest change of a share, by what changed",
            says="Attribution: by how much the share of a label, a group, a word or of unfamiliar rows moved most. "
            "0.1 is ten rows in a hundred. The report names them.",
            queries=(Query(expr=f"max by (model, what) (retrain_drift_change_ratio{OF})", legend="{{what}}"),),
            look=Look(unit="percentunit", decimals=1, low=0, colours=CHANGES, links=LINKS),
        ),
        Panel(
            number=15,
            kind="steps",
            title="Length of the newest window",
            says="A window grows until it holds rows enough: a long one means little traffic.",
            queries=(Query(expr=f"max by (model) (retrain_window_seconds{OF}) / 3600", legend="length"),),
            look=Look(unit="suffix: h", decimals=0, low=0, colours={"length": SKY}),
            height=6,
        ),
        Panel(
            number=16,
            kind="steps",
            title="Drift episodes so far",
            says="Each step is one drift that raised an alarm.",
            queries=(Query(expr=f"max by (model) (retrain_episodes_total{OF})", legend="episodes"),),
            look=Look(decimals=0, low=0, colours={"episodes": RED}),
            height=6,
        ),
    ),
)

BOARD = Board(
    name="drift",
    title="retrain / Drift",
    says="Evidence against its limit, scores against thresholds, what changed, and drills, of one model.",
    rows=(NOW, TOGETHER, SCORES, WINDOWS, DRILL),
    days=30,
    several=False,
    links=(THIS_DRIFT_REPORT, THIS_EVALUATION, THIS_CARD),
)
