"""How does the whole story look in one picture? Drift score and threshold, accuracy, and what was done, over time."""

from datetime import datetime
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from retrain.demo.story import Story, Week
from retrain.demo.traffic import WEEK

COLOURS = {"quiet": "#2e7d32", "warning": "#f9a825", "alarm": "#c62828", "insufficient_data": "#9e9e9e"}
DRIFT, INK, ACCURACY = "#ef6c00", "#37474f", "#1565c0"


def draw(story: Story, to: Path) -> None:
    """Write a PNG, 1600 by 1000 pixels."""
    figure, (above, middle, below) = plt.subplots(
        3, 1, figsize=(16, 10), dpi=100, sharex=True, height_ratios=(4, 4, 1.4), layout="constrained"
    )
    _scores(above, story.weeks)
    _accuracy(middle, story.weeks)
    _drift(below, story.weeks)
    for axis in (above, middle, below):
        axis.spines[["top", "right"]].set_visible(False)
        for happening in story.happenings:
            axis.axvline(_day(happening.at), color=INK, alpha=0.5, linewidth=1, linestyle=":")
    _happenings(above, story)
    below.xaxis.set_major_locator(mdates.WeekdayLocator(byweekday=0))
    below.xaxis.set_major_formatter(mdates.DateFormatter("%d %b"))
    figure.suptitle("retrain: the world changes, the model follows", fontsize=18, color=INK)
    figure.savefig(to)
    plt.close(figure)


def _scores(axis: Axes, weeks: list[Week]) -> None:
    """The signal that was farthest beyond its threshold, as a multiple of that threshold."""
    for week in weeks:
        middle, colour = _day(week.start + WEEK / 2), COLOURS[week.check.state]
        signals = week.check.signals if week.check.state != "insufficient_data" else ()
        if not signals:
            axis.axvspan(
                _day(week.start), _day(week.start + WEEK), color=COLOURS["insufficient_data"], alpha=0.15, lw=0
            )
            axis.text(middle, 0.08, "reference\nis gathered", ha="center", color=INK, fontsize=9)
            continue
        worst = max(signals, key=lambda signal: signal.value / signal.threshold)
        height = worst.value / worst.threshold
        axis.bar(middle, height, width=5.2, color=colour)
        axis.text(
            middle, height, f"{worst.signal}\n{week.check.state}", ha="center", va="bottom", fontsize=9, color=INK
        )
    axis.axhline(1.0, color=COLOURS["alarm"], linestyle="--", linewidth=1.5)
    axis.text(0.004, 1.02, "threshold", transform=axis.get_yaxis_transform(), color=COLOURS["alarm"], fontsize=10)
    axis.set_ylabel("strongest drift score\n(multiple of its threshold)", fontsize=11)
    axis.margins(y=0.25)


def _accuracy(axis: Axes, weeks: list[Week]) -> None:
    """What the champion of each week really achieved; a new line for each version."""
    for version in dict.fromkeys(week.version for week in weeks):
        mine = [week for week in weeks if week.version == version]
        days = [_day(week.start + WEEK / 2) for week in mine]
        axis.plot(days, [week.accuracy for week in mine], marker="o", linewidth=2.5, color=ACCURACY)
        axis.annotate(f"version {version}", (days[0], mine[0].accuracy), xytext=(0, 12), textcoords="offset points")
    axis.set_ylabel("accuracy of the\nserved answers", fontsize=11)
    axis.set_ylim(0.0, 1.05)
    axis.grid(axis="y", alpha=0.3)


def _drift(axis: Axes, weeks: list[Week]) -> None:
    starts = [_day(week.start) for week in weeks]
    axis.bar(starts, [week.drift for week in weeks], width=7, align="edge", color=DRIFT, alpha=0.6)
    axis.set_ylabel("planted\ndrift", fontsize=11)
    axis.set_ylim(0, 1.1)


def _happenings(axis: Axes, story: Story) -> None:
    """Names above the picture; those of one moment stand below each other."""
    moments: dict[datetime, list[str]] = {}
    for happening in story.happenings:
        moments.setdefault(happening.at, []).append(happening.what)
    for at, names in moments.items():
        axis.annotate(
            "\n".join(names),
            (_day(at), 1.0),
            xycoords=axis.get_xaxis_transform(),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=11,
            color=INK,
        )


def _day(at: datetime) -> float:
    return float(mdates.date2num(at))
