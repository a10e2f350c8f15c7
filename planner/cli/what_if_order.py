"""What the what-if commands hand to the assembly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

SECONDS = 300.0
GAP = 0.01
LOCAL_RAY = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class GridOrder:
    """A grid file and how its cases would be planned.

    Every case ends at the relative ``gap`` or after ``seconds``; ``workers`` are at work at once (None: one a core).
    ``measured`` is the folder of an earlier run, whose seconds tell what cases take.
    """

    grid: Path
    workers: int | None = None
    seconds: float = SECONDS
    measured: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRunOrder:
    """A grid file, the folder for its results, and how cases are planned.

    ``gap``, ``seconds`` and ``workers`` are as in :class:`GridOrder`; ``budget_seconds`` ends the run (None: no limit).
    ``address`` names a Ray cluster, or `LOCAL_RAY` to start one (None: processes of this machine).
    ``retry_failed`` asks failed cases anew, ``keep_plans`` keeps the plan folder of every case.
    """

    grid: Path
    out: Path
    gap: float = GAP
    seconds: float = SECONDS
    budget_seconds: float | None = None
    workers: int | None = None
    address: str | None = None
    seed: int = 0
    retry_failed: bool = False
    keep_plans: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRunEnd:
    """Results there are, cases without one, failed ones among the results, and the file with all of them."""

    done: int
    left: int
    failed: int
    file: Path


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Functions of the assembly for what-if questions; lines are for people.

    ``plan`` checks a grid and tells what it asks; ``run`` asks it and tells lines on its way; ``compare`` tells
    what the results in a folder prove by one of their bounds.
    """

    plan: Callable[[GridOrder], Iterable[str]]
    run: Callable[[GridRunOrder, Callable[[str], None]], GridRunEnd]
    compare: Callable[[Path, str], Iterable[str]]
