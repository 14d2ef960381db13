"""Do a model's windows together say that it drifts, what is it, and can the monitor that says so be trusted?"""

from dashboards.palette import BLUE, CHANGES, GREEN, GREY, KINDS, ORANGE, PLANTED, RED, SIGNALS, SKY
from dashboards.parts import THIS_DRIFT_REPORT, Column, Look, Panel, Query, Row

OF = '{model="$model"}'
LINKS = (THIS_DRIFT_REPORT,)
SHOWN = 2
"""Evidence is cut at so many times its limit: beyond, an alarm is an alarm, and the rest would be a flat line."""
NEEDED = "ignoring (signal) group_left () retrain_drift_evidence_needed"
LIMIT = ((None, "transparent"), (1.0, RED))

TOGETHER = Row(
    title="What all windows say together",
    panels=(
        Panel(
            number=17,
            kind="steps",
            title="Evidence against its limit",
            says="How rare chance would make what the latest windows say together, as a multiple of what the budget of "
            "false retrains asks for. At the line at 1 an alarm is raised, from a tenth of it on a warning; cut at "
            f"{SHOWN}. No series where the rule in use keeps no budget.",
            queries=(
                Query(
                    expr=f"clamp_max(max by (model) (retrain_drift_evidence{OF} / retrain_drift_evidence_needed{OF}), "
                    f"{SHOWN})",
                    legend="evidence",
                ),
            ),
            height=9,
            look=Look(decimals=2, low=0, steps=LIMIT, line=True, colours={"evidence": BLUE}, links=LINKS),
        ),
        Panel(
            number=18,
            kind="steps",
            title="Evidence of each signal",
            says=f"The same of each signal, all others looked at paid for; cut at {SHOWN}. It says which one raised "
            "the alarm, also where no window alone shows it as drifted.",
            queries=(
                Query(
                    expr=f"clamp_max(max by (model, signal) (retrain_drift_signal_evidence{OF} / {NEEDED}{OF}), "
                    f"{SHOWN})",
                    legend="{{signal}}",
                ),
            ),
            height=9,
            look=Look(decimals=2, low=0, steps=LIMIT, line=True, colours=SIGNALS, links=LINKS),
        ),
        Panel(
            number=19,
            kind="band",
            title="What the drift looks like",
            says="As the newest window's report put it: a new topic, a change of mix or style, broken data, or "
            "unclear. Of a quiet window it says what chance looks like, and means nothing.",
            queries=(Query(expr=f"max by (kind) (retrain_drift_kind{OF})", legend="{{kind}}"),),
            height=7,
            look=Look(colours=KINDS, low=0, high=1, axis=False),
        ),
        Panel(
            number=20,
            kind="steps",
            title="How much of the drift one segment explains",
            says="The largest share of the whole drift that vanishes when one segment is put back to its share in the "
            "reference, by what the segment is. No series where the drift is no more than chance.",
            queries=(Query(expr=f"max by (model, what) (retrain_drift_explained_ratio{OF})", legend="{{what}}"),),
            height=7,
            look=Look(unit="percentunit", decimals=0, low=0, colours=CHANGES, links=LINKS),
        ),
    ),
)

DRILL = Row(
    title="Drills: the monitor against its own reference",
    panels=(
        Panel(
            number=21,
            kind="stat",
            title="A drift alarm may",
            says="A drill whose false alarms lie above the budget beyond chance leaves drift alarms to propose: "
            "schedule and hand retrain all the same. No series before the first drill of this reference.",
            queries=(Query(expr=f"max by (model) (retrain_propose_only{OF})"),),
            width=4,
            height=5,
            look=Look(words={"0": ("retrain", GREEN), "1": ("propose only", RED)}, nothing="not drilled"),
        ),
        Panel(
            number=22,
            kind="stat",
            title="Reference",
            says="Refused: its own windows raised more alarms than the budget allows, so the monitor is not armed.",
            queries=(Query(expr=f"max by (model) (retrain_reference_refused{OF})"),),
            width=4,
            height=5,
            look=Look(words={"0": ("not refused", GREEN), "1": ("refused", RED)}),
        ),
        Panel(
            number=23,
            kind="stat",
            title="Last drill",
            says="How long ago the monitor was last fed its own reference. Drills are weekly unless planned otherwise.",
            queries=(Query(expr=f"max by (model) (time() - retrain_drill_timestamp_seconds{OF})"),),
            width=4,
            height=5,
            look=Look(unit="s", decimals=1, steps=((None, GREEN), (15 * 86400, ORANGE)), nothing="not drilled"),
        ),
        Panel(
            number=24,
            kind="stat",
            title="False alarms in the last drill",
            says="Alarms at windows of unchanged rows, and how many such windows were looked at.",
            queries=(
                Query(expr=f"max by (model) (retrain_drill_false_alarms{OF})", legend="false alarms"),
                Query(expr=f"max by (model) (retrain_drill_looks{OF})", legend="looks"),
            ),
            width=5,
            height=5,
            look=Look(decimals=0, colours={"false alarms": ORANGE, "looks": GREY}, nothing="not drilled"),
        ),
        Panel(
            number=25,
            kind="steps",
            title="False alarms a year, as drilled",
            says="The rate of the last drill between its exact bounds, and the budget of the spec. Where even the "
            "lower bound lies above the budget, drift alarms only propose.",
            queries=(
                Query(expr=f"max by (model) (retrain_drill_false_alarms_high_per_year{OF})", legend="at most"),
                Query(expr=f"max by (model) (retrain_drill_false_alarms_low_per_year{OF})", legend="at least"),
                Query(expr=f"max by (model) (retrain_drill_false_alarms_per_year{OF})", legend="measured"),
                Query(expr=f"max by (model) (retrain_drill_budget_per_year{OF})", legend="budget"),
            ),
            width=7,
            height=13,
            look=Look(
                decimals=1,
                low=0,
                colours={"at most": SKY, "at least": SKY, "measured": BLUE, "budget": RED},
                between=("at most", "at least"),
            ),
        ),
        Panel(
            number=26,
            kind="table",
            title="What the drills find",
            says="Drift planted in windows of the reference, with the sizes that the documentation states: the share "
            "of trials found in time, its exact bounds, and the median of the windows until the alarm.",
            queries=(
                Query(expr=f"max by (drift) (retrain_drill_power_ratio{OF})"),
                Query(expr=f"max by (drift) (retrain_drill_power_low_ratio{OF})"),
                Query(expr=f"max by (drift) (retrain_drill_power_high_ratio{OF})"),
                Query(expr=f"max by (drift) (retrain_drill_delay_windows{OF})"),
            ),
            width=8,
            height=8,
            columns=(
                Column(
                    source="drift",
                    header="Planted",
                    look=Look(words={name: (name.replace("_", " "), colour) for name, colour in PLANTED.items()}),
                ),
                Column(
                    source="Value #A",
                    header="Found",
                    look=Look(unit="percentunit", decimals=0, steps=((None, RED), (0.5, ORANGE), (0.8, GREEN))),
                    width=70,
                    filled=True,
                ),
                Column(source="Value #B", header="At least", look=Look(unit="percentunit", decimals=0), width=75),
                Column(source="Value #C", header="At most", look=Look(unit="percentunit", decimals=0), width=75),
                Column(source="Value #D", header="Delay", look=Look(decimals=1, nothing="never"), width=65),
            ),
        ),
        Panel(
            number=27,
            kind="steps",
            title="Share of planted drifts found",
            says="By kind of drift, one step a drill. A line that falls: the reference tells less than it did.",
            queries=(Query(expr=f"max by (model, drift) (retrain_drill_power_ratio{OF})", legend="{{drift}}"),),
            width=9,
            height=8,
            look=Look(unit="percentunit", decimals=0, low=0, high=1, colours=PLANTED),
        ),
    ),
)
