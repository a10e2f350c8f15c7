"""An explanation as tables in a terminal; it comes as a document, from a folder or from a server alike."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from planner.console.figures import NONE, counted, money, quantity
from planner.console.reading import Record, number, record, records, text

_ROWS = 15


def print_explanation(document: Record, console: Console) -> None:
    """Print conflict, late and short orders, budgets, counterfactuals and repairs; empty parts are left out.

    Every table shows at most 15 rows, orders before subscriptions, most units or highest price first.
    """
    _print_conflict(document, console)
    if document.get("shortfalls") is not None and not document.get("priced") and not records(document.get("conflict")):
        console.print("The plan carries no prices: what follows rests on its decisions alone.")
    shortfalls = sorted(records(document.get("shortfalls")), key=_missing, reverse=True)
    heads: tuple[str, ...] = ("Order or demand", "Due", "Late", "Short", "What binds")
    _print_table(console, "Late or short", heads, [_shortfall(short) for short in shortfalls])
    budgets = [use for use in records(document.get("budgets")) if use.get("state") != "met"]
    budgets.sort(key=lambda use: -(number(use.get("price")) or 0.0))
    heads = ("Budget", "Applies to", "Spent", "Bound", "Price", "What binds")
    _print_table(console, "Offer budgets", heads, [_budget(use) for use in budgets])
    for field, title in (("counterfactuals", "If clauses were loosened"), ("repairs", "What would repair it")):
        _print_answers(records(document.get(field)), title, console)


def _print_conflict(document: Record, console: Console) -> None:
    terms = records(document.get("conflict"))
    if not terms:
        return
    console.print(Text("These cannot hold together; without any one of them the others can", style="bold"))
    for term in terms:
        contract = f", contract {text(term.get('contract'))}" if term.get("contract") else ""
        line = f"  {text(term.get('subject'))} ({text(term.get('kind'))}{contract}): {text(term.get('text'))}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _print_answers(answers: Sequence[Record], title: str, console: Console) -> None:
    if not answers:
        return
    console.print()
    console.print(Text(title, style="bold"))
    for answer in answers:
        line = f"  {text(answer.get('text'))}"
        estimate, checked = number(answer.get("estimate")), record(answer.get("change_checked"))
        if estimate is not None:
            line += f"; first estimate by prices {estimate:,.2f}"
        if checked:
            lower, upper = (number(checked.get(end)) or 0.0 for end in ("lower", "upper"))
            line += f"; by checked bounds {lower:,.2f} to {upper:,.2f}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _print_table(console: Console, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for head in heads:
        words = head in {"Order or demand", "Budget", "Applies to", "What binds"}
        table.add_column(head, justify="left" if words else "right", overflow="fold")
    for row in rows[:_ROWS]:
        table.add_row(*(Text(cell) for cell in row))
    console.print()
    console.print(Text(title, style="bold"))
    console.print(table)
    if len(rows) > _ROWS:
        console.print(Text(f"and {counted(len(rows) - _ROWS, 'more row')}; --json has them all", style="dim"))


def _missing(short: Record) -> tuple[bool, float, float]:
    return short.get("kind") == "order", number(short.get("short")) or 0.0, number(short.get("late")) or 0.0


def _shortfall(short: Record) -> tuple[str, ...]:
    name = text(short.get("id")) or f"{text(short.get('product'))} in {text(short.get('market'))}, subscriptions"
    late, missing = (number(short.get(field)) or 0.0 for field in ("late", "short"))
    return (
        name,
        text(short.get("due")),
        quantity(late) if late else NONE,
        quantity(missing) if missing else NONE,
        text(short.get("text")),
    )


def _budget(use: Record) -> tuple[str, ...]:
    window, lower, upper = (number(use.get(field)) for field in ("window", "lower", "upper"))
    sides = [f"≥ {money(lower)}"] if lower is not None else []
    sides += [f"≤ {money(upper)}"] if upper is not None else []
    price = number(use.get("price")) or 0.0
    return (
        text(use.get("clause")),
        "horizon" if window is None else f"window {window:.0f}",
        money(number(use.get("spent"))),
        " ".join(sides) or NONE,
        quantity(price) if price else NONE,
        text(use.get("text")),
    )
