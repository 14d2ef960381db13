"""What do scores, shares and places look like? Drawn as SVG, with nothing but text in it that could run or load."""

from collections.abc import Sequence
from html import escape

from retrain.drift.attribution.sentences import explained, named
from retrain.drift.report import DriftScore, Places, Segment

INK, FAINT, GRID = "#1f2933", "#616e7c", "#e4e7eb"
OLD, NEW, ALARM = "#9aa5b1", "#2667c9", "#ba2525"
MARKS = ("#ba2525", "#c77700", "#6a3fb5", "#0b7a75", "#b5367f")
"""Of the first segments on the map."""
WIDTH = 760.0
NAME_CHARS = 46


def scores_picture(scores: Sequence[DriftScore]) -> str:
    """Each score as a multiple of its threshold, the largest first; beyond the line is drift."""
    ordered = sorted(scores, key=_ratio, reverse=True)
    left, right, row = 190.0, 70.0, 22.0
    most = max(1.5, *(min(_ratio(score), 4.0) for score in ordered))
    unit = (WIDTH - left - right) / most
    height = row * len(ordered) + 34
    drawn = [_line((left + unit, 8), (left + unit, height - 22), INK, dashed=True)]
    for place, score in enumerate(ordered):
        top = 10 + place * row
        ratio = min(_ratio(score), 4.0)
        colour = ALARM if score.drifted else OLD
        drawn += [
            _text((left - 10, top + 13), score.signal, anchor="end"),
            _bar((left, top + 3), (max(ratio * unit, 1.0), row - 8), colour),
            _text((left + ratio * unit + 6, top + 13), f"{_ratio(score):.2f}", fill=colour if score.drifted else FAINT),
        ]
    drawn.append(_text((left + unit, height - 6), "threshold", anchor="middle", fill=FAINT))
    return _svg(height, drawn, "Scores as multiples of their thresholds")


def shares_picture(segments: Sequence[Segment]) -> str:
    """Reference share and window share of each segment, and the bounds of the window's share less the reference's."""
    left, right, row = 330.0, 60.0, 44.0
    most = max(0.05, *(max(s.reference_share, s.current_share, s.reference_share + s.high) for s in segments))
    unit = (WIDTH - left - right) / min(most * 1.05, 1.0)
    height = row * len(segments) + 30
    drawn: list[str] = []
    for place, segment in enumerate(segments):
        top = 6 + place * row
        middle = top + 27
        ends = [left + unit * min(max(segment.reference_share + by, 0.0), 1.0) for by in (segment.low, segment.high)]
        drawn += [
            _text((left - 12, top + 16), _cut(named(segment)), anchor="end"),
            _text((left - 12, top + 32), _explained(segment), anchor="end", fill=FAINT, size=11),
            _bar((left, top + 4), (max(unit * segment.reference_share, 1.0), 12), OLD),
            _bar((left, top + 20), (max(unit * segment.current_share, 1.0), 14), NEW if segment.sure else "#a9c4ec"),
            _line((ends[0], middle), (ends[1], middle), INK),
            *(_line((end, middle - 4), (end, middle + 4), INK) for end in ends),
            _text(
                (left + unit * segment.reference_share + 5, top + 14),
                f"{segment.reference_share:.1%}",
                fill=FAINT,
                size=11,
            ),
            _text((max(ends[1], left + unit * segment.current_share) + 6, top + 31), f"{segment.current_share:.1%}"),
        ]
    drawn += _legend((left, height - 10), (("reference", OLD), ("window", NEW)))
    return _svg(height, drawn, "Shares of the segments in the reference and in the window")


def places_picture(places: Places, segments: Sequence[Segment]) -> str:
    """The map of both sides; rows of the first segments in their own colours."""
    side, pad = 380.0, 14.0
    points = [*places.reference, *places.current]
    edges = [(min(p[axis] for p in points), max(p[axis] for p in points)) for axis in (0, 1)]

    def at(point: tuple[float, float]) -> tuple[float, float]:
        x, y = (
            (value - low) / max(high - low, 1e-9) * (side - 2 * pad)
            for value, (low, high) in zip(point, edges, strict=True)
        )
        return pad + x * 1.4, side - pad - y

    drawn = [_dot(at(point), 2.2, OLD, 0.55) for point in places.reference]
    order = sorted(zip(places.current, places.marked, strict=True), key=lambda pair: pair[1] >= 0)
    drawn += [
        _dot(at(point), 3.4 if 0 <= mark < len(MARKS) else 2.4, MARKS[mark] if 0 <= mark < len(MARKS) else NEW, 0.8)
        for point, mark in order
    ]
    shown = [(_cut(named(s)), MARKS[n]) for n, s in enumerate(segments[: len(MARKS)]) if n in places.marked]
    key = [("reference", OLD), ("window", NEW), *shown]
    for place, (name, colour) in enumerate(key):
        drawn += [
            _dot((side * 1.4 + 8, 24 + place * 20), 4.5, colour, 1.0),
            _text((side * 1.4 + 20, 28 + place * 20), _cut(name, 30)),
        ]
    return _svg(side, drawn, "Rows of the reference and of the window on a plane")


def _ratio(score: DriftScore) -> float:
    return score.value / max(score.threshold, 1e-9)


def _explained(segment: Segment) -> str:
    if not segment.sure:
        return "may be chance"
    return explained(segment.explains)


def _cut(text: str, most: int = NAME_CHARS) -> str:
    return text if len(text) <= most else text[: most - 1] + "\u2026"


def _svg(height: float, drawn: Sequence[str], title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {height:g}" role="img" aria-label="{escape(title)}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>{"".join(drawn)}</svg>'
    )


def _bar(corner: tuple[float, float], size: tuple[float, float], colour: str) -> str:
    (x, y), (width, height) = corner, size
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2" fill="{colour}"/>'


def _line(start: tuple[float, float], end: tuple[float, float], colour: str, *, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="4 3"' if dashed else ""
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" '
        f'stroke="{colour}" stroke-width="1.4"{dashes}/>'
    )


def _dot(middle: tuple[float, float], radius: float, colour: str, opacity: float) -> str:
    return (
        f'<circle cx="{middle[0]:.1f}" cy="{middle[1]:.1f}" r="{radius:g}" fill="{colour}" fill-opacity="{opacity:g}"/>'
    )


def _text(corner: tuple[float, float], text: str, *, anchor: str = "start", fill: str = INK, size: float = 12.5) -> str:
    return (
        f'<text x="{corner[0]:.1f}" y="{corner[1]:.1f}" font-size="{size:g}" text-anchor="{anchor}" '
        f'fill="{fill}">{escape(text)}</text>'
    )


def _legend(corner: tuple[float, float], keys: Sequence[tuple[str, str]]) -> list[str]:
    drawn = []
    for place, (name, colour) in enumerate(keys):
        x = corner[0] + place * 110
        drawn += [_bar((x, corner[1] - 9), (12, 10), colour), _text((x + 17, corner[1]), name, fill=FAINT)]
    return [*drawn, _text((corner[0] + 220, corner[1]), "\u251c\u2500\u2524 bounds, bursts counted in", fill=FAINT)]
