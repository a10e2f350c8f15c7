"""Plans of a server, one a line."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console

from planner.events.catalogue import PlanCompleted
from planner.events.plan_record import PlanRecord


def print_plans(records: Iterable[PlanRecord], console: Console) -> None:
    """Print one line per plan, in the given order; lines are never cut, since operations are copied from them."""
    lines = [("operation", "scenario", "asked for (UTC)", "state", "value", "gap", "etag, and who accepted it")]
    for record in records:
        ending = record.ending
        lines.append(
            (
                f"operations/{record.plan}",
                record.request.scenario[:12],
                record.requested_at.strftime("%Y-%m-%d %H:%M:%S"),
                record.state.value,
                f"{ending.value:,.2f}" if isinstance(ending, PlanCompleted) else "–",
                f"{record.gap:.3%}" if record.gap is not None else "–",
                _standing(record),
            )
        )
    for operation, scenario, moment, state, value, gap, standing in lines:
        text = f"{operation:<47}  {scenario:<12}  {moment:<19}  {state:<11}  {value:>18}  {gap:>9}  {standing}"
        console.print(text.rstrip(), markup=False, highlight=False, soft_wrap=True)


def _standing(record: PlanRecord) -> str:
    acceptance = record.acceptance
    if acceptance is None:
        return record.etag
    moment = acceptance.accepted_at.strftime("%Y-%m-%d %H:%M")
    return f"{record.etag or acceptance.etag}, accepted by {acceptance.accepted_by} at {moment}"
