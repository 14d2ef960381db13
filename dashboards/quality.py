"""Is the challenger better than the champion, for every group, and how sure is that?"""

from dashboards.palette import BLUE, GREEN, GREY, ORANGE, RED, ROLES, SKY
from dashboards.parts import THIS_CARD, THIS_DRIFT_REPORT, THIS_EVALUATION, Board, Column, Look, Panel, Query, Row
from dashboards.production import IN_GROUPS, IN_PRODUCTION

OF = '{model="$model"}'
LINKS = (THIS_EVALUATION,)
CELL = Look(unit="percentunit", decimals=1)
SHARE = Look(unit="percentunit", decimals=1, links=LINKS)
ENOUGH = "max by (model, group) (retrain_group_enough == 1)"


def _stat(number: int, title: str, says: str, expr: str, look: Look) -> Panel:
    query = Query(expr=f"max by (model) ({expr})")
    return Panel(number=number, kind="stat", title=title, says=says, queries=(query,), width=4, height=4, look=look)


def _pair(number: int, title: str, metric: str, says: str) -> Panel:
    """Champion and challenger over time."""
    return Panel(
        number=number,
        kind="steps",
        title=title,
        says=says,
        queries=(Query(expr=f"max by (model, role) ({metric}{OF})", legend="{{role}}"),),
        width=8,
        height=7,
        look=Look(unit="percentunit", decimals=1, colours=ROLES, links=LINKS),
    )


NOW = Row(
    title="Last evaluation",
    panels=(
        _stat(
            1,
            "Champion's accuracy",
            "Share of held-out rows that the champion of that time answered rightly.",
            'retrain_heldout_accuracy_ratio{model="$model", role="champion"}',
            Look(unit="percentunit", decimals=1, steps=((None, BLUE),), links=LINKS),
        ),
        _stat(
            2,
            "Challenger's accuracy",
            "Share of the same rows that the challenger answered rightly.",
            'retrain_heldout_accuracy_ratio{model="$model", role="challenger"}',
            Look(unit="percentunit", decimals=1, steps=((None, ORANGE),), links=LINKS),
        ),
        Panel(
            number=3,
            kind="stat",
            title="Difference lies between",
            says="Interval of challenger minus champion (Tango). Better beyond doubt where both bounds are above zero.",
            queries=(
                Query(expr=f"max by (model) (retrain_accuracy_difference_low_ratio{OF})", legend="low"),
                Query(expr=f"max by (model) (retrain_accuracy_difference_high_ratio{OF})", legend="high"),
            ),
            width=4,
            height=4,
            look=Look(unit="percentunit", decimals=1, steps=((None, RED), (0.0, GREEN)), links=LINKS),
        ),
        _stat(
            4,
            "p value",
            "Exact McNemar, two-sided: how likely a difference as large would be if both were equally good.",
            f"retrain_accuracy_difference_p_value{OF}",
            Look(decimals=4, steps=((None, GREEN), (0.05, ORANGE))),
        ),
        _stat(
            5,
            "Held-out rows",
            "Rows both answered. Fewer rows, wider interval.",
            f"retrain_heldout_rows{OF}",
            Look(decimals=0, steps=((None, ORANGE), (80.0, GREEN))),
        ),
        Panel(
            number=6,
            kind="stat",
            title="Groups",
            says="How many groups have rows enough to say anything, and how many have not: for those nothing is known.",
            queries=(
                Query(expr=f"count(retrain_group_enough{OF} == 1)", legend="judged"),
                Query(expr=f"count(retrain_group_enough{OF} == 0)", legend="unknown"),
            ),
            width=4,
            height=4,
            look=Look(decimals=0, colours={"judged": GREEN, "unknown": SKY}, links=LINKS),
        ),
    ),
)

OVER_TIME = Row(
    title="Champion and challenger, one step an evaluation",
    panels=(
        Panel(
            number=7,
            kind="steps",
            title="Accuracy",
            says="Both on the same held-out rows. Rows differ from one evaluation to the next.",
            queries=(Query(expr=f"max by (model, role) (retrain_heldout_accuracy_ratio{OF})", legend="{{role}}"),),
            look=Look(unit="percentunit", decimals=1, colours=ROLES, links=LINKS),
        ),
        Panel(
            number=8,
            kind="steps",
            title="Interval of the difference",
            says="Challenger minus champion lies between the two lines. Both over zero: better. On both sides: open.",
            queries=(
                Query(expr=f"max by (model) (retrain_accuracy_difference_low_ratio{OF})", legend="low"),
                Query(expr=f"max by (model) (retrain_accuracy_difference_high_ratio{OF})", legend="high"),
            ),
            look=Look(
                unit="percentunit",
                decimals=1,
                steps=((None, "transparent"), (0.0, GREY)),
                line=True,
                colours={"low": SKY, "high": BLUE},
                between=("high", "low"),
                links=LINKS,
            ),
        ),
        _pair(9, "Precision", "retrain_heldout_precision_ratio", "Mean over the labels, each counting alike."),
        _pair(10, "Recall", "retrain_heldout_recall_ratio", "Mean over the labels, each counting alike."),
        _pair(11, "F1", "retrain_heldout_f1_ratio", "Mean over the labels, each counting alike."),
    ),
)

GROUPS = Row(
    title="Fairness: the same comparison in each group",
    panels=(
        Panel(
            number=12,
            kind="table",
            title="Groups in the last evaluation",
            says="Accuracy of both in each group. With too few rows they say nothing: neither fair nor unfair.",
            queries=(
                Query(expr='max by (group) (retrain_group_accuracy_ratio{model="$model", role="champion"})'),
                Query(expr='max by (group) (retrain_group_accuracy_ratio{model="$model", role="challenger"})'),
                Query(
                    expr='max by (group) (retrain_group_accuracy_ratio{model="$model", role="challenger"}) - '
                    'max by (group) (retrain_group_accuracy_ratio{model="$model", role="champion"})'
                ),
                Query(expr=f"max by (group) (retrain_group_rows{OF})"),
                Query(expr=f"max by (group) (retrain_group_enough{OF})"),
            ),
            height=9,
            columns=(
                Column(source="group", header="Group", look=Look(links=LINKS)),
                Column(source="Value #A", header="Champion", look=CELL, width=100),
                Column(source="Value #B", header="Challenger", look=CELL, width=100),
                Column(source="Value #C", header="Difference", look=CELL, width=100),
                Column(source="Value #D", header="Rows", look=Look(decimals=0), width=70),
                Column(
                    source="Value #E",
                    header="Evidence",
                    look=Look(words={"0": ("too few rows", SKY), "1": ("enough", GREEN)}),
                    width=115,
                    filled=True,
                ),
            ),
        ),
        Panel(
            number=13,
            kind="steps",
            title="Challenger's accuracy in groups with rows enough",
            says="Only groups with rows enough to say anything. Lines that spread: some are served worse than others.",
            queries=(
                Query(
                    expr='max by (model, group) (retrain_group_accuracy_ratio{model="$model", role="challenger"}) '
                    f"and {ENOUGH}",
                    legend="{{group}}",
                ),
            ),
            height=9,
            look=SHARE,
        ),
    ),
)

HEALTH = Row(
    title="Health of the challenger",
    panels=(
        Panel(
            number=14,
            kind="steps",
            title="Calibration error",
            says="How far its stated confidence lies from how often it is right, on average. Lower is better.",
            queries=(Query(expr=f"max by (model) (retrain_calibration_error_ratio{OF})", legend="error"),),
            width=8,
            height=7,
            look=Look(unit="percentunit", decimals=1, low=0, colours={"error": BLUE}, links=LINKS),
        ),
        Panel(
            number=15,
            kind="steps",
            title="Overfit gap",
            says="Accuracy on training rows minus held-out rows. Large: it remembers rather than knows.",
            queries=(Query(expr=f"max by (model) (retrain_overfit_gap_ratio{OF})", legend="gap"),),
            width=8,
            height=7,
            look=Look(unit="percentunit", decimals=1, colours={"gap": BLUE}, links=LINKS),
        ),
        Panel(
            number=16,
            kind="steps",
            title="Latency, 95th percentile",
            says="Of single rows, where the challenger was evaluated; not of your server.",
            queries=(Query(expr=f"max by (model) (retrain_latency_p95_seconds{OF})", legend="p95"),),
            width=8,
            height=7,
            look=Look(unit="s", low=0, colours={"p95": BLUE}, links=LINKS),
        ),
    ),
)

BOARD = Board(
    name="quality",
    title="retrain / Quality and fairness",
    says="The champion in production, and champion and challenger on the same held-out rows, in all and in each "
    "group, of one model.",
    rows=(NOW, IN_PRODUCTION, IN_GROUPS, OVER_TIME, GROUPS, HEALTH),
    days=90,
    several=False,
    links=(THIS_EVALUATION, THIS_DRIFT_REPORT, THIS_CARD),
)
