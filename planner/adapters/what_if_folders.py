"""What-if jobs as folders ``what-if/<job>``, their executions below them, and a file for each result."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from planner.adapters.case_store import ParquetCaseStore
from planner.adapters.keeping import keeping
from planner.domain.errors import FolderFull, FolderNotWritable, NotFound, PlanUnreadable, StorageFailure, StorageFull
from planner.ports.what_if import CaseResult
from planner.ports.what_if_jobs import ExecutionState, WhatIfExecution, WhatIfJob

PART_BYTES = 1 << 20
GRID = "grid.yaml"
_JOB, _EXECUTION, _EXECUTIONS, _ORDER, _BASE_PLAN = (
    "job.json",
    "execution.json",
    "executions",
    "order.txt",
    "base-plan",
)
_ID = re.compile(r"[0-9a-z-]{1,64}")
_disk = partial(keeping, "what-if jobs")


class WhatIfFolders:
    """Implements :class:`planner.ports.what_if_jobs.WhatIfStore` below one folder.

    A job without its file is what a crash left of one that nobody was told of, and is no job.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        with _disk(root):
            root.mkdir(parents=True, exist_ok=True)

    def jobs(self) -> tuple[WhatIfJob, ...]:
        """See the port."""
        read = [_read(file) for file in self._root.glob(f"*/{_JOB}")]
        jobs = [WhatIfJob(**{**told, "created_at": _moment(told["created_at"])}) for told in read]
        return tuple(sorted(jobs, key=lambda job: (job.created_at, job.job)))

    def executions(self) -> tuple[WhatIfExecution, ...]:
        """See the port."""
        read = [_execution(_read(file)) for file in self._root.glob(f"*/{_EXECUTIONS}/*/{_EXECUTION}")]
        return tuple(sorted(read, key=lambda each: (each.created_at, each.execution)))

    def keep_job(self, job: WhatIfJob, grid: str) -> None:
        """See the port."""
        folder = self.job_folder(job.job)
        with _disk(folder):
            folder.mkdir(exist_ok=True)
            _write(folder / GRID, grid)
            _write(folder / _JOB, json.dumps({**asdict(job), "created_at": job.created_at.isoformat()}))

    def keep_execution(self, execution: WhatIfExecution) -> None:
        """See the port."""
        folder = self._execution_folder(execution)
        ended = execution.ended_at
        told = {
            **asdict(execution),
            "state": execution.state.value,
            "created_at": execution.created_at.isoformat(),
            "ended_at": None if ended is None else ended.isoformat(),
        }
        with _disk(folder):
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder / _EXECUTION, json.dumps(told))

    def remove(self, job: str) -> None:
        """See the port; the job's file goes first, so that a crash leaves no half of a job."""
        folder = self.job_folder(job)
        with _disk(folder):
            (folder / _JOB).unlink(missing_ok=True)
            for file in folder.glob(f"{_EXECUTIONS}/*/{_EXECUTION}"):
                file.unlink()
            shutil.rmtree(folder, ignore_errors=True)

    def grid(self, job: str) -> str:
        """See the port."""
        file = self.job_folder(job) / GRID
        with _disk(file):
            return file.read_text(encoding="utf-8")

    def results(self, execution: WhatIfExecution) -> ResultsInOrder:
        """See the port."""
        return ResultsInOrder(self._execution_folder(execution) / "run")

    def base_plan(self, execution: WhatIfExecution) -> str:
        """See the port."""
        return str((self._execution_folder(execution) / _BASE_PLAN).resolve())

    def has_base_plan(self, execution: WhatIfExecution) -> bool:
        """See the port."""
        return (Path(self.base_plan(execution)) / "plan.json").is_file()

    def job_folder(self, job: str) -> Path:
        """Return the folder of a job.

        Raises
        ------
        NotFound
            If its name is none.
        """
        if not _ID.fullmatch(job):
            raise NotFound(f"no what-if job is called {job[:80]!r}")
        return self._root / job

    def _execution_folder(self, execution: WhatIfExecution) -> Path:
        return self.job_folder(execution.job) / _EXECUTIONS / execution.execution


class ResultsInOrder:
    """Implements :class:`planner.ports.what_if_jobs.ExecutionResults`: results, and a file with their order.

    A result whose line a crash has cut off is listed after all others when the folder is opened for writing again.
    """

    def __init__(self, folder: Path) -> None:
        self._store = ParquetCaseStore(folder)
        self._order = folder / _ORDER

    def done(self) -> frozenset[str]:
        """See the port; makes the folder, and lists what a crash left unlisted."""
        with _disk(self._order):
            if not self._order.exists():
                self._store.claim({"schema": "concordat.what-if/1"})
        done = self._store.done()
        listed = self.order()
        self._list([*listed, *sorted(done - set(listed))])
        return done

    def keep(self, result: CaseResult) -> None:
        """See the port."""
        try:
            self._store.keep(result)
        except FolderNotWritable as error:
            raise (StorageFull if isinstance(error, FolderFull) else StorageFailure)(str(error)) from error
        with _disk(self._order), self._order.open("a", encoding="ascii") as stream:
            stream.write(f"{result.key}\n")
            stream.flush()
            os.fsync(stream.fileno())

    def order(self) -> tuple[str, ...]:
        """See the port; a line that is still being written is not there yet."""
        with _disk(self._order):
            text = self._order.read_text(encoding="ascii") if self._order.exists() else ""
        return tuple(text[: text.rfind("\n") + 1].split())

    def result(self, key: str) -> CaseResult:
        """See the port."""
        return self._store.result(key)

    def arrow(self) -> Iterator[bytes]:
        """See the port."""
        buffer = BytesIO()
        self._store.read().write_ipc_stream(buffer)
        buffer.seek(0)
        while part := buffer.read(PART_BYTES):
            yield part

    def _list(self, keys: list[str]) -> None:
        with _disk(self._order):
            _write(self._order, "".join(f"{key}\n" for key in keys))


def _execution(told: Mapping[str, Any]) -> WhatIfExecution:
    ended = told["ended_at"]
    return WhatIfExecution(
        job=str(told["job"]),
        execution=str(told["execution"]),
        state=ExecutionState(told["state"]),
        created_at=_moment(str(told["created_at"])),
        ended_at=None if ended is None else _moment(ended),
        request=str(told["request"]),
        detail=str(told["detail"]),
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _read(file: Path) -> dict[str, Any]:
    with _disk(file):
        text = file.read_text(encoding="utf-8")
    try:
        told: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise PlanUnreadable(f"{file} is damaged ({error}): restore it, or remove its folder") from error
    return told


def _write(file: Path, text: str) -> None:
    """Write a file whole: on disk under another name first, then in its place."""
    fresh = file.with_suffix(".part")
    with fresh.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
