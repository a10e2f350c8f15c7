"""The report as Markdown."""

from __future__ import annotations

from benchmarks.report.content import Table, sections
from benchmarks.results import Results


def as_markdown(results: Results) -> str:
    """Return the report of a run as Markdown."""
    lines: list[str] = []
    for number, section in enumerate(sections(results)):
        lines += [f"{'#' if number == 0 else '##'} {section.title}", ""]
        for sentence in section.sentences:
            lines += [sentence, ""]
        for table in section.tables:
            lines += [*_table(table), ""]
    return "\n".join(lines).rstrip() + "\n"


def _table(table: Table) -> list[str]:
    rows = (table.head, tuple("---" for _ in table.head), *table.rows)
    return ["| " + " | ".join(_cell(text) for text in row) + " |" for row in rows]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
