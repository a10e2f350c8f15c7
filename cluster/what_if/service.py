"""What-if jobs of a server: the concrete store, reader and runners."""

from __future__ import annotations

import tempfile
from pathlib import Path

from cluster.settings import GatewaySettings
from cluster.what_if.local import local_pool
from planner.adapters.grid_yaml import GridFile, read_grid
from planner.adapters.what_if_folders import GRID, WhatIfFolders
from planner.application.planning_ports import PlanningPorts
from planner.application.what_if_jobs import NAME
from planner.application.what_if_runs import WhatIfLimits, WhatIfPorts, WhatIfRuns
from planner.domain.errors import GridInvalid
from planner.domain.scenario import Scenario
from planner.ports.what_if import CaseRunner
from planner.ports.what_if_jobs import RunnerMaker, WhatIfJob


def make_what_if_runs(
    settings: GatewaySettings, ports: PlanningPorts, make_runner: RunnerMaker | None = None
) -> WhatIfRuns:
    """Return the what-if jobs in a server's data folder, not begun with yet.

    Cases are planned by processes of this machine unless somebody else is given.

    Raises
    ------
    StorageFailure
        If the folder cannot be used.
    """
    store = WhatIfFolders(settings.data / "what-if")
    told = settings.what_if

    def local(job: WhatIfJob, base: Scenario) -> CaseRunner:
        grid, base_folder = store.job_folder(job.job) / GRID, Path(ports.scenarios.folder(job.scenario))
        return local_pool(grid, base, base_folder, workers=told.lanes, served=True)

    limits = WhatIfLimits(
        jobs=told.most_jobs, cases=told.most_cases, concurrency=told.executions, waiting=told.most_queued
    )
    return WhatIfRuns(
        WhatIfPorts(
            store=store,
            scenarios=ports.scenarios,
            clock=ports.clock,
            ids=ports.ids,
            read_grid=read_grid_text,
            make_runner=make_runner or local,
            telemetry=ports.telemetry,
        ),
        limits,
    )


def read_grid_text(text: str) -> GridFile:
    """Read the text of a grid file.

    Raises
    ------
    GridInvalid
        If it is no grid, with the line of each finding.
    """
    with tempfile.TemporaryDirectory(prefix="concordat-grid-") as folder:
        file = Path(folder) / GRID
        file.write_text(text, encoding="utf-8")
        try:
            return read_grid(file)
        except GridInvalid as error:
            raise GridInvalid(NAME, error.findings) from error
