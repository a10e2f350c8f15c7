"""The logs of solvers beside a plan folder while the plan is made, and in it afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from planner.domain.errors import FolderNotWritable
from planner.domain.folder_files import SOLVER_LOGS

_BESIDE = ".solver-logs"
_SUMMARY = "plan.json"


def open_solver_logs(plan_folder: Path) -> Path:
    """Return an empty folder for logs beside a plan folder; what an earlier run left there is removed.

    Raises
    ------
    FolderNotWritable
        If it cannot be made.
    """
    folder = _beside(plan_folder)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    except OSError as error:
        raise FolderNotWritable(
            f"solver logs cannot be kept in {folder}: {error.strerror or error}; check the disk and the folder's rights"
        ) from error
    return folder


def keep_solver_logs(plan_folder: Path) -> None:
    """Move logs into their plan's folder, in the place of older ones; without a plan they stay beside it.

    Raises
    ------
    FolderNotWritable
        If they cannot be moved.
    """
    folder, target = _beside(plan_folder), plan_folder / SOLVER_LOGS
    if not (plan_folder / _SUMMARY).is_file() or not folder.is_dir():
        return
    try:
        if target.exists():
            shutil.rmtree(target)
        folder.rename(target)
    except OSError as error:
        raise FolderNotWritable(
            f"solver logs cannot be moved from {folder} to {target}: {error.strerror or error}"
        ) from error


def solver_logs(plan_folder: Path) -> Iterator[Path]:
    """Yield the log files of a plan, or of a run that ended without one, by name."""
    for folder in (plan_folder / SOLVER_LOGS, _beside(plan_folder)):
        if folder.is_dir():
            yield from sorted(file for file in folder.iterdir() if file.is_file())
            return


def remove_solver_logs(plan_folder: Path) -> None:
    """Remove logs that lie beside a plan folder; those in it go with it."""
    shutil.rmtree(_beside(plan_folder), ignore_errors=True)


def _beside(plan_folder: Path) -> Path:
    return plan_folder.with_name(plan_folder.name + _BESIDE)
