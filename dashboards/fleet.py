"""How does every model stand, at a glance?"""

from dashboards.palette import BLUE, CAUSES, GREEN, GREY, ORANGE, RED, SKY, STATES
from dashboards.parts import DRIFT_REPORT, OF_ROW, Board, Column, Link, Look, Panel, Query, Row

OF = '{model=~"$model"}'
DAY = 86400
AGE = ((None, GREEN), (120 * DAY, ORANGE), (200 * DAY, RED))
FINE_AT_ZERO = ((None, GREEN), (1.0, RED))
AGE_OF_CHAMPION = f"max by (model) (time() - retrain_champion_since_timestamp_seconds{OF})"
RATIO = f"max by (model) (retrain_drift_score{OF} / retrain_drift_threshold{OF})"
TO_DRIFT = Link(
    title="Drift of this model",
    url="/d/retrain-drift?var-model=${__data.fields.Model}&var-exporter=${exporter:percentencode}&${__url_time_range}",
)
TO_REPORT = Link(title="Newest drift report", url=f"{OF_ROW}/drift-report")
TO_CARD = Link(title="The champion's model card", url=f"{OF_ROW}/card")


def _count(number: int, title: str, says: str, expr: str, look: Look) -> Panel:
    return Panel(
        number=number, kind="stat", title=title, says=says, queries=(Query(expr=expr),), width=4, height=4, look=look
    )


NOW = Row(
    title="Now",
    panels=(
        _count(
            1,
            "Models",
            "Models that have a ledger in the store.",
            "max(retrain_models)",
            Look(decimals=0, steps=((None, BLUE),)),
        ),
        _count(
            2,
            "In alarm",
            "Models whose newest check found drift that the monitor calls an alarm.",
            'sum(retrain_check_state{model=~"$model", state="alarm"})',
            Look(decimals=0, steps=FINE_AT_ZERO),
        ),
        _count(
            3,
            "Retrain due",
            "Models whose newest check asked for a retrain that has not begun since.",
            f"sum(retrain_due{OF})",
            Look(decimals=0, steps=((None, GREEN), (1.0, ORANGE))),
        ),
        _count(
            4,
            "Retraining now",
            "Models whose retrain holds the claim at this moment.",
            f"sum(retrain_running{OF})",
            Look(decimals=0, steps=((None, GREY), (1.0, BLUE))),
        ),
        _count(
            5,
            "Unknown",
            "Models of which nothing was judged: never checked, or too few rows. Unknown is not quiet.",
            'sum(retrain_check_state{model=~"$model", state=~"never_checked|insufficient_data"})',
            Look(decimals=0, steps=((None, GREEN), (1.0, SKY))),
        ),
        _count(
            6,
            "Alerts firing",
            "Alerts of Prometheus about the chosen models. No series means that none fires.",
            'count(ALERTS{alertstate="firing", model=~"$model"})',
            Look(decimals=0, steps=((None, GREEN), (1.0, RED)), nothing="none firing"),
        ),
    ),
)

TABLE = Panel(
    number=7,
    kind="table",
    title="Every model",
    says="One line a model. Drift is the highest score as a multiple of its threshold; an empty cell is unknown. "
    "Click a name for its drift dashboard, its newest report or its card.",
    queries=(
        Query(expr=f"max by (model, state) (retrain_check_state{OF} == 1)"),
        Query(expr=RATIO),
        Query(expr=f"max by (model) (time() - retrain_last_check_timestamp_seconds{OF})"),
        Query(expr=AGE_OF_CHAMPION),
        Query(expr=f"max by (model) (retrain_due{OF})"),
        Query(expr=f"max by (model) (retrain_running{OF})"),
        Query(expr='count by (model) (ALERTS{alertstate="firing", model=~"$model"})'),
        Query(expr=f"max by (model) (retrain_budget_runs_used{OF})"),
        Query(expr=f"max by (model) (retrain_budget_runs_limit{OF})"),
        Query(expr='max by (model) (retrain_heldout_accuracy_ratio{model=~"$model", role="champion"})'),
        Query(expr='max by (model) (retrain_production_accuracy_ratio{model=~"$model", source="estimated"})'),
        Query(expr=f"max by (model) (retrain_propose_only{OF})"),
    ),
    width=24,
    height=7,
    columns=(
        Column(source="model", header="Model", look=Look(links=(TO_DRIFT, TO_REPORT, TO_CARD))),
        Column(
            source="state",
            header="State",
            look=Look(words={state: (state.replace("_", " "), colour) for state, colour in STATES.items()}),
            width=150,
            filled=True,
        ),
        Column(
            source="Value #B",
            header="Drift",
            look=Look(decimals=2, steps=((None, GREEN), (0.8, ORANGE), (1.0, RED))),
            filled=True,
            width=80,
        ),
        Column(source="Value #C", header="Last check", look=Look(unit="s", decimals=1), width=110),
        Column(source="Value #D", header="Champion's age", look=Look(unit="s", decimals=1), width=125),
        Column(source="Value #J", header="Its accuracy*", look=Look(unit="percentunit", decimals=1), width=115),
        Column(source="Value #K", header="Estimated", look=Look(unit="percentunit", decimals=1), width=95),
        Column(
            source="Value #L",
            header="Drift may",
            look=Look(words={"0": ("retrain", "transparent"), "1": ("propose", RED)}),
            filled=True,
            width=90,
        ),
        Column(
            source="Value #E",
            header="Retrain due",
            look=Look(words={"0": ("no", "transparent"), "1": ("due", ORANGE)}),
            filled=True,
            width=110,
        ),
        Column(
            source="Value #F",
            header="Running",
            look=Look(words={"0": ("no", "transparent"), "1": ("running", BLUE)}),
            filled=True,
            width=90,
        ),
        Column(source="Value #G", header="Alerts", look=Look(decimals=0, nothing="none"), width=80),
        Column(source="Value #H", header="Budget used", look=Look(decimals=0), width=110),
        Column(source="Value #I", header="of", look=Look(decimals=0), width=60),
    ),
)

OVER_TIME = Row(
    title="Over time",
    panels=(
        Panel(
            number=8,
            kind="band",
            title="Models by state",
            says="How many models were in which state, stacked.",
            queries=(Query(expr=f"sum by (state) (retrain_check_state{OF})", legend="{{state}}"),),
            look=Look(decimals=0, low=0, colours=STATES),
        ),
        Panel(
            number=9,
            kind="steps",
            title="Worst signal, as a multiple of its threshold",
            says="Each model's worst signal. Over the line at 1 that signal has drifted.",
            queries=(Query(expr=RATIO, legend="{{model}}"),),
            look=Look(decimals=2, low=0, steps=((None, "transparent"), (1.0, RED)), line=True, links=(DRIFT_REPORT,)),
        ),
        Panel(
            number=10,
            kind="gauge",
            title="Champion's age",
            says="How long each champion has been in service. Orange from 120 days: a quarterly retrain has been "
            "missed.",
            queries=(Query(expr=AGE_OF_CHAMPION, legend="{{model}}"),),
            width=8,
            look=Look(unit="s", decimals=1, low=0, high=240 * DAY, steps=AGE),
        ),
        Panel(
            number=11,
            kind="bars",
            title="Retrains begun, by cause, per $per",
            says="Take-overs of dead runs are not counted again.",
            queries=(
                Query(
                    expr=f"round(sum by (cause) (increase(retrain_runs_started_total{OF}[$per])))",
                    legend="{{cause}}",
                    per=True,
                ),
            ),
            width=8,
            look=Look(decimals=0, colours=CAUSES),
        ),
        Panel(
            number=12,
            kind="table",
            title="Alerts firing",
            says="What Prometheus alerts of at this moment. Empty: nothing fires.",
            queries=(
                Query(expr='max by (alertname, model) (ALERTS{alertstate="firing", model=~"$model"})'),
                Query(
                    expr='max by (alertname, model) (time() - ALERTS_FOR_STATE{model=~"$model"}) '
                    'and on (alertname, model) ALERTS{alertstate="firing"}'
                ),
            ),
            width=8,
            columns=(
                Column(source="alertname", header="Alert", width=200),
                Column(source="model", header="Model", look=Look(links=(TO_DRIFT,))),
                Column(source="Value #B", header="For", look=Look(unit="s", decimals=1), width=90),
            ),
        ),
    ),
)

BOARD = Board(
    name="fleet",
    title="retrain / Fleet",
    says="Every model at a glance.",
    rows=(NOW, Row(title="Models (* of the champion, in the last evaluation)", panels=(TABLE,)), OVER_TIME),
    days=30,
    several=True,
)
