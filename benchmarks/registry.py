"""Subjects by name; a new subject is one new file in `benchmarks/subjects`."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field

from benchmarks import subjects
from benchmarks.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A subject and the module that a child process imports to find it."""

    subject: Subject
    module: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All subjects by name, in alphabetical order, and why some modules hold none."""

    entries: dict[str, Entry]
    broken: dict[str, str] = field(default_factory=dict)


def subject_of(module: str) -> Subject:
    """Import a module and return its subject.

    Raises
    ------
    TypeError
        If the module defines no ``SUBJECT``.
    """
    subject = getattr(importlib.import_module(module), "SUBJECT", None)
    if not isinstance(subject, Subject):
        raise TypeError(f"{module} defines no SUBJECT; end it with SUBJECT = Subject(...)")
    return subject


def all_subjects() -> Registry:
    """Return every subject; a module that cannot be imported is named as broken and hides no other."""
    entries: dict[str, Entry] = {}
    broken: dict[str, str] = {}
    for found in sorted(pkgutil.iter_modules(subjects.__path__), key=lambda info: info.name):
        module = f"{subjects.__name__}.{found.name}"
        try:
            subject = subject_of(module)
        except Exception as wrong:  # noqa: BLE001  # one subject that fails must not end the run of the others
            broken[found.name] = f"{type(wrong).__name__}: {wrong}"
            continue
        if subject.name in entries:
            broken[found.name] = f"a second subject is called {subject.name!r}"
            continue
        entries[subject.name] = Entry(subject=subject, module=module)
    return Registry(entries=dict(sorted(entries.items())), broken=broken)
