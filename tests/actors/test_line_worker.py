"""A worker elsewhere answers by what a named factory makes of its run, and says why it refuses one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from actors.line_worker import LineWorker
from planner.domain.errors import InvalidRequest

FACTORY = f"{__name__}:adder"


def adder(run: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Make what adds a number of the run to a number of each line."""
    if "plus" not in run:
        raise InvalidRequest("name what is to be added", "plus")
    return lambda line: {"sum": line["number"] + run["plus"]}


def test_lines_are_answered_by_what_the_factory_made() -> None:
    """The factory is called once with the run, in this process, and every line gets its answer."""
    worker = LineWorker(FACTORY)
    assert worker.open({"plus": 2}) == {"ready": True, "process": os.getpid()}
    assert [worker.answer({"number": number}) for number in (1, 5)] == [{"sum": 3}, {"sum": 7}]


def test_a_run_that_is_refused_is_told_with_its_reason() -> None:
    """Whoever asked hears code and cure, since nothing would be answered."""
    assert LineWorker(FACTORY).open({}) == {"refused": "INVALID_REQUEST: name what is to be added"}


def test_a_worker_that_was_not_opened_answers_nothing() -> None:
    """It has no run to answer for."""
    with pytest.raises(RuntimeError, match="open the worker"):
        LineWorker(FACTORY).answer({"number": 1})
