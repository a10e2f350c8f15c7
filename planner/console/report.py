"""The report of a plan: one HTML page that needs nothing but itself.

It is made from the plan folder alone, holds no script and loads nothing, and the same plan gives the same bytes.
"""

from __future__ import annotations

from importlib.resources import files

from planner.console.clause_rows import clause_rows
from planner.console.markup import Markup, element
from planner.console.reading import text
from planner.console.sections.capacity import capacity_section
from planner.console.sections.certificate import certificate_section, origin_section
from planner.console.sections.clauses import clause_section
from planner.console.sections.headline import header, page_title
from planner.console.sections.incentives import incentive_section, offer_section
from planner.console.sections.progress import progress_section
from planner.console.sections.supply import family_section, order_section, supplier_section
from planner.console.sections.value import value_section
from planner.domain.plan import Plan

_NAVIGATION = (
    ("progress", "Gap"),
    ("value", "Value"),
    ("capacity", "Capacity"),
    ("families", "Families"),
    ("orders", "Orders"),
    ("suppliers", "Suppliers"),
    ("incentives", "Incentives"),
    ("offers", "Offers"),
    ("clauses", "Clauses"),
    ("certificate", "Certificate"),
    ("origin", "Data"),
)


def render_report(plan: Plan) -> str:
    """Return the report of a plan as a self-contained HTML page; sections without data say so."""
    rows = clause_rows(plan)
    body = element(
        "body",
        element("a", "Skip to the report", href="#progress", class_="skip"),
        header(plan, rows),
        _navigation(),
        element(
            "main",
            progress_section(plan),
            value_section(plan),
            capacity_section(plan),
            family_section(plan),
            order_section(plan),
            supplier_section(plan),
            incentive_section(plan),
            offer_section(plan),
            clause_section(plan, rows),
            certificate_section(plan),
            origin_section(plan),
        ),
        element("footer", f"Concordat report of plan {text(plan.summary.get('plan_hash'))[:16] or 'without hash'}"),
    )
    return "<!DOCTYPE html>\n" + element("html", _head(plan), body, lang="en") + "\n"


def _head(plan: Plan) -> Markup:
    style = files("planner.console").joinpath("report.css").read_text(encoding="utf-8")
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="generator", content="concordat"),
        element("title", f"{page_title(plan)}: plan report"),
        element("style", Markup(style)),
    )


def _navigation() -> Markup:
    links = [element("a", name, href=f"#{identifier}") for identifier, name in _NAVIGATION]
    return element("nav", *links, aria_label="Sections")
