"""Is the champion still right in production, and for every group? Estimates, labels, and the watch over groups."""

from dashboards.palette import BLUE, FAIRNESS, GREY, SKY, SOURCES
from dashboards.parts import THIS_DRIFT_REPORT, Column, Look, Panel, Query, Row

OF = '{model="$model"}'
LINKS = (THIS_DRIFT_REPORT,)
WORDS = {state: (state.replace("_", " "), colour) for state, colour in FAIRNESS.items()}


def _accuracy(number: int, title: str, source: str, says: str, *more: Query) -> Panel:
    """One source between its bounds."""
    one = f'{{model="$model", source="{source}"}}'
    bounds = ("high", "low")
    return Panel(
        number=number,
        kind="steps",
        title=title,
        says=says,
        queries=(
            *(Query(expr=f"max by (model) (retrain_production_accuracy_{b}_ratio{one})", legend=b) for b in bounds),
            Query(expr=f"max by (model) (retrain_production_accuracy_ratio{one})", legend=source),
            *more,
        ),
        width=9,
        height=9,
        look=Look(
            unit="percentunit",
            decimals=1,
            colours={"high": SKY, "low": SKY, source: SOURCES[source], "without drift": GREY},
            between=bounds,
            links=LINKS,
        ),
    )


IN_PRODUCTION = Row(
    title="The champion in production",
    panels=(
        _accuracy(
            17,
            "Accuracy, estimated without labels",
            "estimated",
            "What the answers' doubt says of accuracy, between its bounds; the grey line is what it would be without "
            "drift. A reason to ask for labels, never a proof: it sees most of a fall, not all of it.",
            Query(expr=f"max by (model) (retrain_production_accuracy_expected_ratio{OF})", legend="without drift"),
        ),
        _accuracy(
            18,
            "Accuracy of labelled rows",
            "labelled",
            "Counted on the rows of the newest window that have a label by now, between its bounds. Labels come late, "
            "and doubtful rows are asked for first, so that it may lie below the truth.",
        ),
        Panel(
            number=19,
            kind="steps",
            title="Rows behind these figures",
            says="Rows that the estimate and the count were read off. No series: unknown, which is not zero.",
            queries=(
                Query(expr=f"max by (model, source) (retrain_production_accuracy_rows{OF})", legend="{{source}}"),
            ),
            width=6,
            height=9,
            look=Look(decimals=0, low=0, colours=SOURCES),
        ),
    ),
)

IN_GROUPS = Row(
    title="Fairness on production's answers",
    panels=(
        Panel(
            number=20,
            kind="names",
            title="Groups",
            says="The watch over groups as a whole. not_enough_evidence is neither fair nor unfair.",
            queries=(Query(expr=f"max by (model, state) (retrain_fairness_state{OF} == 1)", legend="{{state}}"),),
            width=5,
            height=4,
            look=Look(colours=FAIRNESS, nothing="not watched"),
        ),
        Panel(
            number=21,
            kind="stat",
            title="Limit",
            says="The gap between a group and the rest that is a breach (fairness.gap of the spec).",
            queries=(Query(expr=f"max by (model) (retrain_fairness_limit_ratio{OF})"),),
            width=4,
            height=4,
            look=Look(unit="percentunit", decimals=0, steps=((None, BLUE),), nothing="not watched"),
        ),
        Panel(
            number=22,
            kind="table",
            title="Gaps between groups",
            says="One line a group and an outcome: by how much its rate lies above or below that of the rest, with "
            "bounds that hold at every look. Breaches first, then the largest; at most twenty.",
            queries=(
                Query(expr=f"max by (group, outcome, state) (retrain_fairness_gap_state{OF} == 1)"),
                Query(expr=f"max by (group, outcome) (retrain_fairness_gap_ratio{OF})"),
                Query(expr=f"max by (group, outcome) (retrain_fairness_gap_low_ratio{OF})"),
                Query(expr=f"max by (group, outcome) (retrain_fairness_gap_high_ratio{OF})"),
            ),
            width=15,
            height=12,
            columns=(
                Column(source="group", header="Group", look=Look(links=LINKS)),
                Column(source="outcome", header="Outcome"),
                Column(source="state", header="State", look=Look(words=WORDS), width=170, filled=True),
                Column(source="Value #B", header="Gap", look=Look(unit="percentunit", decimals=1), width=80),
                Column(source="Value #C", header="At least", look=Look(unit="percentunit", decimals=1), width=85),
                Column(source="Value #D", header="At most", look=Look(unit="percentunit", decimals=1), width=85),
            ),
        ),
        Panel(
            number=23,
            kind="band",
            title="Gaps watched, by state",
            says="How many gaps lie within the limit, are a breach, or have not evidence enough.",
            queries=(Query(expr=f"max by (state) (retrain_fairness_gaps{OF})", legend="{{state}}"),),
            width=9,
            height=8,
            look=Look(decimals=0, low=0, colours=FAIRNESS, links=LINKS),
        ),
    ),
)
