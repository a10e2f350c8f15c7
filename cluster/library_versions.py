"""The versions of the libraries on which a plan depends, told in every plan so that a replay can name a difference."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("highspy", "numba", "numpy", "ortools", "polars", "pyomo", "scipy", "sqlglot")
"""Libraries whose results enter a plan; whoever only carries messages is not among them."""


@cache
def library_versions() -> dict[str, str]:
    """Return versions by name, Python's own included; what is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
