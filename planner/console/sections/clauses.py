"""Every clause: measure, bounds, violation, penalty and price, the costliest first."""

from __future__ import annotations

from planner.console.clause_rows import ClauseRow, scope_label
from planner.console.figures import NONE, counted, money, quantity
from planner.console.markup import Markup, element, join
from planner.console.page import Column, chip, details, missing, section, table, two_lines
from planner.console.reading import currency, facts, number, records, text
from planner.console.svg import Segment, bar
from planner.domain.plan import Plan

_ID, _TITLE = "clauses", "Contract clauses"
_CENT = 0.005
_STATE = {"violated": "bad", "binding": "warn", "priced": "plain", "kept": "good", "measured": "plain"}


def clause_section(plan: Plan, rows: tuple[ClauseRow, ...]) -> Markup:
    """Return all measured rows, sorted by penalty and price, and every clause in words."""
    terms = _terms_table(plan)
    if not rows:
        return missing(_ID, _TITLE) if terms is None else section(_ID, _TITLE, _lead(plan, rows), terms)
    unit = currency(plan)
    columns = (
        Column("Clause", hint="pointing at a clause shows its contract, at a kind its terms"),
        Column("Kind"),
        Column("Applies to"),
        Column("State", hint="binding: within 0.1 % of a bound; priced: not there, yet loosening it would pay"),
        Column("", bar=True),
        Column("Measure", numeric=True),
        Column("At least", numeric=True),
        Column("At most", numeric=True),
        Column("Violation", numeric=True),
        Column(f"Penalty, {unit}" if unit else "Penalty", numeric=True, hint="amount paid"),
        Column("Price", numeric=True, hint="change of value per unit by which the bound is loosened"),
    )
    measured = table("Clauses by row, costliest first", columns, [_row(row) for row in rows], classes="clauses")
    return section(_ID, _TITLE, _lead(plan, rows), measured, terms or Markup())


def _lead(plan: Plan, rows: tuple[ClauseRow, ...]) -> str:
    violated = sum(row.state == "violated" for row in rows)
    binding = sum(row.state == "binding" for row in rows)
    bans = sum(not records(clause.get("rows")) for clause in records(facts(plan).get("clauses")))
    return (
        f"{counted(len(rows), 'measured row')}: {violated} violated and paid for, {binding} binding. "
        f"{counted(bans, 'clause')} without a measured row: bans, or outside the horizon. "
        "The price of a clause is what the plan would gain per unit by which its bound were loosened."
    )


def _row(row: ClauseRow) -> tuple[str, ...]:
    return (
        element("span", row.clause, title=row.contract),
        element("span", row.kind, title=row.terms) if row.terms else join(row.kind),
        scope_label(row),
        chip(row.state, _STATE[row.state]),
        _position(row),
        quantity(row.measure),
        quantity(row.lower),
        quantity(row.upper),
        quantity(row.violation) if row.violation else NONE,
        money(row.penalty) if row.penalty >= _CENT else NONE,
        quantity(row.price) if row.price else NONE,
    )


def _position(row: ClauseRow) -> Markup:
    known = [amount for amount in (row.measure, row.lower, row.upper) if amount is not None]
    if row.measure is None or len(known) < 2:
        return Markup()
    low, high = min(*known, 0.0), max(*known, 0.0)
    scale = 1.05 * (high - low) or 1.0
    style = "short" if row.state == "violated" else "late" if row.state == "binding" else "ontime"
    ticks = [((row.lower - low) / scale, "min")] if row.lower is not None else []
    ticks += [((row.upper - low) / scale, "max")] if row.upper is not None else []
    return bar([Segment(-low / scale, (row.measure - low) / scale, style)], ticks)


def _terms_table(plan: Plan) -> Markup | None:
    clauses = records(facts(plan).get("clauses"))
    if not clauses:
        return None
    columns = (
        Column("Clause"),
        Column("Partner"),
        Column("Kind"),
        Column("Terms"),
        Column("Repeats"),
        Column("Penalty per unit", numeric=True),
    )
    rows = [
        (
            two_lines(text(clause.get("clause")), text(clause.get("contract"))),
            text(clause.get("partner")),
            text(clause.get("kind")),
            text(clause.get("terms")),
            "each window" if clause.get("each_window") is True else "horizon",
            "hard" if (rate := number(clause.get("penalty_rate"))) is None else quantity(rate),
        )
        for clause in clauses
    ]
    return details(
        f"Every clause in words ({len(rows)})", table("Clauses in words", columns, rows, classes="clauses terms")
    )
