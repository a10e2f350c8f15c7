"""`concordat whatif compare`: what the results of a run prove and tell, as lines, as a file of pairs and as a page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from planner.adapters.case_download import DownloadedCases
from planner.adapters.case_store import ParquetCaseStore
from planner.application.clause_spread import clause_spreads
from planner.application.interactions import chosen_interaction, interactions
from planner.application.pareto_front import pareto_front
from planner.cli.what_if_order import CompareOrder
from planner.console.what_if_page import ComparisonView, render_comparison
from planner.console.what_if_tables import clause_lines, front_lines, together_lines
from planner.console.what_if_words import comparison_lines
from planner.domain.comparison import pairwise
from planner.domain.errors import FolderNotWritable

_PAIRS = "pairs.parquet"


def compare_run(order: CompareOrder) -> Iterator[str]:
    """Return what results prove and tell, of a run's folder or a downloaded file; all pairs are written beside them.

    Raises
    ------
    PlanUnreadable
        If the folder holds no run, or the file no results.
    InvalidRequest
        If there is no such measure or factor.
    FolderNotWritable
        If the pairs or the page cannot be written.
    """
    store = DownloadedCases(order.results) if order.results.is_file() else ParquetCaseStore(order.results)
    cases = store.read().sort("name", "key")
    pairs = pairwise(cases, order.bounds)
    front = pareto_front(cases, order.pareto, order.bounds)
    together = (chosen_interaction(cases, order.bounds, order.heat),) if order.heat else ()
    store.write_beside(pairs, _PAIRS)
    if order.html is not None:
        view = ComparisonView(order.pareto, order.heat)
        write_page(order.html, render_comparison(cases, pairs, order.bounds, view))
    return chain(
        comparison_lines(cases, pairs, order.bounds),
        together_lines(together or interactions(cases, order.bounds), chosen=bool(together)),
        front_lines(front),
        clause_lines(clause_spreads(cases)),
    )


def write_page(file: Path, page: str) -> None:
    """Write a page for people.

    Raises
    ------
    FolderNotWritable
        If it cannot be written.
    """
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise FolderNotWritable(f"cannot write {file}: {error.strerror}") from error
