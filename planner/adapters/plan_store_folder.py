"""The folders of plans, ``plans/<plan id>``."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from planner.adapters.folder_swap import NO_ROOM
from planner.adapters.plan_folder import read_plan
from planner.adapters.solver_log_folder import remove_solver_logs, solver_logs
from planner.domain.errors import PlanUnreadable, StorageFailure, StorageFull
from planner.domain.folder_files import PLAN_FILES
from planner.domain.plan import Plan

PART_BYTES = 1 << 20
_PLAN_ID = re.compile(r"[0-9a-z-]{1,64}")


class PlanFolders:
    """Implements :class:`planner.ports.plan_store.PlanStore` below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageFailure(f"plans cannot be kept in {root}: {error.strerror or error}") from error

    def prepare(self, plan: str) -> str:
        """Return the folder a plan is to be written to, empty."""
        folder = self._folder(plan)
        remove_solver_logs(folder)
        try:
            if folder.exists():
                shutil.rmtree(folder)
            folder.mkdir()
        except OSError as error:
            kind = StorageFull if error.errno in NO_ROOM else StorageFailure
            raise kind(f"plan folder {folder} cannot be made: {error.strerror or error}") from error
        return str(folder)

    def folder(self, plan: str) -> str:
        """Return the folder of a plan that was written, or raise PlanUnreadable."""
        folder = self._folder(plan)
        if not (folder / "plan.json").is_file():
            raise PlanUnreadable(
                f"the folder of plan {plan} was removed from the server, or holds no plan any more: ask for it anew, "
                "under a new request id"
            )
        return str(folder)

    def read(self, plan: str) -> Plan:
        """Return a plan as it was written, or raise PlanUnreadable."""
        return read_plan(self._folder(plan))

    def summary(self, plan: str) -> Mapping[str, object]:
        """Return the content of ``plan.json``, or raise PlanUnreadable."""
        file = self._folder(plan) / "plan.json"
        try:
            content = json.loads(file.read_bytes())
        except (OSError, ValueError) as error:
            raise PlanUnreadable(f"{file} cannot be read: {error}") from error
        if not isinstance(content, dict):
            raise PlanUnreadable(f"{file} holds no JSON object")
        return content

    def remove(self, plan: str) -> bool:
        """Remove the folder of a plan; ``plan.json`` goes first, so that nobody reads a half."""
        folder = self._folder(plan)
        remove_solver_logs(folder)
        if not folder.is_dir():
            return False
        try:
            (folder / "plan.json").unlink(missing_ok=True)
            shutil.rmtree(folder)
        except OSError as error:
            raise StorageFailure(f"plan folder {folder} cannot be removed: {error.strerror or error}") from error
        return True

    def parts(self, plan: str) -> Iterator[tuple[str, bytes]]:
        """Return the files of a plan in parts, ``plan.json`` last."""
        folder = Path(self.folder(plan))
        for file in PLAN_FILES:
            if (folder / file).is_file():
                yield from _parts(folder / file)

    def solver_logs(self, plan: str) -> Iterator[tuple[str, bytes]]:
        """Return what solvers told while a plan was made, in parts."""
        for file in solver_logs(self._folder(plan)):
            yield from _parts(file)

    def _folder(self, plan: str) -> Path:
        if not _PLAN_ID.fullmatch(plan):
            raise PlanUnreadable(f"{plan[:80]!r} is no plan id")
        return self._root / plan


def _parts(file: Path) -> Iterator[tuple[str, bytes]]:
    with file.open("rb") as stream:
        data = stream.read(PART_BYTES)
        yield file.name, data  # an empty file comes in one empty part
        while data := stream.read(PART_BYTES):
            yield file.name, data
