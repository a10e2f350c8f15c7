"""Stops the solves of one process when a run is to end: the one under way at once, others before they begin."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from solvers.core.backend import Model


class Brake:
    """Pulled from any thread by whoever ends the run; ``further`` is called then, to end what others solve for it."""

    def __init__(self, further: Callable[[], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._further = further
        self._pulled = False
        self._solving: list[Model] = []

    @property
    def pulled(self) -> bool:
        """Whether the run is to end."""
        return self._pulled

    def pull(self) -> None:
        """End the solves under way, and let no other begin; pulling again does the same again."""
        with self._lock:
            self._pulled = True
            solving = tuple(self._solving)
        for model in solving:
            model.interrupt()
        if self._further is not None:
            self._further()

    def release(self) -> None:
        """Let solves begin again: another run has begun."""
        with self._lock:
            self._pulled = False

    @contextmanager
    def solving(self, model: Model) -> Iterator[None]:
        """Interrupt this model should the brake be pulled meanwhile."""
        with self._lock:
            self._solving.append(model)
        try:
            yield
        finally:
            with self._lock:
                self._solving.remove(model)
