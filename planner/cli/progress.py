"""The line that shows how a plan is coming along."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from planner.client.planning_client import PlanStep
from planner.domain.gap import relative_gap
from planner.events.plan_record import PlanState
from planner.ports.planning_runtime import Progress

_SECONDS_BETWEEN_LINES = 5.0


def step_text(step: PlanStep) -> str:
    """Return seconds, phase, value, bound and gap of a step on one line."""
    if step.progress is None:
        return "waiting for a free place" if step.record.state is PlanState.QUEUED else "starting"
    return progress_text(step.progress)


def progress_text(progress: Progress) -> str:
    """Return seconds, phase, value, bound and gap of a moment of planning on one line."""
    parts = [f"{progress.seconds:6.1f} s", progress.phase]
    parts.append(f"value {_number(progress.value)}")
    parts.append(f"bound {_number(progress.bound)}")
    if progress.value is not None and progress.bound is not None:
        gap = relative_gap(progress.value, progress.bound)
        parts.append(f"gap {gap:.3%}" if progress.value else f"gap {gap:,.2f} (absolute)")
    if progress.etag:
        parts.append(f"etag {progress.etag}")
    return "  ".join(parts)


class ProgressLine:
    """One line that changes on a terminal; elsewhere lines of their own, every few seconds of planning.

    Use it as a context manager.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, transient=True, refresh_per_second=8) if console.is_terminal else None
        self._printed_at = -_SECONDS_BETWEEN_LINES

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop showing."""
        if self._live is not None:
            self._live.stop()

    def show(self, step: PlanStep) -> None:
        """Show a step."""
        seconds = step.progress.seconds if step.progress is not None else 0.0
        self._show(step_text(step), seconds, last=step.record.done)

    def show_progress(self, progress: Progress) -> None:
        """Show a moment of planning that no server tells."""
        self._show(progress_text(progress), progress.seconds, last=False)

    def _show(self, text: str, seconds: float, *, last: bool) -> None:
        if self._live is not None:
            self._live.update(Text(text))
            return
        if last or seconds - self._printed_at >= _SECONDS_BETWEEN_LINES:
            self._printed_at = seconds
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def tell(self, message: str) -> None:
        """Print a message above the line."""
        self._console.print(message, markup=False, highlight=False, soft_wrap=True)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"
