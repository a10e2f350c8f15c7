"""Turns in child processes of their own: what is measured, and what becomes of children that fail."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.registry import Entry
from benchmarks.results import Ending, Turn
from benchmarks.subject import Answer, Contender
from benchmarks.turn import Place, take_turn
from tests.benchmarks import bench_toys


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Entry:
    """Return the toy subject, importable by children."""
    return bench_toys.install(tmp_path, monkeypatch)


def _turn(toy: Entry, contender: str, folder: Path, *, case: str = "aside") -> Turn:
    place = Place(
        subject="toy",
        module=toy.module,
        case=toy.subject.case(case),
        data=None,
        seed=3,
        scratch=folder,
        grace_seconds=3.0 if contender == "hanging" else 60.0,
    )
    chosen = next(one for one in toy.subject.contenders if one.name == contender)
    return take_turn(place, chosen, 0)


def test_a_turn_measures_parts_memory_and_curve(toy: Entry, tmp_path: Path) -> None:
    """The child reports seconds per part, the seed it was given, points of the curve, and memory of the run alone."""
    turn = _turn(toy, "quick", tmp_path)
    assert turn.ending is Ending.ANSWERED
    assert turn.figures["total_s"] == pytest.approx(turn.figures["build_s"] + turn.figures["solve_s"])
    assert turn.figures["seed"] == 3
    assert [(value, bound) for _, value, bound in turn.curve] == [(8.0, 12.0), (10.0, None)]
    assert (turn.value, turn.gap, turn.bound_checked) == (10.0, 0.0, True)
    # The 60 MB that preparing took for a moment are not the contender's.
    assert 25_000_000 < turn.figures["extra_bytes"] < 55_000_000


def test_all_contenders_get_the_same_number_of_threads(toy: Entry, tmp_path: Path) -> None:
    """Numerical libraries are held to one thread, or to as many as the case says."""
    assert _turn(toy, "quick", tmp_path, case="small").figures["threads"] == 1
    assert _turn(toy, "quick", tmp_path, case="aside").figures["threads"] == 2


def test_a_hanging_child_is_ended_and_timed_out(toy: Entry, tmp_path: Path) -> None:
    """A child that does not come back is ended after its grace, and the step it hung in is told."""
    turn = _turn(toy, "hanging", tmp_path)
    assert turn.ending is Ending.TIMED_OUT
    assert "'run'" in str(turn.words)


@pytest.mark.parametrize(
    ("contender", "ending", "words"),
    [
        ("crashing", Ending.CRASHED, "the plant burnt down"),
        ("killed", Ending.CRASHED, "SIGKILL"),
        ("failing", Ending.FAILED, "no road to town"),
        ("stopped", Ending.STOPPED, "time limit"),
    ],
)
def test_a_turn_without_a_finished_answer_tells_its_last_words(
    toy: Entry, tmp_path: Path, contender: str, ending: Ending, words: str
) -> None:
    """Whatever happens to a child, its turn is recorded with how it ended and what it said."""
    turn = _turn(toy, contender, tmp_path)
    assert turn.ending is ending
    assert words in str(turn.words)
    assert str(tmp_path) not in str(turn.words)


def test_a_refuted_claim_is_recorded_with_the_recomputed_value(toy: Entry, tmp_path: Path) -> None:
    """The value of a turn is the checker's, and the claim that differs is a problem."""
    turn = _turn(toy, "boasting", tmp_path)
    assert turn.value == 10.0
    assert turn.problems == ("claimed 99.0, recomputed 10.0",)


def test_a_child_leaves_no_files_behind(toy: Entry, tmp_path: Path) -> None:
    """Temporary folders of a turn are gone when it has ended."""
    _turn(toy, "quick", tmp_path)
    assert [entry for entry in tmp_path.iterdir() if entry.is_dir() and entry.name != "__pycache__"] == []


def test_a_command_is_measured_as_a_process_tree(toy: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A contender that is a command gets the figures of its process, and what it left is collected."""
    lines = [
        "import sys",
        "from dataclasses import replace",
        f"from {toy.module} import SUBJECT as TOY, Answer, Contender",
        "good = Contender(name='good', command=lambda i, c: (sys.executable, '-c', 'pass'),",
        "                 collect=lambda i, c: Answer(value=10.0))",
        "bad = replace(good, name='bad', command=lambda i, c: (sys.executable, '-c', 'raise SystemExit(\"no\")'))",
        "SUBJECT = replace(TOY, contenders=(*TOY.contenders, good, bad))",
    ]
    (tmp_path / "bench_toy_commands.py").write_text("\n".join(lines), encoding="utf-8")
    commands = Entry(subject=toy.subject, module="bench_toy_commands")
    turns = {}
    for name in ("good", "bad"):
        contender = Contender(name=name, command=lambda *_: (sys.executable,), collect=lambda *_: Answer())
        subject = replace(toy.subject, contenders=(*toy.subject.contenders, contender))
        turns[name] = _turn(Entry(subject=subject, module=commands.module), name, tmp_path)
    assert turns["good"].ending is Ending.ANSWERED
    assert turns["good"].figures["total_s"] == turns["good"].figures["job_s"] > 0
    assert turns["bad"].ending is Ending.FAILED
    assert "exit code 1" in str(turns["bad"].words)
