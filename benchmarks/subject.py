"""What can be measured: a subject names its contenders, a phase says how they are driven.

A subject is one file in :mod:`benchmarks.subjects` that ends in ``SUBJECT = Subject(...)``. Its contenders do the same
job on the same input in the same run; one of them is the peer that all others are put beside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

Figures = Mapping[str, float | None]
Curve = tuple[tuple[float, float | None, float | None], ...]


class Phase(Enum):
    """How a subject is driven: every contender as a process of its own, or as a call inside one process."""

    WHOLE_PROCESS = "whole_process"
    IN_PROCESS = "in_process"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The input of a run: a scenario folder, a folder to write to, and what every contender is allowed.

    ``time_limit`` is in seconds and the same for all contenders; ``rounds`` is how often the contenders take turns.
    """

    name: str
    scenario: Path
    scratch: Path
    time_limit: float
    gap: float = 1e-4
    seed: int = 7
    rounds: int = 1

    def __post_init__(self) -> None:
        if not self.time_limit > 0:
            raise ValueError(f"a workload needs a time limit above 0 seconds, got {self.time_limit}")
        if self.rounds < 1:
            raise ValueError(f"contenders take turns at least once, got {self.rounds} rounds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a contender left behind, read after the clock stopped: named figures and a curve.

    The curve holds (seconds, value, bound) triples. ``failure`` says why there is no result, in words.
    """

    figures: Figures = field(default_factory=dict)
    curve: Curve = ()
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way of doing the job.

    ``command`` is the argument vector of a process (phase ``WHOLE_PROCESS``), ``call`` a function without arguments
    (phase ``IN_PROCESS``); ``outcome`` reads what was left behind and is not measured.
    """

    name: str
    command: tuple[str, ...] = ()
    call: Callable[[], object] | None = None
    outcome: Callable[[], Outcome] = Outcome

    def __post_init__(self) -> None:
        if bool(self.command) == (self.call is not None):
            raise ValueError(f"contender {self.name!r} needs either a command or a call")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A job worth measuring.

    ``prepare`` builds the contenders of a workload, unmeasured, and may write files to its scratch folder. ``ratios``
    names the figures that are put beside the peer's, as ours / peer's, so that below 1 is better than the peer.
    """

    name: str
    title: str
    phase: Phase
    suites: frozenset[str]
    peer: str
    prepare: Callable[[Workload], Sequence[Contender]]
    ratios: tuple[str, ...] = ("wall_s",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One turn of one contender: seconds on the wall, seconds of processor time and peak memory of all its processes.

    ``peak_bytes`` counts shared pages once where the machine can tell (proportional set size), and is None where
    memory of a single contender cannot be told apart.
    """

    contender: str
    round: int
    wall_s: float
    cpu_s: float
    peak_bytes: int | None
    outcome: Outcome

    def figure(self, name: str) -> float | None:
        """Return a named figure: one of the outcome's, or ``wall_s``, ``cpu_s``, ``peak_bytes``."""
        if name in {"wall_s", "cpu_s", "peak_bytes"}:
            return None if getattr(self, name) is None else float(getattr(self, name))
        return self.outcome.figures.get(name)
