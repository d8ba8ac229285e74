"""One self-contained HTML page: figure, scores beside their nulls, findings, assumptions, provenance."""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from insilico.comparison import Comparison, Finding, ceiling_text, gain_text
from insilico.provenance import versions

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem } img { max-width: 100% }
table { border-collapse: collapse; margin: .6rem 0 }
th, td { padding: .25rem .7rem; text-align: left; border-bottom: 1px solid #ddd }
td.n { text-align: right; font-variant-numeric: tabular-nums } .bad { color: #b33000; font-weight: 600 }
.note { color: #555 } pre { background: #f6f6f6; padding: .8rem; overflow-x: auto; font-size: 12px }
"""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One run in a report.

    Parameters
    ----------
    title, citation
        Heading and what to cite.
    figure
        matplotlib figure of the run.
    convergence
        Line that says whether the states are fixed points.
    comparison
        Score, or None for an experiment without a published table.
    findings
        Measured quantities.
    assumptions
        What the protocol chose because the source does not say.
    record
        Provenance.
    """

    title: str
    citation: str
    figure: Any
    convergence: str
    comparison: Comparison | None
    findings: Sequence[Finding]
    assumptions: Sequence[str]
    record: dict[str, Any]


def report(
    title: str, sections: Sequence[Section], *, figure: Any = None, text: str = "", further: Sequence[Any] = ()
) -> str:
    """Return the page.

    Parameters
    ----------
    title
        Heading of the page.
    sections
        Runs, in order.
    figure
        Overview figure above all runs.
    text
        Plain text below it.
    further
        Further figures, below the text.

    Every figure is shown; its label (`figure.get_label()`) is its alternative text.
    """
    compared = [s.comparison for s in sections if s.comparison is not None]
    parts = [f"<h1>{html.escape(title)}</h1>"]
    if figure is not None:
        parts.append(_image(figure, title))
    if len(sections) > 1:
        parts.append(score_table(compared))
    if text:
        parts.append(f"<pre>{html.escape(text)}</pre>")
    parts += [_image(extra, title) for extra in further]
    for section in sections:
        parts.append(_section(section, heading=len(sections) > 1))
    parts.append(f"<p class=note>Versions: {html.escape(', '.join(f'{k} {v}' for k, v in versions().items()))}.</p>")
    return (
        f"<!doctype html>\n<html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>"
        f"<style>{STYLE}</style>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def png(figure: Any, dpi: int = 160) -> bytes:
    """Return a figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": "insilico-neurophysiology"})
    return buffer.getvalue()


def score_table(comparisons: Sequence[Comparison]) -> str:
    """Return an HTML table of scores: every score with its interval, nulls, ceiling and free parameters."""
    if not comparisons:
        return ""
    headings = ("table", "model", "R²", "95 %, over mirror orbits", "nulls", "ceiling", "points", "free", "gain")
    rows = ["<tr>" + "".join(f"<th>{heading}</th>" for heading in headings) + "</tr>"]
    for c in comparisons:
        nulls = ", ".join(
            f"{html.escape(n.replace('_', ' '))} <span{' class=bad' if v > c.r2 else ''}>{v:.3f}</span>"
            for n, v in c.nulls.items()
        )
        state = "" if c.converged else f" <span class=bad>not converged ({c.residual:.0e})</span>"
        rows.append(
            f"<tr><td>{html.escape(c.protocol)}</td><td>{html.escape(c.model)}{state}</td><td class=n>{c.r2:.3f}</td>"
            f"<td class=n>{c.low:.2f} – {c.high:.2f} ({c.n_orbits})</td><td>{nulls}</td>"
            f"<td class=n>{ceiling_text(c.reference.ceiling)}</td>"
            f"<td class=n>{c.prediction.size}</td><td class=n>{c.n_free}</td>"
            f"<td{' class=bad' if c.failed else ''}>{html.escape(gain_text(c.score()))}</td></tr>"
        )
    scales = {c.scale.name: c.scale for c in comparisons}
    of = {name: ", ".join(dict.fromkeys(c.protocol for c in comparisons if c.scale.name == name)) for name in scales}
    scaled = "; ".join(f"{scale.legend}{f' ({of[name]})' if len(scales) > 1 else ''}" for name, scale in scales.items())
    legend = (
        f"<p class=note>R² = 1 − SSE/SST over all points of the table; {html.escape(scaled)}. Interval: bootstrap over "
        "panels. <span class=bad>A null in this colour is above the model</span>.</p>"
    )
    return "<table>" + "".join(rows) + "</table>" + legend


def _section(section: Section, *, heading: bool) -> str:
    state = (
        f"<p{' class=bad' if section.convergence.startswith('warning') else ''}>{html.escape(section.convergence)}</p>"
    )
    parts = [f"<h2>{html.escape(section.title)}</h2>"] if heading else []
    parts += [f"<p class=note>{html.escape(section.citation)}</p>", state, _image(section.figure, section.title)]
    if section.comparison is not None:
        if not heading:
            parts.append(score_table([section.comparison]))
        card = section.comparison.reference.card
        error = f"{card['digitisation_error']} {'' if card['unit'] == '1' else card['unit']}"
        parts.append(
            f"<p class=note>Digitisation error {error.strip()} ({html.escape(card['digitisation_error_basis'])}). "
            f"{_ceiling(card)}</p>"
        )
        parts.append(_list("Not known about the data", card["not_known"]))
        parts.append(_list("Notes on the data", card["notes"]))
    parts.append(_list("Assumed, because the source does not say", section.assumptions))
    parts.append(_findings(section.findings))
    record = html.escape(json.dumps(section.record, indent=1, ensure_ascii=False))
    parts.append(f"<details><summary>Provenance</summary><pre>{record}</pre></details>")
    return "\n".join(part for part in parts if part)


def _ceiling(card: Mapping[str, Any]) -> str:
    """Return the sentences on what the data themselves allow: the ceiling, and the agreement of their series."""
    ceiling = f"Ceiling: {card['ceiling_basis']}." if "ceiling_basis" in card else "Ceiling not known."
    agreement = f" Agreement {card['agreement']}: {card['agreement_basis']}." if "agreement" in card else ""
    return html.escape(ceiling + agreement)


def _findings(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    if any(f.expected is not None for f in findings):
        return _expected(findings)
    rows = ["<tr><th>measure</th><th>model</th><th>95 %</th><th>data</th><th>unit</th><th></th></tr>"]
    for f in findings:
        data = "" if f.data is None else f"{f.data:.3g}"
        unit = "" if f.unit == "1" else html.escape(f.unit)
        shown = html.escape(f.value) if isinstance(f.value, str) else f"{f.value:.3g}"
        interval = "" if f.low is None or f.high is None else f"{f.low:.3g} … {f.high:.3g}"
        cells = "".join(f"<td class=n>{cell}</td>" for cell in (shown, interval, data))
        note = html.escape(f.note or "")
        rows.append(f"<tr><td>{html.escape(f.name)}</td>{cells}<td>{unit}</td><td class=note>{note}</td></tr>")
    return f"<details open><summary>Measures</summary><table>{''.join(rows)}</table></details>"


def _expected(findings: Sequence[Finding]) -> str:
    """Return the table of measures that are held against expected ranges; a miss is bold and says so."""
    headings = ("measure", "model", "expected", "", "unit", "source")
    rows = ["<tr>" + "".join(f"<th>{heading}</th>" for heading in headings) + "</tr>"]
    for f in findings:
        value = f.value if isinstance(f.value, str) else f"{f.value:.3g}"
        wanted = "" if f.expected is None else f"{f.expected[0]:g} … {f.expected[1]:g}"
        verdict = {True: "met", False: "<b class=bad>missed</b>", None: ""}[f.met]
        rows.append(
            f"<tr><td>{html.escape(f.name)}</td><td class=n>{html.escape(value)}</td><td class=n>{wanted}</td>"
            f"<td>{verdict}</td><td>{'' if f.unit == '1' else html.escape(f.unit)}</td>"
            f"<td class=note>{html.escape(f.source)}</td></tr>"
        )
    return f"<details open><summary>Measures</summary><table>{''.join(rows)}</table></details>"


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    return f"<p class=note>{html.escape(title)}: {html.escape('; '.join(items))}.</p>"


def _image(figure: Any, title: str) -> str:
    alt = figure.get_label() or title
    data = base64.b64encode(png(figure, dpi=110)).decode("ascii")
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'
