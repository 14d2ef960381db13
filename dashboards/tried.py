"""Which challengers wait for people, and how do champions do that are on probation?"""

from dashboards.palette import GREY, SKY, WAITS_FOR
from dashboards.palette import PROBATION as STATES
from dashboards.parts import OF_ROW, Column, Link, Look, Panel, Query, Row

OF = '{model=~"$model"}'
TO_EVALUATION = Link(title="Last evaluation", url=f"{OF_ROW}/evaluation")


def _of_waiting(expr: str, reason: str = "labels|review") -> str:
    """A number of a model's challenger, in each row that says what it waits for."""
    waiting = f'retrain_challenger_waiting{{model=~"$model", reason=~"{reason}"}} == 1'
    return f"max by (model, reason) (({waiting}) * on (job, instance, model) group_left () ({expr}))"


WAITING = Row(
    title="Challengers that wait for people",
    panels=(
        Panel(
            number=17,
            kind="table",
            title="Who waits, and for what",
            says="Challengers that the gate left open. Type `retrain status MODEL` for the command that helps: "
            "`retrain review` or `retrain labels export`. In the time left at most it is decided, or given up.",
            queries=(
                Query(expr=f"max by (model, reason) (retrain_challenger_waiting{OF} == 1)"),
                Query(expr=_of_waiting(f"time() - retrain_challenger_waiting_since_timestamp_seconds{OF}")),
                Query(expr=_of_waiting(f"retrain_challenger_waiting_ends_timestamp_seconds{OF} - time()")),
                Query(expr=_of_waiting(f"retrain_challenger_labels_needed{OF}", "labels")),
                Query(expr=_of_waiting(f"retrain_challenger_reviewers_missing{OF}", "review")),
            ),
            width=15,
            height=7,
            look=Look(nothing="nobody waits"),
            columns=(
                Column(source="model", header="Model", look=Look(links=(TO_EVALUATION,)), width=150),
                Column(
                    source="reason",
                    header="Waits for",
                    look=Look(words={name: (name, colour) for name, colour in WAITS_FOR.items()}),
                    width=90,
                    filled=True,
                ),
                Column(source="Value #B", header="Since", look=Look(unit="s", decimals=1)),
                Column(source="Value #C", header="Time left", look=Look(unit="s", decimals=1)),
                Column(source="Value #D", header="Labels needed", look=Look(decimals=0, nothing="-"), width=125),
                Column(source="Value #E", header="Reviewers missing", look=Look(decimals=0, nothing="-"), width=155),
            ),
        ),
        Panel(
            number=18,
            kind="band",
            title="Challengers that wait, by what for",
            says="How many of the chosen models have one that waits, stacked. One may wait for both.",
            queries=(Query(expr=f"sum by (reason) (retrain_challenger_waiting{OF})", legend="{{reason}}"),),
            width=9,
            height=7,
            look=Look(decimals=0, low=0, colours=WAITS_FOR),
        ),
    ),
)

PROBATION = Row(
    title="Probation: champion and predecessor on the same labelled rows of production",
    panels=(
        Panel(
            number=12,
            kind="table",
            title="How the newest probation stands",
            says="Running, confirmed, ended for want of labels, or a breach: worse than its predecessor, beyond doubt, "
            "so rolled back. None: promoted by hand, or without labels to measure it by.",
            queries=(Query(expr=f"max by (model, state) (retrain_probation_state{OF} == 1)"),),
            width=7,
            height=7,
            columns=(
                Column(source="model", header="Model", look=Look(links=(TO_EVALUATION,)), width=150),
                Column(
                    source="state",
                    header="Probation",
                    look=Look(words={name: (name.replace("_", " "), colour) for name, colour in STATES.items()}),
                    filled=True,
                ),
            ),
        ),
        Panel(
            number=16,
            kind="stat",
            title="Newest probation ends",
            says="In how long, of the probations that run now in the chosen models: the last one's. Zero: its time is "
            "over, and the next look ends it.",
            queries=(
                Query(
                    expr=f"max(clamp_min(retrain_probation_ends_timestamp_seconds{OF} - time(), 0) "
                    'and on (job, instance, model) retrain_probation_state{model=~"$model", state="running"} == 1)'
                ),
            ),
            width=5,
            height=7,
            look=Look(unit="s", decimals=1, steps=((None, SKY),), nothing="none runs"),
        ),
        Panel(
            number=15,
            kind="steps",
            title="Challengers in a row that came to nothing",
            says="Held, left open or rolled back. At the number that the spec allows a person is asked for.",
            queries=(
                Query(expr=f"max by (model) (retrain_challengers_unpromoted{OF})", legend="{{model}}"),
                Query(expr=f"max by (model) (retrain_challengers_unpromoted_limit{OF})", legend="{{model}} allowed"),
            ),
            height=7,
            look=Look(decimals=0, low=0),
        ),
        Panel(
            number=13,
            kind="steps",
            title="Realised gain, and what was promised",
            says="Champion less predecessor in accuracy. Production's bounds hold at all looks; wide ones want labels.",
            queries=(
                Query(expr=f"max by (model) (retrain_probation_gain_ratio{OF})", legend="{{model}} seen"),
                Query(expr=f"max by (model) (retrain_probation_gain_low_ratio{OF})", legend="{{model}} low"),
                Query(expr=f"max by (model) (retrain_probation_gain_high_ratio{OF})", legend="{{model}} high"),
                Query(
                    expr=f"max by (model) (retrain_probation_promised_low_ratio{OF})", legend="{{model}} promised low"
                ),
                Query(
                    expr=f"max by (model) (retrain_probation_promised_high_ratio{OF})", legend="{{model}} promised high"
                ),
            ),
            width=16,
            height=9,
            look=Look(unit="percentunit", decimals=1, steps=((None, "transparent"), (0.0, GREY)), line=True),
        ),
        Panel(
            number=14,
            kind="steps",
            title="Labelled rows of the probation",
            says="Compared so far, and how many further ones would probably decide it.",
            queries=(
                Query(expr=f"max by (model) (retrain_probation_rows{OF})", legend="{{model}} compared"),
                Query(expr=f"max by (model) (retrain_probation_labels_missing{OF})", legend="{{model}} missing"),
            ),
            width=8,
            height=9,
            look=Look(decimals=0, low=0),
        ),
    ),
)
