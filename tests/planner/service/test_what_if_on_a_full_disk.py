"""What-if executions on a disk that has no room left: results wait for room, and ends that are not kept are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from planner.adapters.case_store import ParquetCaseStore
from planner.adapters.what_if_folders import WhatIfFolders
from planner.domain.errors import FolderFull, FolderNotWritable, StorageFull
from planner.wire.v1 import what_if_pb2 as wire
from tests.what_if_gateway import CASES, GRID, Scripted, WhatIfKnock, at_what_if

State = wire.WhatIfExecution


async def begun(knock: WhatIfKnock) -> str:
    """Have a grid asked; return the name of the execution."""
    job = await knock.stub.CreateWhatIfJob(wire.CreateWhatIfJobRequest(scenario=knock.scenario, grid=GRID))
    return str((await knock.stub.RunWhatIfJob(wire.RunWhatIfJobRequest(name=job.name))).name)


async def watched(knock: WhatIfKnock, name: str, *, until: int = 0) -> Any:
    """Watch an execution up to a result, else to its end; return what was told last."""
    told = None
    async for told in knock.stub.WatchWhatIfExecution(wire.WatchWhatIfExecutionRequest(name=name)):
        if until and told.result.sequence == until:
            break
    return told


def test_results_wait_for_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that finds no room is planned again once there is some, those that are kept are not."""
    keep, tries, runner = ParquetCaseStore.keep, list[str](), Scripted()

    def full_for_a_while(self: ParquetCaseStore, result: Any) -> None:
        tries.append(result.key)
        if 2 <= len(tries) <= 4:
            raise FolderFull("no room")
        keep(self, result)

    async def visit(knock: WhatIfKnock) -> None:
        ended = (await watched(knock, await begun(knock))).execution
        assert (ended.state, ended.done) == (State.STATE_SUCCEEDED, CASES)

    monkeypatch.setattr(ParquetCaseStore, "keep", full_for_a_while)
    at_what_if(tmp_path, runner, visit)
    assert runner.asked == tries
    assert (len(tries), len(set(tries)), tries.count(tries[0])) == (CASES + 3, CASES, 1)


def test_a_disk_that_fails_otherwise_ends_an_execution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What room does not cure is told as the reason, by its code."""

    def broken(*_: object) -> None:
        raise FolderNotWritable("read-only file system")

    async def visit(knock: WhatIfKnock) -> None:
        ended = (await watched(knock, await begun(knock))).execution
        assert ended.state == State.STATE_FAILED
        assert ended.detail == "STORAGE_FAILURE: read-only file system"

    monkeypatch.setattr(ParquetCaseStore, "keep", broken)
    at_what_if(tmp_path, Scripted(), visit)


def test_an_end_that_is_not_kept_is_told_and_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelling on a full disk stops the execution and says that the next server goes on, which then it does."""
    names: list[str] = []

    def full(*_: object) -> None:
        raise StorageFull("no room")

    async def cancel(knock: WhatIfKnock) -> None:
        names.append(await begun(knock))
        await watched(knock, names[0], until=2)
        with monkeypatch.context() as patched:
            patched.setattr(WhatIfFolders, "keep_execution", full)
            for _ in range(2):
                told = await knock.stub.CancelWhatIfExecution(wire.CancelWhatIfExecutionRequest(name=names[0]))
                assert told.state == State.STATE_CANCELLED
                assert told.detail.startswith("STORAGE_FULL: no room; ")
                assert "at its next start" in told.detail
        assert (await watched(knock, names[0])).execution.state == State.STATE_CANCELLED

    async def go_on(knock: WhatIfKnock) -> None:
        ended = (await watched(knock, names[0])).execution
        assert (ended.state, ended.done, ended.detail) == (State.STATE_SUCCEEDED, CASES, "")

    at_what_if(tmp_path, Scripted(stall_at=2), cancel)
    at_what_if(tmp_path, Scripted(), go_on)
