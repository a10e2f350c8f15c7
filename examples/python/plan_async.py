"""Plan a scenario with asyncio and keep the plan: ``python plan_async.py ADDRESS SCENARIO_FOLDER PLAN_FOLDER``."""

from __future__ import annotations

import asyncio
import sys
import uuid
from pathlib import Path

from planner.client.connection import ServerAddress
from planner.client.planning_client import ConnectionLost, PlanningClient
from planner.domain.errors import ConcordatError
from planner.ports.planning_runtime import PlanningParameters


async def main(address: str, scenario: str, out: str) -> None:
    """Upload, ask, watch, keep."""
    async with PlanningClient(ServerAddress(address)) as client:
        stored = await client.upload(Path(scenario))
        # With a request id a call whose answer was lost is simply sent again. An ERP takes the number of its own
        # document, so that even a program that was killed finds its plan again.
        parameters = PlanningParameters(gap=0.01, time_limit=120.0)
        asked = await client.create(stored, parameters, request_id=str(uuid.uuid4()))
        print(f"accepted as operations/{asked.plan}")
        record = asked
        async for step in client.watch(asked.plan):
            if isinstance(step, ConnectionLost):
                print(f"waiting for the server: {step.error}")
                continue
            record = step.record
            if step.progress is not None and step.progress.value is not None:
                print(f"{step.progress.phase}: value {step.progress.value}, at most {step.progress.bound}")
        if not record.etag:
            sys.exit(f"no plan: {record.state.value}")
        await client.save(asked.plan, Path(out))
        print(f"the plan stands in {out}")


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except ConcordatError as error:
        sys.exit(f"{error.code}: {error}")
