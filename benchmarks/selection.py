"""Which cases of which subjects a run measures, and which ones it leaves out and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.complaint import Complaint
from benchmarks.registry import Entry, Registry
from benchmarks.results import LeftOut
from benchmarks.subject import SUITES, Case, Phase, Subject

GIVEN = "given"
"""Value of a case's parameter ``scenario`` that asks for the folder named on the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line asks for; empty filters ask for everything."""

    suite: str
    subjects: Sequence[str] = ()
    cases: Sequence[str] = ()
    phases: Sequence[Phase] = ()
    data: Path | None = None
    scenario: Path | None = None
    time_limit: float | None = None

    def __post_init__(self) -> None:
        if self.suite not in SUITES:
            raise Complaint(f"unknown suite {self.suite!r}; there are {', '.join(sorted(SUITES))}")
        if self.data is not None and not self.data.is_dir():
            raise Complaint(f"there is no data folder {self.data}; name the folder that holds the public instances")
        if self.scenario is not None and not (self.scenario / "scenario.json").is_file():
            raise Complaint(f"{self.scenario} is no scenario folder: it has no scenario.json")
        if self.time_limit is not None and not 0 < self.time_limit < math.inf:
            raise Complaint(f"a time limit is a number of seconds above 0, got {self.time_limit}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A subject, the cases of it to be run, and the folder each of them reads from."""

    entry: Entry
    cases: tuple[tuple[Case, Path | None], ...]

    @property
    def subject(self) -> Subject:
        """The subject itself."""
        return self.entry.subject


def select(registry: Registry, wish: Wish) -> tuple[list[Chosen], list[LeftOut]]:
    """Return what to run, subjects in alphabetical order, and what is left out.

    A case that is asked for by name, or by a scenario folder, need not stand in the suite.

    Raises
    ------
    Complaint
        If a subject or case is asked for that there is none of, or nothing remains to be run.
    """
    known = [*registry.entries, *registry.broken]
    if unknown := [name for name in wish.subjects if name not in known]:
        raise Complaint(f"unknown subject {unknown[0]!r}; there are {', '.join(known)}")
    wanted = [name for name in registry.entries if not wish.subjects or name in wish.subjects]
    cases = {case.name for name in wanted for case in registry.entries[name].subject.cases}
    if unknown := [name for name in wish.cases if name not in cases]:
        raise Complaint(f"unknown case {unknown[0]!r}; `python -m benchmarks list` names those there are")
    left_out = [
        LeftOut(subject=name, case=None, reason=reason, broken=True)
        for name, reason in registry.broken.items()
        if not wish.subjects or name in wish.subjects
    ]
    chosen = []
    for name in wanted:
        entry = registry.entries[name]
        taken, missing = _cases(entry.subject, wish)
        left_out += missing
        if taken:
            chosen.append(Chosen(entry=entry, cases=tuple(taken)))
    if not chosen and not any(entry.broken for entry in left_out):
        reasons = "; ".join(f"{entry.subject} {entry.case}: {entry.reason}" for entry in left_out)
        raise Complaint(f"nothing to run in suite {wish.suite!r} with these filters{': ' if reasons else ''}{reasons}")
    return chosen, left_out


def _cases(subject: Subject, wish: Wish) -> tuple[list[tuple[Case, Path | None]], list[LeftOut]]:
    taken: list[tuple[Case, Path | None]] = []
    left_out = []
    for case in subject.cases:
        given = case.parameters.get("scenario") == GIVEN
        in_suite = wish.suite in case.suites or (given and not case.suites)
        asked = case.name in wish.cases if wish.cases else in_suite
        if not asked or (wish.phases and case.phase not in wish.phases):
            continue
        if given and wish.scenario is None:
            # Without a folder such a case is no part of any run, so it is missed only where it was asked for.
            if wish.cases:
                left_out.append(LeftOut(subject=subject.name, case=case.name, reason="needs --scenario"))
        elif case.instance is not None and (reason := _missing(case.instance, wish.data)):
            left_out.append(LeftOut(subject=subject.name, case=case.name, reason=reason))
        else:
            limited = replace(case, time_limit=wish.time_limit) if wish.time_limit is not None else case
            taken.append((limited, wish.scenario if given else wish.data))
    return taken, left_out


def _missing(instance: str, data: Path | None) -> str | None:
    if data is None:
        return f"instance {instance} needs --data"
    place = data / instance
    # Readers of formats with several files, or packed ones, name an instance without its endings.
    if place.exists() or any(place.parent.glob(place.name + ".*")):
        return None
    return f"the data folder has no instance {instance}"
