"""What do retrains come to, how long do they take, and what do they cost?"""

from dashboards.palette import BLUE, CAUSES, GREEN, GREY, ORANGE, OUTCOMES, RED, SPENT, STAGES
from dashboards.parts import EVALUATION, OF_ROW, Board, Column, Link, Look, Panel, Query, Row

OF = '{model=~"$model"}'
TO_EVALUATION = Link(title="Last evaluation", url=f"{OF_ROW}/evaluation")


def _stat(number: int, title: str, says: str, expr: str, look: Look) -> Panel:
    query = Query(expr=expr)
    return Panel(number=number, kind="stat", title=title, says=says, queries=(query,), width=4, height=4, look=look)


def _grown(metric: str, by: str = "") -> str:
    """By how much a counter grew in each $per."""
    return f"sum{by} (increase({metric}{OF}[$per]))"


IN_RANGE = Row(
    title="In the time shown",
    panels=(
        _stat(
            1,
            "Retraining now",
            "Models whose retrain holds the claim at this moment.",
            f"sum(retrain_running{OF})",
            Look(decimals=0, steps=((None, GREY), (1.0, BLUE))),
        ),
        _stat(
            2,
            "Retrains ended",
            "All that came to an end, whatever came of them.",
            f"round(sum(increase(retrain_runs_total{OF}[$__range])))",
            Look(decimals=0, steps=((None, BLUE),)),
        ),
        _stat(
            3,
            "Failed",
            "Retrains that a broken world ended: store, disk, memory. A refusal is not a failure.",
            'round(sum(increase(retrain_runs_total{model=~"$model", outcome="failed"}[$__range])))',
            Look(decimals=0, steps=((None, GREEN), (1.0, RED))),
        ),
        _stat(
            4,
            "Processor time",
            "Of retrains that ended, data preparation and evaluation included.",
            f"sum(increase(retrain_run_cpu_seconds_total{OF}[$__range]))",
            Look(unit="s", decimals=1, steps=((None, BLUE),)),
        ),
        _stat(
            5,
            "GPU time",
            "Of retrains that ended.",
            f"sum(increase(retrain_run_gpu_seconds_total{OF}[$__range]))",
            Look(unit="s", decimals=1, steps=((None, ORANGE),)),
        ),
        _stat(
            6,
            "Money",
            "In the currency of the specs. No data where no spec names a price: an unknown price is not free.",
            f"sum(increase(retrain_run_cost_total{OF}[$__range])) and sum(retrain_run_cost_total{OF}) > 0",
            Look(decimals=2, steps=((None, BLUE),)),
        ),
    ),
)

RUNS = Row(
    title="Runs",
    panels=(
        Panel(
            number=7,
            kind="bars",
            title="Ended, by outcome, per $per",
            says="Held: the champion was not beaten. Inconclusive: too little evidence. Refused: too few examples. "
            "Failed: something broke.",
            queries=(
                Query(expr=f"round({_grown('retrain_runs_total', ' by (outcome)')})", legend="{{outcome}}", per=True),
            ),
            look=Look(decimals=0, colours=OUTCOMES),
        ),
        Panel(
            number=8,
            kind="bars",
            title="Begun, by cause, per $per",
            says="Drift: an episode asked for it. Schedule: a quarter began. Manual: a person.",
            queries=(
                Query(
                    expr=f"round({_grown('retrain_runs_started_total', ' by (cause)')})", legend="{{cause}}", per=True
                ),
            ),
            look=Look(decimals=0, colours=CAUSES),
        ),
        Panel(
            number=9,
            kind="table",
            title="Last retrain of each model",
            says="What came of it, and what it took when it was compared. Labels missing: labelled examples that it "
            "would have needed and had not. An empty cell is unknown.",
            queries=(
                Query(expr=f"max by (model, outcome) (retrain_last_run_outcome{OF} == 1)"),
                Query(expr=f"max by (model) (time() - retrain_last_run_timestamp_seconds{OF})"),
                Query(expr=f"max by (model) (retrain_labels_missing{OF})"),
                Query(expr=f"max by (model) (retrain_refusals_in_a_row{OF})"),
                Query(expr=f"max by (model) (retrain_runs_taken_over_total{OF})"),
                Query(expr=f"sum by (model) (retrain_last_run_seconds{OF})"),
            ),
            width=24,
            height=6,
            columns=(
                Column(source="model", header="Model", look=Look(links=(TO_EVALUATION,)), width=200),
                Column(
                    source="outcome",
                    header="Outcome",
                    look=Look(words={name: (name, colour) for name, colour in OUTCOMES.items()}),
                    filled=True,
                ),
                Column(source="Value #B", header="Ended ago", look=Look(unit="s", decimals=1)),
                Column(source="Value #C", header="Labels missing", look=Look(decimals=0)),
                Column(
                    source="Value #D",
                    header="Refusals in a row",
                    look=Look(decimals=0, steps=((None, "transparent"), (1.0, ORANGE), (3.0, RED))),
                    filled=True,
                ),
                Column(source="Value #E", header="Taken over, ever", look=Look(decimals=0)),
                Column(source="Value #F", header="Took", look=Look(unit="s", decimals=1)),
            ),
        ),
    ),
)

TIME_AND_MONEY = Row(
    title="Time and money",
    panels=(
        Panel(
            number=10,
            kind="gauge",
            title="Last run, by stage",
            says="Wall seconds of the last retrain that was compared, summed over the chosen models.",
            queries=(Query(expr=f"sum by (stage) (retrain_last_run_seconds{OF})", legend="{{stage}}"),),
            width=8,
            look=Look(unit="s", decimals=1, low=0, colours=STAGES),
        ),
        Panel(
            number=11,
            kind="steps",
            title="Hours so far",
            says="Of retrains that ended. GPU far below wall: the GPU waits for data, or there is none.",
            queries=(
                Query(expr=f"sum(retrain_run_seconds_total{OF}) / 3600", legend="wall"),
                Query(expr=f"sum(retrain_run_cpu_seconds_total{OF}) / 3600", legend="processor"),
                Query(expr=f"sum(retrain_run_gpu_seconds_total{OF}) / 3600", legend="GPU"),
            ),
            width=8,
            look=Look(unit="suffix: h", decimals=0, low=0, colours=SPENT),
        ),
        Panel(
            number=12,
            kind="steps",
            title="Money so far",
            says="Since the first retrain, in the currency of each model's spec. A model without a price is not shown.",
            queries=(Query(expr=f"max by (model) (retrain_run_cost_total{OF} > 0)", legend="{{model}}"),),
            width=8,
            look=Look(decimals=2, low=0, links=(EVALUATION,)),
        ),
        Panel(
            number=13,
            kind="steps",
            title="Run at work: how long",
            says="Since when the run that holds the claim has been at work. Nothing is drawn where none runs.",
            queries=(
                Query(
                    expr=f"max by (model) (time() - retrain_run_started_timestamp_seconds{OF}) / 3600",
                    legend="{{model}}",
                ),
            ),
            width=8,
            look=Look(unit="suffix: h", decimals=0, low=0, nothing="none runs"),
        ),
        Panel(
            number=14,
            kind="steps",
            title="Run at work: claim still good for",
            says="When it comes to zero, another run may take over, wherever it runs.",
            queries=(
                Query(
                    expr=f"max by (model) (retrain_claim_expires_timestamp_seconds{OF} - time()) / 3600",
                    legend="{{model}}",
                ),
            ),
            width=8,
            look=Look(unit="suffix: h", decimals=0, low=0, nothing="none runs"),
        ),
        Panel(
            number=15,
            kind="steps",
            title="Labelled examples missing",
            says="Examples that an owed run waits for, or the last one had not. Above zero: retrain labels export.",
            queries=(Query(expr=f"max by (model) (retrain_labels_missing{OF})", legend="{{model}}"),),
            width=8,
            look=Look(decimals=0, low=0, links=(EVALUATION,)),
        ),
    ),
)

BOARD = Board(
    name="training",
    title="retrain / Training and cost",
    says="Retrains by outcome and cause, what they took and what they cost.",
    rows=(IN_RANGE, RUNS, TIME_AND_MONEY),
    days=90,
    several=True,
)
