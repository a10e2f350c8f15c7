"""Subjects and suites by name; a new subject is one new file in `benchmarks/subjects`."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass

from benchmarks import subjects
from benchmarks.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A named size of input: the preset generated when no folder is given, seconds per contender, and turns."""

    name: str
    preset: str
    time_limit: float
    rounds: int


SUITES = {
    suite.name: suite
    for suite in (
        Suite(name="smoke", preset="tiny", time_limit=60.0, rounds=1),
        Suite(name="main", preset="demo", time_limit=120.0, rounds=1),
        Suite(name="large", preset="large", time_limit=600.0, rounds=1),
    )
}


def all_subjects() -> dict[str, Subject]:
    """Return every subject by name, in alphabetical order.

    Raises
    ------
    TypeError
        If a module of `benchmarks.subjects` defines no ``SUBJECT``.
    ValueError
        If a subject names an unknown suite, or two subjects share a name.
    """
    found: dict[str, Subject] = {}
    for module_info in sorted(pkgutil.iter_modules(subjects.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{subjects.__name__}.{module_info.name}")
        subject = getattr(module, "SUBJECT", None)
        if not isinstance(subject, Subject):
            raise TypeError(f"{module.__name__} defines no SUBJECT; end it with SUBJECT = Subject(...)")
        if unknown := subject.suites - SUITES.keys():
            raise ValueError(f"subject {subject.name!r} names unknown suites {sorted(unknown)}; known: {list(SUITES)}")
        if subject.name in found:
            raise ValueError(f"two subjects are called {subject.name!r}")
        found[subject.name] = subject
    return dict(sorted(found.items()))
