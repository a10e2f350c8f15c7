"""What the what-if commands hand to the assembly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from planner.domain.errors import InvalidRequest
from planner.domain.robustness import Risk

SECONDS = 300.0
GAP = 0.01
LOCAL_RAY = "local"
MOST_STEPS = 10_000
"""Each step of a curve is a plan of its own."""
ALPHA = 0.9
CANDIDATES = 10


class Start(StrEnum):
    """From whose plan the cases of a run go on: that of the base, or that of the nearest case."""

    BASE = "base"
    NEIGHBOUR = "neighbour"


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
    ``retry_failed`` asks those cases anew that failed or found no plan, ``keep_plans`` keeps the plan folder of every
    case. ``start`` says from whose plan cases go on, ``base_gap`` to which gap the base is planned (None: that of all
    cases); a run has one answer to these for all of its life.
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
    start: Start = Start.BASE
    base_gap: float | None = None

    def __post_init__(self) -> None:
        if self.base_gap is not None and not 0 <= self.base_gap <= self.gap:
            raise InvalidRequest(
                f"the base is planned to the gap of all cases, {self.gap:g}, or a smaller one, got {self.base_gap:g}",
                "base-gap",
            )

    @property
    def gap_of_base(self) -> float:
        """The relative gap at which the base is done."""
        return self.gap if self.base_gap is None else self.base_gap

    @property
    def keeps_all_plans(self) -> bool:
        """Whether the plans of all cases are kept: those of neighbours are, since a grid may grow."""
        return self.keep_plans or self.start is Start.NEIGHBOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendOrder:
    """A clause of a scenario, and ``steps`` values of one of its numbers, evenly from ``start`` to ``end``.

    ``field`` names the number, empty: the one that clauses of its kind are about. ``html`` is a page to write as well
    (None: none). ``out`` and the rest are as in :class:`GridRunOrder`.
    """

    scenario: Path
    clause: str
    start: float
    end: float
    steps: int
    out: Path
    field: str = ""
    html: Path | None = None
    gap: float = GAP
    seconds: float = SECONDS
    workers: int | None = None

    def __post_init__(self) -> None:
        if not 2 <= self.steps < MOST_STEPS:
            raise InvalidRequest(
                f"a curve has at least 2 steps and fewer than {MOST_STEPS:,}, got {self.steps:,}", "steps"
            )
        if not (math.isfinite(self.start) and math.isfinite(self.end)) or self.start == self.end:
            raise InvalidRequest(f"a curve needs two numbers that differ, got {self.start:g} and {self.end:g}", "to")

    @property
    def levels(self) -> tuple[float, ...]:
        """The values, both ends included."""
        width = self.end - self.start
        return tuple(self.start + width * step / (self.steps - 1) for step in range(self.steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRunEnd:
    """Results there are, cases without one, and the file with all results.

    ``unanswered`` counts results of cases that failed or found no plan in their seconds.
    """

    done: int
    left: int
    unanswered: int
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOrder:
    """The folder of a run, or a file of downloaded results, and what is told of it.

    ``bounds`` names the column of bounds that verdicts rest on, ``html`` the page to write as well (None: none).
    ``pareto`` are two measures to set cases against each other by, ``heat`` two factors to show together (None: those
    that interact most).
    """

    results: Path
    bounds: str = "bound_checked"
    html: Path | None = None
    pareto: tuple[str, str] = ("value", "fill_rate")
    heat: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideOrder:
    """The folder of a run whose undecided pairs are to be decided, as far as ``budget_seconds`` allow (None: no limit).

    ``bounds`` names the column of bounds that verdicts rest on; a step takes at most ``seconds``. ``workers`` and
    ``address`` are as in :class:`GridRunOrder`.
    """

    results: Path
    bounds: str
    seconds: float = SECONDS
    budget_seconds: float | None = None
    workers: int | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustOrder(DecideOrder):
    """The folder of a run whose plans' first decisions are held fixed in all of its scenarios.

    ``risk`` says by what the best are chosen, ``alpha`` is the share that CVaR leaves out. The first ``periods`` are
    held; of the plans at most ``candidates`` are tried. A plan takes at most ``seconds``.
    """

    risk: Risk = Risk.WORST
    alpha: float = ALPHA
    periods: int = 1
    candidates: int = CANDIDATES


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Functions of the assembly for what-if questions; lines are for people.

    ``plan`` checks a grid and tells what it asks; ``run`` asks it and tells lines on its way; ``compare`` tells what
    the results in a folder prove by one of their bounds, and writes a page if one is named; ``decide`` plans its cases
    further until pairs are decided; ``robust`` holds the first decisions of its plans fixed; ``amend`` runs and
    compares amendments of one clause. ``base`` reads a grid and returns the folder of its base scenario.
    """

    plan: Callable[[GridOrder], Iterable[str]]
    run: Callable[[GridRunOrder, Callable[[str], None]], GridRunEnd]
    compare: Callable[[CompareOrder], Iterable[str]]
    decide: Callable[[DecideOrder, Callable[[str], None]], Iterable[str]]
    robust: Callable[[RobustOrder, Callable[[str], None]], Iterable[str]]
    amend: Callable[[AmendOrder, Callable[[str], None]], Iterable[str]]
    base: Callable[[Path], Path]
