"""Backends by name; each library is imported when its backend is asked for, not before."""

from __future__ import annotations

from importlib import import_module

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


def backend(name: str) -> Backend:
    """Return the backend of this name, one of ``BACKEND_NAMES``; raises Unsupported for any other."""
    if name not in _PLACES:
        raise Unsupported(f"no backend is called {name!r}; choose one of {', '.join(BACKEND_NAMES)}")
    module, kind = _PLACES[name]
    # A process that solves with one library should not load the memory of three.
    made: Backend = getattr(import_module(module), kind)()
    return made
