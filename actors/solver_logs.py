"""What solvers tell in one planning run, where somebody asked for it: a file for each agent that has a solver.

Files grow in a folder beside the plan's own while it is made, and lie with the plan once that was written; those of a
run that ended without a plan stay where they are. They say when and how something was solved, which no two runs do
alike, so they are no part of a plan and in no hash.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from planner.domain.errors import FolderNotWritable
from planner.ports.folders import Folders
from solvers.backends.solver_log import MOST_BYTES, SolverLog

COORDINATOR = "coordinator"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_LONGEST_NAME = 100
_WITH_SOLVER = ("plant:", "partner:")


@dataclass(frozen=True, slots=True)
class RunLogs:
    """The folder in which the solvers of a run tell, and how many agents share it.

    Half of ``MOST_BYTES`` is the coordinator's, the other half is shared by the agents alike, so that how much is kept
    of one does not depend on the others.
    """

    folder: str
    agents: int

    def of(self, name: str) -> SolverLog | None:
        """Return the log of an agent, or of the coordinator; an agent that comes back goes on with its file.

        None on a machine that cannot write there: what is only told to people ends no run.
        """
        if not os.access(self.folder, os.W_OK):
            return None
        share = MOST_BYTES // 2 if name == COORDINATOR else MOST_BYTES // 2 // max(1, self.agents)
        return SolverLog(Path(self.folder) / _file_name(name), most_bytes=max(1, share))


@contextmanager
def told_solves(folders: Folders, plan_folder: str, names: Sequence[str], *, wanted: bool) -> Iterator[RunLogs | None]:
    """Give where the solvers of a run are to tell, or None where nobody asked; the files are kept however it ends.

    Raises
    ------
    FolderNotWritable
        If there can be no such folder.
    """
    if not wanted:
        yield None
        return
    folder = folders.open_solver_logs(plan_folder)
    try:
        yield RunLogs(folder, sum(name.startswith(_WITH_SOLVER) for name in names))
    finally:
        # What could not be moved is found where it is: no reason to lose a plan over it.
        with suppress(FolderNotWritable):
            folders.keep_solver_logs(plan_folder)


def _file_name(name: str) -> str:
    """Return a file name that no other agent has, whatever plants and partners are called."""
    plain = _UNSAFE.sub("_", name.replace(":", "-", 1))[:_LONGEST_NAME]
    changed = plain != name.replace(":", "-", 1)
    suffix = f"-{hashlib.sha256(name.encode()).hexdigest()[:8]}" if changed else ""
    return f"{plain}{suffix}.log"
