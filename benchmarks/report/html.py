"""The report as one page that needs nothing else: no network, no script, readable in light and dark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from benchmarks.report.content import FIRST, Section, Table, sections
from benchmarks.report.curves import gap_charts, scaling_charts
from benchmarks.report.profiles import profile_charts
from benchmarks.report.svg import Chart
from benchmarks.results import Results

_SHORT = 40
_LIGHT = ("#0b66c3", "#c2410c", "#157f3b", "#7c3aed", "#a1175f", "#5c5f66")
_DARK = ("#6cb6ff", "#ff9d5c", "#5fd38a", "#c4a5ff", "#ff8fc7", "#b8bcc4")

_STYLE = """
:root { color-scheme: light dark; --ground: #ffffff; --ink: #1c1e21; --faint: #6b7079; --rule: #d9dce1; --band: #f4f5f7;
  --good: #157f3b; --bad: #b42318; --open: #8a6100; LIGHT }
@media (prefers-color-scheme: dark) { :root { --ground: #16181c; --ink: #e6e8eb; --faint: #9aa0a9; --rule: #363a42;
  --band: #1f2228; --good: #5fd38a; --bad: #ff8a80; --open: #f2c14e; DARK } }
body { background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 1180px; padding: 1.5rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; border-bottom: 1px solid var(--rule); }
.scroll { overflow: auto; max-height: 36rem; margin: 0.8rem 0; }
table { border-collapse: collapse; font-size: 0.86rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); }
th { background: var(--band); position: sticky; top: 0; } td.short { white-space: nowrap; } td { max-width: 34rem; }
tr.met strong { color: var(--good); } tr.missed strong { color: var(--bad); }
tr.not-measured strong { color: var(--open); }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); gap: 1.4rem; }
figure { margin: 0; } figcaption { font-weight: 600; margin-bottom: 0.2rem; }
.chart { width: 100%; height: auto; } .chart text { fill: var(--ink); font: 12px system-ui, sans-serif; }
.chart .frame { fill: none; stroke: var(--faint); } .chart .grid { stroke: var(--rule); stroke-width: 0.7; }
.chart .line { fill: none; stroke-width: 2; } .chart .whisker { stroke-width: 1.2; }
@media print { .scroll { max-height: none; } .chart, tr { break-inside: avoid; } }
"""


def as_html(results: Results) -> str:
    """Return the report of a run as a page."""
    told = sections(results)
    first = [section for section in told if section.title in FIRST]
    rest = [section for section in told if section.title not in FIRST]
    places = [line for number, section in enumerate(first) for line in _section(section, "h2" if number else "h1")]
    places += _charts("Performance profiles", profile_charts(results))
    places += _charts("Gap over time", gap_charts(results))
    places += _charts("Scaling", scaling_charts(results))
    places += [line for section in rest for line in _section(section, "h2")]
    head = f"<title>Benchmarks, suite {escape(results.suite)}</title><style>{_style()}</style>"
    opening = '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
    viewport = '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
    body = "\n".join(places)
    return f"{opening}{viewport}{head}</head>\n<body>\n{body}\n</body></html>\n"


def _style() -> str:
    def variables(colours: Sequence[str]) -> str:
        return " ".join(f"--c{number}: {colour};" for number, colour in enumerate(colours))

    series = "\n".join(
        f".chart .s{number} {{ stroke: var(--c{number}); }} .chart .m{number} {{ fill: var(--c{number}); }}"
        for number in range(len(_LIGHT))
    )
    return _STYLE.replace("LIGHT", variables(_LIGHT)).replace("DARK", variables(_DARK)) + series


def _section(section: Section, heading: str) -> list[str]:
    lines = [f"<{heading}>{escape(section.title)}</{heading}>"]
    lines += [f"<p>{escape(sentence)}</p>" for sentence in section.sentences]
    return lines + [_table(table) for table in section.tables]


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in table.head)
    rows = []
    for number, row in enumerate(table.rows):
        mark = f' class="{escape(table.marks[number])}"' if table.marks else ""
        rows.append(f"<tr{mark}>{''.join(_cell(text) for text in row)}</tr>")
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _cell(text: str) -> str:
    short = ' class="short"' if len(text) <= _SHORT else ""
    words = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escape(text))
    return f"<td{short}>{words}</td>"


def _charts(title: str, charts: Sequence[Chart]) -> list[str]:
    if not charts:
        return []
    figures = [f"<figure><figcaption>{escape(chart.title)}</figcaption>{chart.svg}</figure>" for chart in charts]
    return [f"<h2>{escape(title)}</h2>", f'<div class="charts">{"".join(figures)}</div>']
