"""What can be measured: a subject names its cases and its contenders, and checks whatever they hand over.

A subject is one file in :mod:`benchmarks.subjects` that ends in ``SUBJECT = Subject(...)``. Its contenders do the same
job on the same instance in the same run; one of them is the peer that is named first in the ratios. Every turn of a
contender has a fresh process to itself: ``prepare``, a reset of the memory high-water mark, ``run``, ``check``.
"""

from __future__ import annotations

import math
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

SUITES = frozenset({"smoke", "full", "coordination", "service", "whatif"})

Point = tuple[float, float | None, float | None]
"""Measured seconds, value and bound, the last two None where unknown."""


class Phase(Enum):
    """What a case is about; a `JOB` is a whole command with everything it starts."""

    BUILD = "build"
    SOLVE = "solve"
    RESOLVE = "re-solve"
    MEMORY = "memory"
    SCALE = "scale"
    JOB = "job"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One input of a subject.

    ``name`` is unique inside the subject, ``parameters`` say what is generated, ``instance`` is a file below the data
    folder instead. ``time_limit`` is in seconds for each contender; ``contenders`` restricts who takes part, empty for
    all. A case that stands in no suite is reached by its name only. The parameter ``threads`` (1 unless said) is how
    many threads the numerical libraries of every contender may use.
    """

    name: str
    phase: Phase
    suites: frozenset[str]
    parameters: Mapping[str, int | float | str] = field(default_factory=dict)
    instance: str | None = None
    time_limit: float = 30.0
    contenders: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a case needs a name")
        if not (0 < self.time_limit < math.inf):
            raise ValueError(f"case {self.name!r} needs a finite time limit above 0 seconds, got {self.time_limit}")
        if unknown := self.suites - SUITES:
            raise ValueError(f"case {self.name!r} names unknown suites {sorted(unknown)}; known: {sorted(SUITES)}")


class Stopwatch:
    """Adds up wall and processor seconds per named part; only what is inside :meth:`measure` counts."""

    def __init__(self) -> None:
        self._wall: dict[str, float] = {}
        self._cpu: dict[str, float] = {}
        self._curve: list[Point] = []
        self._running: tuple[str, float] | None = None

    @contextmanager
    def measure(self, part: str) -> Iterator[None]:
        """Count the body as ``part``: "build", "solve", "resolve", or a name of the subject's own.

        Raises
        ------
        RuntimeError
            If another part is being measured: seconds would count twice.
        """
        if self._running is not None:
            raise RuntimeError(f"part {part!r} starts inside part {self._running[0]!r}; seconds would count twice")
        cpu = _cpu_seconds()
        started = time.perf_counter()
        self._running = (part, started)
        try:
            yield
        finally:
            self.add(part, wall=time.perf_counter() - started, cpu=_cpu_seconds() - cpu)
            self._running = None

    def add(self, part: str, *, wall: float, cpu: float) -> None:
        """Count seconds that were measured elsewhere, such as those of another process."""
        self._wall[part] = self._wall.get(part, 0.0) + wall
        self._cpu[part] = self._cpu.get(part, 0.0) + cpu

    def point(self, *, value: float | None, bound: float | None) -> None:
        """Note a point of the gap-over-time curve, at the seconds measured so far."""
        self._curve.append((self.seconds(), value, bound))

    def seconds(self) -> float:
        """Return the wall seconds measured so far, those of a running part included."""
        running = time.perf_counter() - self._running[1] if self._running is not None else 0.0
        return sum(self._wall.values()) + running

    @property
    def curve(self) -> tuple[Point, ...]:
        """The points noted, in the order of their time."""
        return tuple(self._curve)

    def figures(self) -> dict[str, float]:
        """Return ``<part>_s`` and ``<part>_cpu_s`` of every part measured, in seconds."""
        wall = {f"{part}_s": seconds for part, seconds in self._wall.items()}
        return wall | {f"{part}_cpu_s": seconds for part, seconds in self._cpu.items()}


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a contender hands over, unchecked.

    ``solution`` and ``certificate`` are whatever the subject's ``check`` understands; ``value`` and ``bound`` are
    claims. ``stopped`` says why it ended without finishing, ``failure`` why there is no answer at all, in words.
    ``curve`` replaces the points noted on the stopwatch where a contender wrote its own history.
    """

    solution: object = None
    value: float | None = None
    bound: float | None = None
    certificate: object = None
    figures: Mapping[str, float] = field(default_factory=dict)
    stopped: str | None = None
    failure: str | None = None
    curve: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the subject's own checker recomputed from the data.

    ``bound`` is recomputed where the certificate allows it, else it is the claimed one and ``bound_checked`` is False.
    ``gap`` is relative, (bound - value) / |value| in the sense of the problem, at least 0. ``violation`` is the largest
    violation of a constraint, ``violated`` names the worst few; ``problems`` are claims refuted.
    """

    value: float | None = None
    bound: float | None = None
    bound_checked: bool = False
    gap: float | None = None
    violation: float = 0.0
    violated: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way of doing the job: a function called in the child process, or a command run as a process tree.

    ``run`` gets the prepared instance, a stopwatch and the case. ``command`` gets the prepared instance and the case
    and returns an argument vector; ``collect`` reads what the command left behind, unmeasured. ``ours`` marks the
    contenders of this project: ratios are theirs over the peer's.
    """

    name: str
    run: Callable[[Any, Stopwatch, Case], Answer] | None = None
    command: Callable[[Any, Case], tuple[str, ...]] | None = None
    collect: Callable[[Any, Case], Answer] | None = None
    ours: bool = False

    def __post_init__(self) -> None:
        if (self.run is None) == (self.command is None):
            raise ValueError(f"contender {self.name!r} needs either `run` or `command`")
        if (self.command is None) != (self.collect is None):
            raise ValueError(f"contender {self.name!r}: a command needs `collect` to read what it left, a run has none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A figure to be reached, marked met or missed in the report.

    ``figure`` is ``<part>_s``, ``<part>_cpu_s``, ``total_s``, ``gap``, ``peak_bytes``, ``extra_bytes`` or one of the
    figures of an answer or verdict. With ``against``, or another ``against_case`` or ``against_figure`` of the same
    contender, the quantity is a ratio: the contender's figure over that one.
    """

    text: str
    case: str
    contender: str
    figure: str
    against: str | None = None
    against_case: str | None = None
    against_figure: str | None = None
    at_most: float | None = None
    at_least: float | None = None

    def __post_init__(self) -> None:
        if self.at_most is None and self.at_least is None:
            raise ValueError(f"target {self.text!r} needs a number to be reached: at_most or at_least")

    @property
    def is_ratio(self) -> bool:
        """Whether the quantity is a ratio of two figures."""
        return any(name is not None for name in (self.against, self.against_case, self.against_figure))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A job worth measuring.

    ``prepare`` makes the instance of a case from the data folder (None where none was given) and a seed, unmeasured
    and alike for every contender. ``check`` recomputes what a contender claims, unmeasured.

    Raises
    ------
    ValueError
        If names are not unique, or the peer, a case or a target names a contender or case there is none of.
    """

    name: str
    title: str
    cases: tuple[Case, ...]
    prepare: Callable[[Case, Path | None, int], Any]
    contenders: tuple[Contender, ...]
    peer: str
    check: Callable[[Any, Answer, Case], Verdict]
    targets: tuple[Target, ...] = ()

    def __post_init__(self) -> None:
        cases, contenders = [case.name for case in self.cases], [contender.name for contender in self.contenders]
        for what, names in (("case", cases), ("contender", contenders)):
            if len(set(names)) < len(names) or not names:
                raise ValueError(f"subject {self.name!r} needs {what}s with names of their own, got {names}")
        called = {self.peer, *(name for case in self.cases for name in case.contenders)}
        called |= {name for t in self.targets for name in (t.contender, t.against) if name is not None}
        if unknown := called - set(contenders):
            raise ValueError(f"subject {self.name!r} has no contenders {sorted(unknown)}; it has {contenders}")
        aimed = {name for t in self.targets for name in (t.case, t.against_case) if name is not None}
        if unknown := aimed - set(cases):
            raise ValueError(f"subject {self.name!r} has no cases {sorted(unknown)}; it has {cases}")

    def case(self, name: str) -> Case:
        """Return a case by name; KeyError if there is none."""
        return {case.name: case for case in self.cases}[name]

    def taking_part(self, case: Case) -> tuple[Contender, ...]:
        """Return the contenders of a case, in the order of their turns."""
        return tuple(c for c in self.contenders if not case.contenders or c.name in case.contenders)
