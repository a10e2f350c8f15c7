"""Questions that nobody waits for any more: the one being answered is interrupted, the others are never begun."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from planner.domain.errors import QuoteFailed

MOST_KNOWN = 1000
"""Withdrawn questions that are remembered until they come; of more the oldest is forgotten, and answered for nobody."""
_AGAIN_SECONDS = 0.02


class Withdrawals:
    """Whoever answers asks it before each question; whoever asked tells it, from any thread, that he is gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._withdrawn: OrderedDict[str, None] = OrderedDict()
        self._answered = ""
        self._interrupt: Callable[[], None] | None = None

    def withdraw(self, question: str) -> None:
        """Have a question end soon, whether it is being answered or still to come; returns at once."""
        with self._lock:
            self._withdrawn[question] = None
            if len(self._withdrawn) > MOST_KNOWN:
                self._withdrawn.popitem(last=False)
            under_way = self._answered == question
        if under_way:
            threading.Thread(target=self._stop, args=(question,), name="stopping a quote", daemon=True).start()

    @contextmanager
    def answering(self, question: str, interrupt: Callable[[], None]) -> Iterator[None]:
        """Answer a question in the body; ``interrupt`` ends the solve in which it is, and does nothing outside of one.

        Raises
        ------
        QuoteFailed
            If the question was withdrawn before.
        """
        with self._lock:
            if question in self._withdrawn:
                del self._withdrawn[question]
                raise QuoteFailed("whoever asked for this quote does not wait for it any more; ask again")
            self._answered, self._interrupt = question, interrupt
        try:
            yield
        finally:
            with self._lock:
                self._answered, self._interrupt = "", None
                self._withdrawn.pop(question, None)

    def _stop(self, question: str) -> None:
        """Interrupt until the answer has ended: between two solves an interrupt meets none."""
        while True:
            with self._lock:
                if self._answered != question or self._interrupt is None:
                    return
                self._interrupt()
            time.sleep(_AGAIN_SECONDS)
