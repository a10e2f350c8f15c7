"""A comparison of what-if cases as one HTML page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import polars as pl

from planner.application.clause_spread import clause_spreads
from planner.application.factor_effects import factor_effects
from planner.application.interactions import chosen_interaction, interactions
from planner.application.pareto_front import DEFAULT_MEASURES, pareto_front
from planner.application.partner_spread import partner_moves
from planner.console.figures import counted, money
from planner.console.markup import Markup, element
from planner.console.what_if.clauses import clause_section
from planner.console.what_if.differences import difference_section
from planner.console.what_if.heat import Reference, heat_section
from planner.console.what_if.measures import measure_section
from planner.console.what_if.pareto import pareto_section
from planner.console.what_if.partners import partner_section
from planner.console.what_if.tornado import tornado_section
from planner.console.what_if_words import reference

_NAVIGATION = (
    ("tornado", "Factors"),
    ("heat", "Together"),
    ("cases", "Cases"),
    ("pareto", "Front"),
    ("measures", "Measures"),
    ("clauses", "Clauses"),
    ("partners", "Partners"),
)


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """What a comparison shows of what can be chosen: two measures for the front, and two factors (None: all pairs)."""

    pareto: tuple[str, str] = DEFAULT_MEASURES
    heat: tuple[str, str] | None = None


def render_comparison(cases: pl.DataFrame, pairs: pl.DataFrame, bound: str, view: ComparisonView | None = None) -> str:
    """Return the page: what moves the value, what each case is proven to gain, what else changes with it.

    ``cases`` are results with the column ``bound`` to compare by, ``pairs`` what they prove about each other. The same
    results give the same bytes.

    Raises
    ------
    InvalidRequest
        If the view names a measure or factor that there is not.
    """
    shown = view or ComparisonView()
    against = reference(cases)
    found = [chosen_interaction(cases, bound, shown.heat)] if shown.heat else interactions(cases, bound)
    main = element(
        "main",
        tornado_section(factor_effects(cases, bound)),
        heat_section(found, _reference(cases, against, bound)),
        difference_section(cases, pairs, against, bound),
        pareto_section(pareto_front(cases, shown.pareto, bound)),
        measure_section(cases, against),
        clause_section(cases, clause_spreads(cases)),
        partner_section(partner_moves(cases, against), against),
    )
    return document("What-if comparison", [_header(cases, bound), _navigation(), main])


def document(title: str, content: Sequence[Markup]) -> str:
    """Return content as a whole page with the style sheet of reports."""
    style = files("planner.console").joinpath("report.css").read_text(encoding="utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(style)),
    )
    body = element("body", *content, element("footer", "Concordat comparison of what-if cases"))
    return "<!DOCTYPE html>\n" + element("html", head, body, lang="en") + "\n"


def _reference(cases: pl.DataFrame, name: str, bound: str) -> Reference:
    rows = cases.filter(pl.col("name") == name)
    return Reference(name, rows["value"][0], rows[bound][0]) if rows.height else Reference(name, None, None)


def _header(cases: pl.DataFrame, bound: str) -> Markup:
    by = "recomputed without a solver" if bound == "bound_checked" else "claimed by solvers"
    outcomes = sorted(cases["outcome"].value_counts().iter_rows())
    told = ", ".join(f"{number:,} {outcome}" for outcome, number in outcomes)
    best = cases.filter(pl.col("value").is_not_null()).sort("value", "name", descending=[True, False]).head(1)
    words = (
        [element("strong", best["name"][0]), f" is worth most as found: {money(best['value'][0])}."]
        if best.height
        else []
    )
    return element(
        "header",
        element("p", "Concordat · what if", class_="eyebrow"),
        element("h1", "What if"),
        element("p", f"{counted(cases.height, 'case')}{': ' if told else ''}{told}; by bounds {by}", class_="sub"),
        element("p", *words, class_="verdict") if words else Markup(),
    )


def _navigation() -> Markup:
    return element("nav", *(element("a", name, href=f"#{place}") for place, name in _NAVIGATION), aria_label="Sections")
