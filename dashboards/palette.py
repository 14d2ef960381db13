"""Which colour means what? One colour a meaning on all dashboards, told apart by colour-blind readers too.

The eight colours are those of Okabe and Ito (2008), two more for signals.
Colour never stands alone: its meaning is written out or in a legend.
"""

GREEN = "#009E73"
BLUE = "#0072B2"
SKY = "#56B4E9"
YELLOW = "#F0E442"
ORANGE = "#E69F00"
RED = "#D55E00"
PINK = "#CC79A7"
GREY = "#999999"

STATES = {"quiet": GREEN, "warning": ORANGE, "alarm": RED, "insufficient_data": SKY, "never_checked": GREY}
OUTCOMES = {"promoted": GREEN, "held": BLUE, "inconclusive": SKY, "refused": ORANGE, "failed": RED}
CAUSES = {"drift": RED, "schedule": BLUE, "manual": PINK, "alert": ORANGE}
VERDICTS = {"pass": GREEN, "fail": RED, "unknown": GREY}
ROLES = {"champion": BLUE, "challenger": ORANGE}
WAITS = {
    "cooldown": SKY,
    "backoff": ORANGE,
    "budget": RED,
    "labels": PINK,
    "drill": YELLOW,
    "data": BLUE,
    "unpromoted": GREY,
}
STAGES = {"prepare": SKY, "probe": PINK, "tune": YELLOW, "train": BLUE, "evaluate": GREEN, "other": GREY}
BY = {"run": GREEN, "hand": PINK, "pending": SKY}
WAITS_FOR = {"labels": PINK, "review": ORANGE}
PROBATION = {"none": GREY, "running": SKY, "confirmed": GREEN, "not_enough_labels": ORANGE, "breach": RED}
ROLLBACKS = {"manual": PINK, "probation": RED}
CHANGES = {
    "label": BLUE,
    "group": PINK,
    "term": GREEN,
    "cluster": SKY,
    "style": YELLOW,
    "damage": RED,
    "unfamiliar": ORANGE,
}
KINDS = {
    "new_topic": ORANGE,
    "change_of_mix": BLUE,
    "change_of_style": YELLOW,
    "broken_data": RED,
    "unclear": GREY,
}
FAIRNESS = {"within_limit": GREEN, "breach": RED, "not_enough_evidence": SKY}
SOURCES = {"estimated": BLUE, "labelled": GREEN}
PLANTED = {"label_mix": BLUE, "unsure_rows": ORANGE, "new_words": GREEN, "copied_rows": PINK}
SPENT = {"wall": GREY, "processor": BLUE, "GPU": ORANGE}

EVENTS = {"alarm": RED, "retrain": BLUE, "promotion": GREEN, "rollback": PINK}
"""Of the marks on time axes."""

SIGNALS = {
    "input.length": GREY,
    "input.tokens": SKY,
    "input.non_letters": YELLOW,
    "input.unseen_words": ORANGE,
    "input.script": "#AA4499",
    "input.embedding": RED,
    "input.neighbours": PINK,
    "output.labels": BLUE,
    "output.confidence": GREEN,
    "output.entropy": "#DDCC77",
}
