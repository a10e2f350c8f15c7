"""What worker processes share: messages as JSON lines on what was standard output, and a log like the server's."""

from __future__ import annotations

import json
import os
import sys
import threading
from types import TracebackType
from typing import TextIO

import structlog

from planner.adapters.telemetry_log import configure_log


def take_standard_output() -> TextIO:
    """Keep standard output for messages alone, so that no library can print between them."""
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return told


def write_line(told: TextIO, line: dict[str, object]) -> None:
    """Write one message at once."""
    told.write(json.dumps(line) + "\n")
    told.flush()


def log_like_the_server() -> None:
    """Write the log of this process as the server does, the error that ends it included.

    A worker's standard error is the server's, where no words of an error belong that might quote a customer's row.
    """
    configure_log(lambda: "")
    sys.excepthook = _tell_end
    threading.excepthook = _tell_end_of_thread


def _tell_end_of_thread(end: threading.ExceptHookArgs) -> None:
    if end.exc_value is not None and end.exc_traceback is not None:
        _tell_end(end.exc_type, end.exc_value, end.exc_traceback)


def _tell_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    structlog.get_logger("concordat.worker").error("a worker ended", exc_info=(kind, error, trace))
