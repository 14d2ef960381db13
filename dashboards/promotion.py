"""What became champion, why, and what was taken back?"""

from dashboards.palette import BLUE, BY, GREEN, ORANGE, PINK, ROLLBACKS, VERDICTS
from dashboards.parts import CARD, EVALUATION, Board, Column, Look, Panel, Query, Row
from dashboards.tried import OF, PROBATION, TO_EVALUATION, WAITING

AGE = f"max by (model) (time() - retrain_champion_since_timestamp_seconds{OF}) / 86400"


def _stat(number: int, title: str, says: str, expr: str, look: Look) -> Panel:
    query = Query(expr=expr)
    return Panel(number=number, kind="stat", title=title, says=says, queries=(query,), width=6, height=4, look=look)


IN_RANGE = Row(
    title="In the time shown",
    panels=(
        _stat(
            1,
            "Promotions",
            "By a run's evidence, by a later look, and by hand.",
            f"round(sum(increase(retrain_promotions_total{OF}[$__range])))",
            Look(decimals=0, steps=((None, GREEN),)),
        ),
        _stat(
            2,
            "Rollbacks",
            "By hand, and because production contradicted the evidence.",
            f"round(sum(increase(retrain_rollbacks_total{OF}[$__range])))",
            Look(decimals=0, steps=((None, GREEN), (1.0, PINK))),
        ),
        _stat(
            3,
            "Last promotion",
            "How long ago, of the chosen models' latest.",
            f"min(time() - retrain_promoted_timestamp_seconds{OF})",
            Look(unit="s", decimals=1, steps=((None, BLUE),), nothing="never"),
        ),
        _stat(
            4,
            "Last rollback",
            "How long ago, of the chosen models' latest.",
            f"min(time() - retrain_rolled_back_timestamp_seconds{OF})",
            Look(unit="s", decimals=1, steps=((None, BLUE),), nothing="never"),
        ),
    ),
)

GATE = Row(
    title="The gate, in the last evaluation",
    panels=(
        Panel(
            number=5,
            kind="table",
            title="Every rule's verdict",
            says="One fail holds the challenger; an unknown leaves it open, unless the spec lets it through. The "
            "evaluation gives each rule's reason in words.",
            queries=(Query(expr=f"max by (model, check, verdict) (retrain_gate_check{OF} == 1)"),),
            height=13,
            columns=(
                Column(source="model", header="Model", look=Look(links=(TO_EVALUATION,)), width=150),
                Column(source="check", header="Rule"),
                Column(
                    source="verdict",
                    header="Verdict",
                    look=Look(words={name: (name, colour) for name, colour in VERDICTS.items()}),
                    width=110,
                    filled=True,
                ),
            ),
        ),
        Panel(
            number=6,
            kind="band",
            title="Rules by verdict",
            says="How many rules passed, failed or stayed unknown in the last evaluations, stacked.",
            queries=(Query(expr=f"sum by (verdict) (retrain_gate_check{OF})", legend="{{verdict}}"),),
            height=6,
            look=Look(decimals=0, low=0, colours=VERDICTS),
        ),
        Panel(
            number=7,
            kind="steps",
            title="Interval of the difference, lower bound",
            says="Of challenger minus champion. Above zero the challenger was better beyond doubt.",
            queries=(Query(expr=f"max by (model) (retrain_accuracy_difference_low_ratio{OF})", legend="{{model}}"),),
            height=7,
            look=Look(
                unit="percentunit",
                decimals=1,
                steps=((None, "transparent"), (0.0, ORANGE)),
                line=True,
                links=(EVALUATION,),
            ),
        ),
    ),
)

OVER_TIME = Row(
    title="Over time",
    panels=(
        Panel(
            number=8,
            kind="bars",
            title="Promotions, per $per",
            says="By a run's evidence, by hand, or by labels and people that came later (pending).",
            queries=(
                Query(
                    expr=f"round(sum by (by) (increase(retrain_promotions_total{OF}[$per])))",
                    legend="by {{by}}",
                    per=True,
                ),
            ),
            look=Look(decimals=0, colours={f"by {name}": colour for name, colour in BY.items()}),
        ),
        Panel(
            number=9,
            kind="bars",
            title="Rollbacks, per $per",
            says="Manual: a person took it back. Probation: production contradicted the evidence.",
            queries=(
                Query(
                    expr=f"round(sum by (reason) (increase(retrain_rollbacks_total{OF}[$per])))",
                    legend="{{reason}}",
                    per=True,
                ),
            ),
            look=Look(decimals=0, colours=ROLLBACKS),
        ),
        Panel(
            number=10,
            kind="lines",
            title="Champion's age",
            says="Falls to zero when another version takes over, by promotion or by rollback.",
            queries=(Query(expr=AGE, legend="{{model}}"),),
            look=Look(unit="suffix: d", decimals=0, low=0, links=(CARD,)),
        ),
        Panel(
            number=11,
            kind="steps",
            title="Versions to return to",
            says="Predecessors that a rollback can reach. Zero: a rollback has nowhere to go.",
            queries=(Query(expr=f"max by (model) (retrain_predecessors{OF})", legend="{{model}}"),),
            look=Look(decimals=0, low=0, links=(CARD,)),
        ),
    ),
)

BOARD = Board(
    name="promotion",
    title="retrain / Promotion",
    says="Promotions, rollbacks, the verdict of every rule of the gate, and challengers that wait for people.",
    rows=(IN_RANGE, GATE, WAITING, PROBATION, OVER_TIME),
    days=90,
    several=True,
)
