"""Backends by name; each library is imported when its backend is asked for, not before."""

from __future__ import annotations

from importlib import import_module

from solvers.backends.solver_log import SolverLog
from solvers.core.backend import Backend
from solvers.core.errors import Unsupported

_PLACES = {
    "highs": ("solvers.backends.highs", "HighsBackend"),
    "pyomo": ("solvers.backends.pyomo_highs", "PyomoBackend"),
    "scip": ("solvers.backends.ortools_mip", "ScipBackend"),
    "glop": ("solvers.backends.ortools_mip", "GlopBackend"),
    "pdlp": ("solvers.backends.ortools_mip", "PdlpBackend"),
    "cpsat": ("solvers.backends.cpsat", "CpSatBackend"),
}

BACKEND_NAMES = tuple(_PLACES)
KEEP_LOGS = frozenset({"highs"})
"""Backends whose library can append what it tells to a file."""


def backend(name: str, *, log: SolverLog | None = None) -> Backend:
    """Return the backend of this name, one of ``BACKEND_NAMES``, telling its solves to ``log`` if there is one.

    Raises :class:`solvers.core.errors.Unsupported` for any other name, and for a log where the library keeps none.
    """
    if name not in _PLACES:
        raise Unsupported(f"no backend is called {name!r}; choose one of {', '.join(BACKEND_NAMES)}")
    module, kind = _PLACES[name]
    # A process that solves with one library should not load the memory of three.
    make = getattr(import_module(module), kind)
    if log is not None and name not in KEEP_LOGS:
        raise Unsupported(f"backend {name!r} keeps no log of its own; choose one of {', '.join(sorted(KEEP_LOGS))}")
    made: Backend = make() if log is None else make(log=log)
    return made
