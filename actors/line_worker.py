"""A worker that answers line after line, whatever its lines are about; `workers_on_ray` wraps it into an actor."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from planner.domain.errors import ConcordatError


class LineWorker:
    """Answers by what the function ``factory`` (``module:function``) makes of what all its lines have in common.

    The function is named rather than imported, so that agents know nothing of whoever uses them.
    """

    def __init__(self, factory: str) -> None:
        module, _, function = factory.partition(":")
        self._make: Callable[[Mapping[str, Any]], Callable[[Mapping[str, Any]], dict[str, Any]]]
        self._make = getattr(import_module(module), function)
        self._answer: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None

    def open(self, run: Mapping[str, Any]) -> dict[str, Any]:
        """Get ready for lines; tells the process, or why it cannot."""
        try:
            self._answer = self._make(run)
        except ConcordatError as error:
            return {"refused": f"{error.code}: {error}"}
        return {"ready": True, "process": os.getpid()}

    def answer(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a line; whoever asks has opened it before."""
        if self._answer is None:
            raise RuntimeError("open the worker before it is asked anything")
        return self._answer(line)
