"""Interleaved turns, fewer for long ones."""

from __future__ import annotations

import pytest

from benchmarks.results import Ending, Turn
from benchmarks.rounds import ROUNDS, planned_rounds, take_turns
from benchmarks.subject import SUITES, Answer, Contender
from tests.benchmarks.bench_toys import turn


@pytest.mark.parametrize(
    ("seconds", "ending", "rounds"),
    [
        (1.0, Ending.ANSWERED, 5),
        (11.0, Ending.ANSWERED, 3),
        (31.0, Ending.ANSWERED, 1),
        (1.0, Ending.STOPPED, 1),
        (1.0, Ending.TIMED_OUT, 1),
        (1.0, Ending.CRASHED, 1),
    ],
)
def test_long_turns_are_taken_less_often(seconds: float, ending: Ending, rounds: int) -> None:
    """Five turns, three above 10 s, one above 30 s or after one that did not finish."""
    assert planned_rounds(turn("ours", ending=ending, total_s=seconds), 5) == rounds
    assert planned_rounds(turn("ours", ending=ending, total_s=seconds), 1) == 1


def test_contenders_take_turns() -> None:
    """Rounds are interleaved, and a slow contender drops out while the others go on."""

    def take(contender: Contender, number: int) -> Turn:
        return turn(contender.name, number=number, total_s=20.0 if contender.name == "slow" else 1.0)

    contenders = [Contender(name=name, run=lambda *_: Answer()) for name in ("slow", "quick")]
    order = [(one.contender, one.round) for one in take_turns(contenders, 4, take)]
    assert order == [(name, number) for number in range(3) for name in ("slow", "quick")] + [("quick", 3)]


def test_every_suite_says_how_often_contenders_take_turns() -> None:
    """No suite can be asked for that has no number of turns."""
    assert ROUNDS.keys() == SUITES
