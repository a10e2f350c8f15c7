"""The server's log: one JSON object a line on standard error, with the ids that connect lines, traces and requests.

Errors are told by their types and the places they passed. Their messages are left out: one of them might quote a cell
of a customer's row.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, MutableMapping
from types import TracebackType
from typing import Any, TextIO

import structlog

_FRAMES = 12
"""How many of the innermost places of an error are told."""


def configure_log(trace: Callable[[], str], stream: TextIO | None = None) -> None:
    """Write the log of this process to a stream (else standard error); ``trace`` tells the present traceparent."""

    def with_trace(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        parts = trace().split("-")
        if len(parts) == 4:
            line["trace_id"] = parts[1]
        return line

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            with_trace,
            _without_messages,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, _OfLibraries)]
    root.addHandler(_OfLibraries(logging.WARNING))


class _OfLibraries(logging.Handler):
    """Writes what libraries log into the same lines: the pattern of a message, not what was put into it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        told = structlog.get_logger(record.name)
        told.log(record.levelno, str(record.msg), logger=record.name, exc_info=record.exc_info or None)


def _without_messages(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its type, those it came from, and the places it passed."""
    told = line.pop("exc_info", None)
    error = told[1] if isinstance(told, tuple) else told if isinstance(told, BaseException) else sys.exc_info()[1]
    if told and error is not None:
        line["error"] = _kinds(error)
        line["at"] = _places(error.__traceback__)
    return line


def _kinds(error: BaseException) -> list[str]:
    kinds: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(kinds) < _FRAMES:
        code = getattr(seen, "code", "")
        kinds.append(f"{type(seen).__name__} {code}" if isinstance(code, str) and code else type(seen).__name__)
        seen = seen.__cause__ or seen.__context__
    return kinds


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
