"""Plans of a server as a table."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from planner.events.catalogue import PlanCompleted
from planner.events.plan_record import PlanRecord


def print_plans(records: Iterable[PlanRecord], console: Console) -> None:
    """Print one line per plan, in the given order."""
    table = Table(box=None, pad_edge=False)
    for head in ("operation", "scenario", "asked for", "state"):
        table.add_column(head, no_wrap=True)
    for head in ("value", "gap"):
        table.add_column(head, justify="right", no_wrap=True)
    for record in records:
        ending = record.ending
        table.add_row(
            Text(f"operations/{record.plan}"),
            Text(record.request.scenario[:12]),
            Text(record.requested_at.isoformat(timespec="seconds", sep=" ").removesuffix("+00:00")),
            Text(record.state.value),
            Text(f"{ending.value:,.2f}" if isinstance(ending, PlanCompleted) else "–"),
            Text(f"{record.gap:.3%}" if record.gap is not None else "–"),
        )
    console.print(table)
