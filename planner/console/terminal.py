"""The facts of a plan as tables in a terminal, at the end of `concordat plan`."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from planner.console.clause_rows import ClauseRow, clause_rows, scope_label
from planner.console.figures import NONE, counted, money, percent, quantity, share
from planner.console.reading import amounts, currency, facts, number, records, text
from planner.console.sections.capacity import CapacityUse, plant_use
from planner.console.sections.headline import STOPPED_BY, gap_text, page_title
from planner.console.sections.incentives import horizon_budget
from planner.console.sections.progress import history
from planner.console.sections.supply import family_supply
from planner.console.sections.value import PART_NAMES, value_parts
from planner.domain.gap import relative_gap
from planner.domain.plan import Plan

_ROWS = 15
_MOMENTS = 10
_STATE_STYLE = {"violated": "red", "binding": "yellow", "priced": "cyan"}
_OVERTIME = 1e-4
_CENT = 0.005

Cell = str | Text


def print_plan(plan: Plan, console: Console) -> None:
    """Print headline, gap over time, value parts, capacity, families, budgets and the clauses that cost something.

    Every table shows at most 15 rows and counts the rest; tables without facts are left out.
    """
    _print_headline(plan, console)
    _print_table(console, "Gap over time", ("Second", "Value", "Bound", "Gap"), _curve(plan))
    unit = currency(plan)
    parts = [(PART_NAMES[part], money(amount)) for part, amount in value_parts(plan) if amount]
    _print_table(console, "Value", ("Part", f"Amount {unit}".strip()), parts)
    heads: tuple[str, ...] = ("Plant", "Use", "Busiest period", "Overtime")
    _print_table(console, "Capacity per plant, the fullest first", heads, _capacity(plan))
    heads = ("Family", "Wanted", "Served", "Of wanted", "Short", "End stock")
    _print_table(console, "Supply against demand per family", heads, _families(plan))
    heads = ("Partner", "Spend", "Minimum", "Maximum", "Of maximum")
    _print_table(console, "Incentive spend against budgets", heads, _budgets(plan))
    heads = ("Clause", "Applies to", "Measure", "Bound", "Penalty", "Price", "State")
    _print_table(console, "Clauses that bind or are violated", heads, _clauses(plan))


def _print_headline(plan: Plan, console: Console) -> None:
    summary = plan.summary
    why = text(summary.get("stopped_by"))
    again = summary.get("reproducible")
    lines = [
        ("value", f"{money(number(summary.get('value')))} {currency(plan)}".rstrip()),
        ("bound proved", f"{money(number(summary.get('bound_proved')))}   gap {gap_text(plan, 'gap')}"),
        ("bound checked", f"{money(number(summary.get('bound_checked')))}   gap {gap_text(plan, 'gap_checked')}"),
        ("stopped by", f"{why or NONE}" + (f" ({STOPPED_BY[why]})" if why in STOPPED_BY else "")),
        ("reproducible", text(again) or NONE),
        ("data", text(facts(plan).get("provenance")) or NONE),
        ("plan hash", text(summary.get("plan_hash")) or NONE),
    ]
    console.print(Text(page_title(plan), style="bold"))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, figure in lines:
        grid.add_row(Text(name, style="dim"), Text(figure))
    console.print(grid)


def _print_table(console: Console, title: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    if not rows:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for place, head in enumerate(heads):
        words = head in {"Applies to", "State", "Busiest period"}
        table.add_column(head, justify="left" if place == 0 or words else "right", overflow="fold")
    for row in rows[:_ROWS]:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    console.print()
    console.print(Text(title, style="bold"))
    console.print(table)
    if len(rows) > _ROWS:
        console.print(Text(f"and {counted(len(rows) - _ROWS, 'more row')}; the report has them all", style="dim"))


def _curve(plan: Plan) -> list[tuple[Cell, ...]]:
    """Return some moments of the history, evenly drawn from all of it, the first and the last among them."""
    moments = history(plan)
    last = len(moments) - 1
    steps = min(last, _MOMENTS - 1)
    drawn = sorted({round(place * last / steps) for place in range(steps + 1)}) if steps > 0 else range(len(moments))
    rows: list[tuple[Cell, ...]] = []
    for seconds, value, bound in (moments[place] for place in drawn):
        gap = NONE if not value or bound is None else percent(relative_gap(value, bound))
        rows.append((f"{seconds:,.1f}", money(value), money(bound), gap))
    return rows


def _capacity(plan: Plan) -> list[tuple[Cell, ...]]:
    uses = sorted(plant_use(plan), key=lambda use: (-(use.average or 0.0), use.name))
    return [_plant(use) for use in uses if use.used]


def _plant(use: CapacityUse) -> tuple[Cell, ...]:
    shares = [use.share(period) or 0.0 for period in range(len(use.used))]
    busiest = max(range(len(shares)), key=shares.__getitem__)
    peak = f"{share(shares[busiest])} in {busiest}" if shares[busiest] else NONE
    overtime = sum(use.overtime)
    bought = Text(quantity(overtime), style="yellow") if overtime > _OVERTIME else NONE
    return use.name, share(use.average), peak, bought


def _families(plan: Plan) -> list[tuple[Cell, ...]]:
    return [
        (
            f"{family.name} ({family.unit})" if family.unit else family.name,
            quantity(sum(family.wanted)),
            quantity(sum(family.served)),
            share(family.fill),
            quantity(sum(family.short)),
            quantity(family.end_stock[-1]),
        )
        for family in family_supply(plan)
        if family.ordered
    ]


def _budgets(plan: Plan) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for fact in records(facts(plan).get("incentives")):
        spend = sum(amounts(fact.get("spend")))
        low, high = horizon_budget(fact)
        used = share(spend / high) if high else NONE
        rows.append((text(fact.get("partner")), money(spend), money(low), money(high), used))
    return rows


def _clauses(plan: Plan) -> list[tuple[Cell, ...]]:
    """Return a line per clause and state, the costliest first; rows that look alike are counted together."""
    alike: dict[tuple[str, str], list[ClauseRow]] = {}
    for row in clause_rows(plan):
        if row.state in _STATE_STYLE:
            alike.setdefault((row.clause, row.state), []).append(row)
    return [_clause(rows) for rows in alike.values()]


def _clause(rows: Sequence[ClauseRow]) -> tuple[Cell, ...]:
    first = rows[0]
    paid = sum(row.penalty for row in rows)
    return (
        first.clause,
        scope_label(first) if len(rows) == 1 else f"{len(rows)} {scope_label(first).partition(' ')[0]}s",
        _common([quantity(row.measure) for row in rows]),
        _common([_bound(row) for row in rows]),
        money(paid) if paid >= _CENT else NONE,
        quantity(max(row.price or 0.0 for row in rows)) if first.price else NONE,
        Text(first.state, style=_STATE_STYLE[first.state]),
    )


def _bound(row: ClauseRow) -> str:
    sides = [f"≥ {quantity(row.lower)}"] if row.lower is not None else []
    sides += [f"≤ {quantity(row.upper)}"] if row.upper is not None else []
    return " ".join(sides) or NONE


def _common(figures: Sequence[str]) -> str:
    return figures[0] if len(set(figures)) == 1 else "several"
