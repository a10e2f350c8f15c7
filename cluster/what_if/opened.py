"""A what-if run that stands in a folder: its base, its cases and the plans kept of them, to go on from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from planner.adapters.case_store import ParquetCaseStore
from planner.adapters.grid_yaml import read_grid
from planner.adapters.scenario_folder import read_scenario
from planner.domain.errors import InvalidRequest, PlanUnreadable
from planner.domain.grid import BASE_CASE, Case
from planner.domain.hashing import scenario_hash
from planner.domain.scenario import Scenario
from planner.ports.what_if import CaseResult

GRID = "grid.yaml"
_BASE_PLAN, _PLANS, _FURTHER, _PLAN = "base-plan", "plans", "further", "plan.json"


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """What a run was made of: its ``store``, the ``base`` and the folder it came from, all ``cases`` by key.

    ``gap`` and ``seed`` are those that it planned with.
    """

    store: ParquetCaseStore
    base: Scenario
    base_folder: Path
    cases: Mapping[str, Case]
    gap: float
    seed: int

    @property
    def folder(self) -> Path:
        """Where it stands."""
        return self.store.folder

    @property
    def plans(self) -> KeptPlans:
        """The plans kept of its cases."""
        return KeptPlans(self.folder.resolve())


def open_run(folder: Path) -> OpenedRun:
    """Read what a run noted of itself, its grid and its base.

    Raises
    ------
    PlanUnreadable
        If the folder holds no run.
    InvalidRequest
        If the run did not note where its base is, or the base is another one now.
    ScenarioUnreadable, GridInvalid
        If the base or the grid cannot be read any more.
    """
    store = ParquetCaseStore(folder)
    noted = store.claimed()
    place = noted.get("base")
    if not isinstance(place, str):
        raise InvalidRequest(
            f"{folder} was made by a version that did not note where its base is: give the same grid once more to "
            f"`concordat whatif run --out {folder}`, which plans nothing twice",
            "results",
        )
    base = read_scenario(Path(place))
    if scenario_hash(base) != noted.get("scenario_hash"):
        raise InvalidRequest(
            f"{place} was changed since {folder} was made: put the old scenario back, or run the grid in a new folder",
            "results",
        )
    cases = {case.key: case for case in read_grid(folder / GRID).grid.cases()}
    return OpenedRun(store, base, Path(place), cases, gap=float(str(noted["gap"])), seed=int(str(noted["seed"])))


@dataclass(frozen=True, slots=True)
class KeptPlans:
    """The plan folders in the folder of a run.

    The run itself keeps that of its base, and of every case if asked to. Whoever plans a case further keeps each plan
    in a folder with a number, until a better one has its result.
    """

    folder: Path

    @property
    def base(self) -> str:
        """The folder with the plan that the run found for its base; empty where there is none."""
        folder = self.first(BASE_CASE.key)
        return str(folder) if (folder / _PLAN).is_file() else ""

    def first(self, key: str) -> Path:
        """Return the folder in which the run itself keeps the plan of a case."""
        return self.folder / _BASE_PLAN if key == BASE_CASE.key else self.folder / _PLANS / key

    def of(self, result: CaseResult) -> Path | None:
        """Return the folder of the very plan that a result tells the value of; None where it was not kept.

        Where it was found more than once, the one with the bound of the result goes first.
        """
        found = [folder for folder in self._all(result.key) if _made(folder)[0] == result.plan_hash]
        bounding = (folder for folder in found if _made(folder)[1] == result.bound_checked)
        return next(bounding, next(iter(found), None))

    def start(self, result: CaseResult) -> str:
        """Return the folder of the plan to go on from: the case's own, else that of the base; empty: from nothing."""
        own = self.of(result) or next(iter(self._all(result.key)), None)
        return self.base if own is None else str(own)

    def fresh(self, key: str) -> str:
        """Return a folder for the next plan of a case."""
        numbers = [int(entry.name) for entry in self._further(key)]
        return str(self.folder / _FURTHER / key / str(max(numbers, default=0) + 1))

    def tidy(self, result: CaseResult) -> None:
        """Remove the plans of a case planned further on which its result no longer rests: neither value nor bound."""
        folders = sorted(self._further(result.key), key=lambda entry: -int(entry.name))
        bounding = next((folder for folder in folders if _made(folder)[1] == result.bound_checked), None)
        for folder in set(folders) - {self.of(result), bounding}:
            shutil.rmtree(folder, ignore_errors=True)

    def _all(self, key: str) -> list[Path]:
        newest = sorted(self._further(key), key=lambda entry: -int(entry.name))
        return [folder for folder in (*newest, self.first(key)) if (folder / _PLAN).is_file()]

    def _further(self, key: str) -> list[Path]:
        place = self.folder / _FURTHER / key
        return [entry for entry in place.iterdir() if entry.name.isdigit()] if place.is_dir() else []


def _made(folder: Path) -> tuple[str, float | None]:
    """Return hash and checked bound of the plan in a folder; nothing where there is none."""
    try:
        summary = json.loads((folder / _PLAN).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return "", None
    except (OSError, ValueError) as error:
        raise PlanUnreadable(f"{folder / _PLAN} cannot be read: {error}; remove the folder") from error
    return str(summary.get("plan_hash", "")), summary.get("bound_checked")
