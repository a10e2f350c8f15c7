"""Plan, accept, ask what binds the plan, and quote one more order, in code that blocks.

``python promise_orders.py ADDRESS SCENARIO_FOLDER``
"""

from __future__ import annotations

import csv
import sys
import uuid
from pathlib import Path

from planner.client.blocking_client import BlockingPlanningClient
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanStep
from planner.domain.errors import ConcordatError
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.quoting import NewOrder


def main(address: str, folder: str) -> None:
    """Make a plan the one that is executed, then ask about it."""
    with BlockingPlanningClient(ServerAddress(address)) as client:
        asked = client.create(client.upload(Path(folder)), PlanningParameters(gap=0.01), request_id=str(uuid.uuid4()))
        last = [step.record for step in client.watch(asked.plan) if isinstance(step, PlanStep)][-1]
        if not last.etag:
            sys.exit(f"no plan: {last.state.value}")
        # The etag says which plan was looked at: if it changed meanwhile, this is refused.
        accepted = client.accept(asked.plan, last.etag, accepted_by="example")
        print(f"plans/{accepted.plan} is the one to be executed")
        explain(client, asked.plan)
        quote(client, asked.plan, Path(folder))


def explain(client: BlockingPlanningClient, plan: str) -> None:
    """Tell which orders come late or short, and what they would be worth."""
    for shortfall in client.explain(plan).get("shortfalls", []):
        where = f"{shortfall['product']} for {shortfall['market']}, due {shortfall['due']}"
        units = f"{shortfall['late']:g} late and {shortfall['short']:g} short of {shortfall['ordered']:g}"
        print(f"{where}: {units}, {shortfall['reason']}")


def quote(client: BlockingPlanningClient, plan: str, folder: Path) -> None:
    """Ask what one more unit of the scenario's first order would make of the plan."""
    with (folder / "orders.csv").open(encoding="utf-8", newline="") as rows:
        first = next(csv.DictReader(rows))
    order = NewOrder(
        partner=first["partner"],
        market=first["market"],
        product=first["product"],
        period=int(first["period"]),
        quantity=1.0,
        unit_revenue=float(first["unit_revenue"]),
    )
    answer = client.quote(plan, order)
    served = ", ".join(f"{quantity:g} in period {period}" for period, quantity in answer.served) or "nothing"
    print(f"one more {order.product} for {order.partner}: {served}, {answer.short:g} short")
    print(f"the plan's value changes by {answer.change_least:.2f} to {answer.change_most:.2f}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except ConcordatError as error:
        sys.exit(f"{error.code}: {error}")
