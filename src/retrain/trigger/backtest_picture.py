"""What does a backtest look like? Two policies over the same time, one below the other, drawn as SVG."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from html import escape

from retrain.trigger.backtest import Course, Look

WIDTH, LEFT, RIGHT = 960.0, 92.0, 20.0
LANE, TOP, GAP = 120.0, 52.0, 58.0
MOST = 1.6
"""Strength beyond which a bar is cut. The limit is at 1: evidence for an alarm, or a score's threshold."""
INK, FAINT, GRID = "#1f2933", "#616e7c", "#e4e7eb"
COLOURS = {"quiet": "#9aa5b1", "warning": "#c77700", "alarm": "#ba2525", "insufficient_data": "#e4e7eb"}
FIRED, FALLEN = "#2667c9", "#6a3fb5"

END = f'fill="{FAINT}" text-anchor="end"'

Span = tuple[datetime, datetime]
Pair = tuple[float, float]


def picture(model: str, courses: Sequence[tuple[str, Course]], falls: Sequence[Span]) -> str:
    """An SVG document. Everything that came from outside is escaped."""
    looks = [look for _, course in courses for look in course.looks]
    height = TOP + len(courses) * (LANE + GAP) + 34
    if not looks:
        return _document(height, [_text((LEFT, TOP + 20), "no window has been judged yet")], model)
    ends = [moment for look in looks for moment in (look.start, look.end, look.at)]
    time = _Time(min(ends), max(ends))
    drawn = [*_legend(), *_dates(time, height)]
    for place, (name, course) in enumerate(courses):
        drawn += _lane(time, TOP + place * (LANE + GAP), name, course, falls)
    return _document(height, drawn, model)


class _Time:
    """Moments to places from left to right."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self.start, self.end = start, max(end, start + timedelta(hours=1))

    def at(self, moment: datetime) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((moment - self.start) / (self.end - self.start))


def _lane(time: _Time, top: float, name: str, course: Course, falls: Sequence[Span]) -> Iterator[str]:
    base, unit = top + LANE, LANE / MOST
    yield _text((LEFT, top - 8), name, f'fill="{INK}" font-weight="600"')
    yield _text((LEFT - 8, base - unit + 4), "limit", END)
    yield _text((LEFT - 8, base), "0", END)
    for episode in course.episodes:
        left, right = time.at(episode.start), time.at(episode.end)
        yield _box((left, top), (max(right - left, 2.0), LANE), "#fbeaea")
    for look in course.looks:
        yield _bar(time, base, unit, look)
    yield _level(base - unit, ' stroke-dasharray="4 3"')
    yield _level(base)
    for fire in course.fires:
        x = time.at(fire.at)
        said = f"<title>{escape(fire.cause)} {_day(fire.at)}</title>"
        yield f'<path d="M{x:.1f} {base + 5} l6 11 h-12 z" fill="{FIRED}">{said}</path>'
    for start, end in falls:
        x = (time.at(start) + time.at(end)) / 2
        yield f'<circle cx="{x:.1f}" cy="{base + 24}" r="4" fill="{FALLEN}"/>'


def _level(y: float, dashes: str = "") -> str:
    return f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="{INK}"{dashes}/>'


def _bar(time: _Time, base: float, unit: float, look: Look) -> str:
    left, right = time.at(look.start), time.at(look.end)
    wide = max(right - left - 1, 1.0)
    if look.how == "lost":
        return _box((left, base - LANE), (wide, LANE), GRID, f"{_day(look.start)}: not replayed")
    tall = max(min(look.strength or 0.0, MOST) * unit, 2.0)
    return _box((left, base - tall), (wide, tall), COLOURS[look.state], f"{_day(look.start)}: {look.state}")


def _legend() -> Iterator[str]:
    x = LEFT
    states = [(name, COLOURS[name]) for name in ("quiet", "warning", "alarm")]
    for word, colour in (*states, ("not replayed", GRID), ("retrain due", FIRED), ("labels show a fall", FALLEN)):
        yield _box((x, 12), (11, 11), colour)
        yield _text((x + 16, 22), word)
        x += 34 + 7.2 * len(word)


def _dates(time: _Time, height: float) -> Iterator[str]:
    step = (time.end - time.start) / 6
    for place in range(7):
        moment = time.start + place * step
        x = time.at(moment)
        yield f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{height - 30}" stroke="{GRID}"/>'
        anchor = "start" if place == 0 else "end" if place == 6 else "middle"
        yield _text((x, height - 14), _day(moment), f'fill="{FAINT}" text-anchor="{anchor}"')


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _box(at: Pair, size: Pair, fill: str, title: str = "") -> str:
    said = f"<title>{escape(title)}</title>" if title else ""
    place = f'x="{at[0]:.1f}" y="{at[1]:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}"'
    return f'<rect {place} fill="{fill}">{said}</rect>'


def _text(at: Pair, text: str, style: str = f'fill="{FAINT}"') -> str:
    return f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" {style}>{escape(text)}</text>'


def _document(height: float, drawn: Sequence[str], model: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" width="{WIDTH:g}" '
        f'height="{height:g}" font-family="system-ui,sans-serif" font-size="13" role="img">'
        f"<title>Backtest of {escape(model)}</title>"
        f'<rect width="{WIDTH:g}" height="{height:g}" fill="#ffffff"/>{"".join(drawn)}</svg>\n'
    )
