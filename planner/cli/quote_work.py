"""What the quoting command does; apart from it, since it loads gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from rich.console import Console

from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient
from planner.ports.quoting import NewOrder, Quote


def print_quote(plan: str, order: NewOrder, server: ServerAddress) -> None:
    """Ask a server and print its answer."""

    async def asked() -> Quote:
        async with PlanningClient(server) as client:
            return await client.quote(plan.removeprefix("plans/"), order)

    console = Console()
    for line in quote_lines(order, asyncio.run(asked())):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def quote_lines(order: NewOrder, quote: Quote) -> Iterator[str]:
    """Yield what a quote says, one line a fact."""
    if quote.served:
        when = ", ".join(f"{quantity:,.2f} in period {t}{_late(order, t)}" for t, quantity in quote.served)
        yield f"can be served: {when}" + (f"; {quote.short:,.2f} cannot" if quote.short > 0 else "")
    else:
        yield "is not worth serving, or cannot be served, as the plan stands"
    yield f"value of the plan changes by at least {quote.change_least:,.2f}, at most {quote.change_most:,.2f}"
    for name, amount in quote.parts:
        if abs(amount) >= 0.005:  # nothing that two decimals show
            yield f"  {name.replace('_', ' '):<24}{amount:>16,.2f}"
    if quote.unit_cost is not None:
        yield f"cost per unit {quote.unit_cost:,.2f}, of the next unit {quote.next_unit_cost:,.2f}"
    for held in quote.binding:
        when = "" if held.period is None else f" in period {held.period}"
        price = f" adds {held.price:,.2f} to the next unit" if held.price else " limits it, whatever is paid"
        yield f"  {held.kind} {held.name}{when}{price}"


def _late(order: NewOrder, period: int) -> str:
    late = period - order.period
    return f" ({late} late)" if late else ""
