"""What a server tells those who run it of its what-if executions: figures, and its status."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from planner.cli.status_work import status_document, status_lines
from planner.client.connection import ServerAddress
from planner.client.server_status import ask_status
from planner.wire.v1 import what_if_pb2 as wire
from tests.telemetry_kept import Kept
from tests.what_if_gateway import CASES, GRID, Scripted, WhatIfKnock, at_what_if


async def one_under_way(knock: WhatIfKnock) -> tuple[str, str]:
    """Have one execution stand behind its second result and another one wait; return their names."""
    job = await knock.stub.CreateWhatIfJob(wire.CreateWhatIfJobRequest(scenario=knock.scenario, grid=GRID))
    run = wire.RunWhatIfJobRequest(name=job.name)
    first, second = await knock.stub.RunWhatIfJob(run), await knock.stub.RunWhatIfJob(run)
    async for told in knock.stub.WatchWhatIfExecution(wire.WatchWhatIfExecutionRequest(name=first.name)):
        if told.result.sequence == 2:
            break
    return first.name, second.name


async def cancel(knock: WhatIfKnock, *names: str) -> None:
    """Stop executions."""
    for name in names:
        await knock.stub.CancelWhatIfExecution(wire.CancelWhatIfExecutionRequest(name=name))


def test_executions_and_cases_are_counted(tmp_path: Path) -> None:
    """Figures tell what waits and is under way, what came of cases and how long they took, and how executions ended."""
    kept, prefix = Kept(), "concordat_what_if_"

    def executions() -> list[float | None]:
        return [kept.figure(f"{prefix}executions", state=state) for state in ("queued", "running")]

    async def visit(knock: WhatIfKnock) -> None:
        first, second = await one_under_way(knock)
        assert executions() == [1, 1]
        await cancel(knock, second, first)
        assert executions() == [0, 0]

    at_what_if(tmp_path, Scripted(stall_at=2), visit, telemetry=kept.telemetry)
    assert kept.figure(f"{prefix}executions_ended_total", state="cancelled") == 2
    assert kept.figure(f"{prefix}cases_total", outcome="planned") == 2
    assert kept.figure(f"{prefix}case_duration_seconds_sum", outcome="planned") == pytest.approx(0.02)


def test_the_status_of_a_server_tells_of_executions(tmp_path: Path) -> None:
    """Whoever asks how a server is doing sees executions that wait or run, with their results, and none that ended."""

    async def told(knock: WhatIfKnock) -> tuple[list[str], Any]:
        watched = await ask_status(ServerAddress(knock.address))
        return list(status_lines(knock.address, watched)), status_document(watched)["what_if_executions"]

    async def visit(knock: WhatIfKnock) -> None:
        first, second = await one_under_way(knock)
        lines, (running, waiting) = await told(knock)
        assert all(each.pop("seconds") >= 0 for each in (running, waiting))
        assert running == {"name": first, "running": True, "done": 2, "total": CASES}
        assert waiting == {"name": second, "running": False, "done": 0, "total": CASES}
        place = lines.index("1 what-if executions under way, 1 wait")
        assert lines[place + 1].startswith(f"{first}  running   2 of {CASES} results, ")
        assert lines[place + 2].startswith(f"{second}  queued    0 of {CASES} results, ")
        await cancel(knock, second, first)
        lines, executions = await told(knock)
        assert executions == []
        assert not any("what-if" in line for line in lines)

    at_what_if(tmp_path, Scripted(stall_at=2), visit)
