"""What does a person read first on the page of a drift check? The verdict, what changed, and the evidence for it."""

from collections.abc import Iterable
from html import escape

from retrain.drift.attribution.sentences import named
from retrain.drift.fairness.sentences import said, sentence
from retrain.drift.performance.sentences import told as accuracy_told
from retrain.drift.pictures import places_picture, scores_picture, shares_picture
from retrain.drift.report import CheckState, DriftReport, DriftScore, Segment
from retrain.store.judged import Fairness, GroupGap

STYLE = """
.retrain{font-family:system-ui,sans-serif;max-width:60rem;margin:1.5rem auto;padding:0 1.5rem;
  color:#1f2933;line-height:1.45}
.retrain h1{font-size:1.35rem;margin:0 0 .25rem}.retrain h2{font-size:1.1rem;margin:1.75rem 0 .5rem}
.retrain p{margin:.25rem 0}.retrain .quiet{color:#52606d;font-size:.92rem}
.retrain .verdict{border-left:.45rem solid #3f9142;background:#f3f9f3;padding:.9rem 1.1rem;margin:1rem 0}
.retrain .verdict.drifted{border-color:#ba2525;background:#fff5f5}
.retrain .verdict.unsure{border-color:#c77700;background:#fff8ec}
.retrain .verdict strong{font-size:1.35rem;display:block}
.retrain svg{width:100%;height:auto;font-family:inherit;display:block}
.retrain table{border-collapse:collapse;width:100%;font-size:.92rem}
.retrain th,.retrain td{text-align:left;padding:.35rem .75rem;border-bottom:1px solid #e4e7eb;vertical-align:top;
  overflow-wrap:anywhere}
.retrain th{color:#52606d;font-weight:600}
.retrain td.number,.retrain th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.retrain tr.drifted td{background:#fff5f5}.retrain tr.drifted td:last-child{color:#ba2525;font-weight:600}
.retrain q{display:block;color:#3e4c59;overflow-wrap:anywhere}
"""
WORDS: dict[CheckState, str] = {
    "alarm": "Drift alarm",
    "warning": "Drift warning",
    "quiet": "Quiet",
    "insufficient_data": "Unknown",
}


def summary(report: DriftReport) -> str:
    """HTML to stand at the top of a page. Everything that came from production is escaped."""
    return (
        f'<style>{STYLE}</style><section class="retrain"><h1>Drift check of {escape(report.model)}</h1>'
        f'<p class="quiet">Window {_moment(report.start)} to {_moment(report.end)} UTC, {escape(_rows(report))}</p>'
        f"{_verdict(report)}{_breach(report.fairness)}<h2>What changed</h2>{_changed(report)}"
        f"<h2>Scores</h2>{scores_picture(report.scores) if report.scores else ''}{_evidence(report)}{_map(report)}"
        f"{_groups(report.fairness)}{_accuracy(report)}<h2>Figures</h2>{_scores(report)}{_not_watched(report)}"
        f'<p class="quiet">Reference {report.reference[:12]}, {report.reference_rows} rows, champion '
        f"{escape((report.champion or 'none')[:12])}. Thresholds were measured on the reference's own blocks.</p>"
        "</section>"
    )


def _moment(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _rows(report: DriftReport) -> str:
    said = [f"{report.rows} rows"]
    if report.compared_rows < report.rows:
        said.append(f"{report.compared_rows} of them compared")
    said += [f"{count} set aside: {reason}" for reason, count in sorted(report.quarantined.items())]
    if report.duplicates:
        said.append(f"{report.duplicates} duplicates dropped")
    if report.truncated:
        said.append(f"{report.truncated} long inputs cut")
    return ", ".join(said)


def _verdict(report: DriftReport) -> str:
    """State, what it looks like, and which signals say so."""
    state = report.state
    if not report.scores:
        return '<p class="verdict unsure">Nothing could be measured in this window.</p>'
    drifted = f"{len(report.drifted)} of {len(report.scores)} signals drifted: {', '.join(report.drifted)}."
    signals = drifted if report.drifted else f"None of {len(report.scores)} signals drifted."
    speaks = state in ("alarm", "warning") if state else bool(report.drifted)
    title = WORDS[state] if state else ("Drifted" if speaks else "Quiet")
    if not speaks:
        colour = " unsure" if state == "insufficient_data" else ""
        return f'<p class="verdict{colour}"><strong>{title}</strong>{signals}</p>'
    looks = "what kind cannot be told" if report.kind in (None, "unclear") else f"looks like {report.kind}"
    reason = f"<br>{escape(report.kind_reason)}." if report.kind_reason else ""
    colour = "unsure" if state == "warning" else "drifted"
    return f'<p class="verdict {colour}"><strong>{title}: {looks}</strong>{escape(signals)}{reason}</p>'


def _accuracy(report: DriftReport) -> str:
    sentences = "".join(f"<p>{escape(one[:1].upper() + one[1:])}.</p>" for one in accuracy_told(report.performance))
    return f"<h2>Accuracy</h2>{sentences}"


def _breach(fairness: Fairness | None) -> str:
    if fairness is None or fairness.state != "breach":
        return ""
    worst = escape(sentence(fairness.gaps[0], fairness.limit))
    return f'<p class="verdict drifted"><strong>Fairness breach</strong>{fairness.breached} in all; {worst}.</p>'


def _changed(report: DriftReport) -> str:
    """The picture of shares, then rows to look at."""
    if not report.segments:
        return "<p>Nothing could be compared.</p>"
    lead = ""
    if not any(segment.sure for segment in report.segments):
        lead = '<p class="quiet">No segment moved by more than chance; these moved most.</p>'
    quoted = [segment for segment in report.segments if segment.examples]
    head = '<th>Segment</th><th class="number">Rows</th><th>Examples from the window</th>'
    examples = _table(head, map(_examples, quoted)) if quoted else ""
    return lead + shares_picture(report.segments) + examples


def _examples(segment: Segment) -> str:
    texts = "".join(f"<q>{escape(text)}</q>" for text in segment.examples)
    return f'<tr><td>{escape(named(segment))}</td><td class="number">{segment.rows}</td><td>{texts}</td></tr>'


def _groups(fairness: Fairness | None) -> str:
    """The gaps between groups, breaches first. What is not known is said to be so."""
    if fairness is None:
        return ""
    told = "" if fairness.state == "breach" else "".join(f"<p>{escape(one)}.</p>" for one in said(fairness))
    if not fairness.gaps:
        return f"<h2>Groups</h2>{told}"

    def row(gap: GroupGap) -> str:
        numbers = "".join(
            f'<td class="number">{"-" if value is None else format(value, form)}</td>'
            for value, form in ((gap.rate, ".3f"), (gap.rest, ".3f"), (gap.gap, "+.3f"))
        )
        between = "-" if gap.low is None or gap.high is None else f"{gap.low:+.3f} to {gap.high:+.3f}"
        colour = ' class="drifted"' if gap.state == "breach" else ""
        names = f'<td>{escape(gap.group)}</td><td>{escape(gap.outcome)}</td><td class="number">{gap.rows}</td>'
        return f"<tr{colour}>{names}{numbers}<td>{between}</td><td>{gap.state.replace('_', ' ')}</td></tr>"

    head = "<th>Group</th><th>Outcome</th>" + "".join(
        f'<th class="number">{name}</th>' for name in ("Rows", "Group", "Rest", "Gap")
    )
    return f"<h2>Groups</h2>{told}" + _table(f"{head}<th>Bounds</th><th>State</th>", map(row, fairness.gaps))


def _map(report: DriftReport) -> str:
    if report.places is None:
        return ""
    by = "embeddings" if report.places.embedded else "words"
    return (
        f"<h2>Where the rows lie</h2>{places_picture(report.places, report.segments)}"
        f'<p class="quiet">The two main directions of the rows by their {by}.</p>'
    )


def _evidence(report: DriftReport) -> str:
    """The windows together: how rare chance would make them, against what an alarm needs."""
    seen = report.evidence
    if seen is None:
        return ""
    return (
        f"<p>Evidence {seen.total:.3g} of {seen.needed:.0f} needed for an alarm "
        f"({seen.warning:.3g} for a warning): chance alone shows as much as these windows together once in "
        f"{seen.total:.3g} looks, or more often.</p>"
    )


def _scores(report: DriftReport) -> str:
    of_signal = report.evidence.signals if report.evidence else {}

    def row(score: DriftScore) -> str:
        cells = (
            f"<td>{escape(score.signal)}</td><td>{escape(score.method)}</td>"
            f'<td class="number">{score.value:.3f}</td><td class="number">{score.threshold:.3f}</td>'
            f'<td class="number">{_number(score.p_value, ".2g")}</td>'
            f'<td class="number">{_number(of_signal.get(score.signal), ".3g")}</td>'
        )
        state = ("drifted", "drifted") if score.drifted else ("", "quiet")
        return f'<tr class="{state[0]}">{cells}<td>{state[1]}</td></tr>'

    ordered = sorted(report.scores, key=lambda score: -score.value / max(score.threshold, 1e-9))
    numbers = "".join(f'<th class="number">{name}</th>' for name in ("Score", "Threshold", "p", "Evidence"))
    head = f"<th>Signal</th><th>Method</th>{numbers}<th>State</th>"
    return _table(head, (row(score) for score in ordered))


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _not_watched(report: DriftReport) -> str:
    if not report.not_watched:
        return ""
    rows = (
        f"<tr><td>{escape(name)}</td><td>{escape(why)}</td></tr>" for name, why in sorted(report.not_watched.items())
    )
    return "<h2>Not watched</h2>" + _table("<th>Signal</th><th>Why</th>", rows)


def _table(head: str, rows: Iterable[str]) -> str:
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
