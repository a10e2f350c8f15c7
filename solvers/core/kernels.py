"""Compiled loops: numba behind one typed decorator, so that every kernel is compiled the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function at its first call and keep the machine code on disk (``NUMBA_CACHE_DIR`` says where).

    It runs without the interpreter's lock, divides as numpy does, and keeps the written order of
    additions: the same input gives the same bytes at any load.
    """
    import numba  # noqa: PLC0415  # heavy: only families with kernels load it, not everybody who states a program

    return cast("Function", numba.njit(nogil=True, error_model="numpy", cache=True)(function))
