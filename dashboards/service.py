"""Can what the other dashboards show be trusted: do store, exporter, ledgers and servers answer?"""

from dashboards.palette import BLUE, GREEN, GREY, ORANGE, RED, WAITS
from dashboards.parts import Board, Look, Panel, Query, Row

OF = '{model=~"$model"}'
UP = {"0": ("down", RED), "1": ("up", GREEN)}
JOBS = {"retrain": BLUE, "prefect": ORANGE, "prometheus": GREY}
HERE = "and on (instance, job) retrain_build_info"
"""Keeps what the exporter's own process says, whatever its job is called."""


def _stat(number: int, title: str, says: str, expr: str, look: Look) -> Panel:
    query = Query(expr=expr)
    return Panel(number=number, kind="stat", title=title, says=says, queries=(query,), width=3, height=4, look=look)


NOW = Row(
    title="Now",
    panels=(
        _stat(
            1,
            "Artifact store",
            "Whether it answered the newest scrape. Down: nothing else is exported, rather than old numbers.",
            "min(retrain_store_up)",
            Look(words=UP),
        ),
        _stat(
            2,
            "Bad ledgers",
            "Models whose newest ledger entry could not be read or does not hold. `retrain audit MODEL` says why.",
            f"count(retrain_ledger_up{OF}) - sum(retrain_ledger_up{OF})",
            Look(decimals=0, steps=((None, GREEN), (1.0, RED))),
        ),
        _stat(
            19,
            "Bad evaluations",
            "Models whose last stored evaluation could not be read or does not hold: no number of it is exported.",
            f"count(retrain_evaluation_up{OF}) - sum(retrain_evaluation_up{OF})",
            Look(decimals=0, steps=((None, GREEN), (1.0, RED))),
        ),
        _stat(
            20, "Models", "Models that have a ledger.", "max(retrain_models)", Look(decimals=0, steps=((None, BLUE),))
        ),
        _stat(
            3,
            "Store read in",
            "Seconds that the exporter took to read the store for the newest scrape.",
            "max(retrain_scrape_seconds)",
            Look(unit="s", steps=((None, GREEN), (2.0, ORANGE), (10.0, RED))),
        ),
        _stat(
            4,
            "Prefect server",
            "Whether Prometheus reaches it. No data: Prometheus was not told to scrape it.",
            'min(up{job="prefect"})',
            Look(words=UP, nothing="not scraped"),
        ),
        _stat(
            5,
            "Oldest check",
            "The longest time since any chosen model was last judged. Grows when nothing checks.",
            f"max(time() - retrain_last_check_timestamp_seconds{OF})",
            Look(unit="s", decimals=1, steps=((None, GREEN), (86400.0, ORANGE), (3 * 86400.0, RED))),
        ),
        Panel(
            number=6,
            kind="names",
            title="Version",
            says="Of retrain, as the exporter says it.",
            queries=(Query(expr="max by (version) (retrain_build_info)", legend="{{version}}"),),
            width=3,
            height=4,
            look=Look(steps=((None, BLUE),)),
        ),
    ),
)

SERVERS = Row(
    title="Servers",
    panels=(
        Panel(
            number=7,
            kind="steps",
            title="Scraped jobs",
            says="1: Prometheus reached it. 0: it did not. A gap: Prometheus itself was away.",
            queries=(Query(expr="min by (job) (up)", legend="{{job}}"),),
            width=8,
            look=Look(decimals=0, low=0, high=1, words=UP, colours=JOBS),
        ),
        Panel(
            number=8,
            kind="steps",
            title="Artifact store",
            says="1: it answered the scrape. 0: it did not, and no model was told of.",
            queries=(Query(expr="min(retrain_store_up)", legend="store"),),
            width=8,
            look=Look(decimals=0, low=0, high=1, words=UP, colours={"store": BLUE}),
        ),
        Panel(
            number=9,
            kind="lines",
            title="Seconds to read the store",
            says="Per scrape. It grows with the number of models and with the distance to the store.",
            queries=(Query(expr="max(retrain_scrape_seconds)", legend="store"),),
            width=8,
            look=Look(unit="s", low=0, colours={"store": BLUE}),
        ),
        Panel(
            number=10,
            kind="lines",
            title="Exporter's memory",
            says="Resident memory of the exporter's process.",
            queries=(Query(expr=f"max by (job) (process_resident_memory_bytes {HERE})", legend="resident"),),
            width=8,
            look=Look(unit="bytes", low=0, colours={"resident": BLUE}),
        ),
        Panel(
            number=11,
            kind="lines",
            title="Exporter's processor",
            says="Of the exporter's process, as a share of one core.",
            queries=(
                Query(
                    expr=f"max by (job) (rate(process_cpu_seconds_total[$__rate_interval]) {HERE})", legend="one core"
                ),
            ),
            width=8,
            look=Look(unit="percentunit", low=0, colours={"one core": BLUE}),
        ),
        Panel(
            number=12,
            kind="steps",
            title="Models in the store",
            says="That have a ledger, and whose newest entry could be read and holds.",
            queries=(
                Query(expr="max(retrain_models)", legend="with a ledger"),
                Query(expr="sum(retrain_ledger_up)", legend="readable"),
            ),
            width=8,
            look=Look(decimals=0, low=0, colours={"with a ledger": GREY, "readable": GREEN}),
        ),
    ),
)

WORK = Row(
    title="Work",
    panels=(
        Panel(
            number=13,
            kind="band",
            title="Owed retrains that wait, by reason",
            says="Cooldown: one ended shortly before. Backoff: the last were refused or failed. Budget: the year's are "
            "used up.",
            queries=(Query(expr=f"sum by (reason) (retrain_waiting{OF})", legend="{{reason}}"),),
            width=8,
            look=Look(decimals=0, low=0, colours=WAITS),
        ),
        Panel(
            number=14,
            kind="steps",
            title="Budget used",
            says="Automatic retrains of the last 365 days, as a share of those the spec allows. At 100 % only a person "
            "starts one.",
            queries=(
                Query(
                    expr=f"max by (model) (retrain_budget_runs_used{OF} / retrain_budget_runs_limit{OF})",
                    legend="{{model}}",
                ),
            ),
            width=8,
            look=Look(unit="percentunit", decimals=1, low=0, steps=((None, "transparent"), (1.0, RED)), line=True),
        ),
        Panel(
            number=15,
            kind="lines",
            title="Since the last check",
            says="Saw teeth are right; a line that only climbs is a model that nobody judges any more.",
            queries=(
                Query(
                    expr=f"max by (model) (time() - retrain_last_check_timestamp_seconds{OF}) / 3600",
                    legend="{{model}}",
                ),
            ),
            width=8,
            look=Look(unit="suffix: h", decimals=0, low=0),
        ),
        Panel(
            number=16,
            kind="steps",
            title="Ledger entries",
            says="Decisions written down, ever. A line that stands still: nothing is decided.",
            queries=(Query(expr=f"max by (model) (retrain_ledger_entries_total{OF})", legend="{{model}}"),),
            width=8,
            look=Look(decimals=0, low=0),
        ),
        Panel(
            number=17,
            kind="steps",
            title="Refused or failed in a row",
            says="Since the last verdict. Each makes the next attempt wait longer.",
            queries=(Query(expr=f"max by (model) (retrain_refusals_in_a_row{OF})", legend="{{model}}"),),
            width=8,
            look=Look(decimals=0, low=0),
        ),
        Panel(
            number=18,
            kind="steps",
            title="Dead runs taken over",
            says="Ever. Each step is a run whose process died, and whose work another run went on with.",
            queries=(Query(expr=f"max by (model) (retrain_runs_taken_over_total{OF})", legend="{{model}}"),),
            width=8,
            look=Look(decimals=0, low=0),
        ),
    ),
)

BOARD = Board(
    name="service",
    title="retrain / Service health",
    says="Store, exporter, ledgers, Prefect, and what owed work waits for.",
    rows=(NOW, SERVERS, WORK),
    days=7,
    several=True,
)
