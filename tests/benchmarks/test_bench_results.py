"""The lines of a run: written and read back, and refused where they are cut or foreign."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.complaint import Complaint
from benchmarks.results import FILE_NAME, FORMAT, LeftOut, Results, Writer, read_results
from benchmarks.subject import Target
from tests.benchmarks.bench_toys import results, turn


def _write(run: Results, folder: Path) -> Path:
    with (folder / FILE_NAME).open("w", encoding="utf-8") as stream:
        writer = Writer(stream)
        writer.write("run", {"format": FORMAT, "suite": run.suite, "seed": run.seed, "started": run.started})
        writer.write("machine", run.machine)
        for measured in run.subjects.values():
            writer.subject(measured)
        for entry in run.left_out:
            writer.record("left_out", entry)
        for one in run.turns:
            writer.record("turn", one)
        if run.complete:
            writer.write("end", {"seconds": run.seconds})
    return folder / FILE_NAME


def _run() -> Results:
    target = Target(text="t", case="c", contender="ours", figure="gap", at_most=1.0)
    run = results(turn("ours", total_s=1.0), turn("peer", total_s=2.0), targets=(target,))
    run.left_out.append(LeftOut(subject="s", case="d", reason="needs --data"))
    return run


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    """Everything that a report needs survives the file, also when only the folder is named."""
    written = _run()
    _write(written, tmp_path)
    read = read_results(tmp_path)
    assert read.turns == written.turns
    assert read.subjects == written.subjects
    assert read.left_out == written.left_out
    assert read.complete
    assert (read.seed, read.suite, read.seconds) == (1, "full", 60.0)


def test_a_run_that_was_killed_keeps_its_turns(tmp_path: Path) -> None:
    """Lines that are complete are read, and the missing end is noticed."""
    file = _write(_run(), tmp_path)
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(lines[:-2]) + "\n", encoding="utf-8")
    read = read_results(file)
    assert not read.complete
    assert [one.contender for one in read.turns] == ["ours"]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text[:-20], "is cut or damaged"),
        (lambda text: text.split("\n", 1)[1], "does not start with a run"),
        (lambda _: "", "does not start with a run"),
        (lambda text: text.replace(FORMAT, "another/9"), FORMAT),
        (lambda text: text + '{"kind": "turn"}\n', "no record of a run"),
        (lambda text: text + "[]\n", "no record of a run"),
        (lambda text: text.replace('"contender": "peer"', '"contender": "nobody"'), "no record of a run"),
    ],
)
def test_a_damaged_file_is_refused_in_one_sentence(tmp_path: Path, damage: object, words: str) -> None:
    """A cut line, a missing head and a foreign format are each named."""
    file = _write(_run(), tmp_path)
    assert callable(damage)
    file.write_text(damage(file.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(Complaint, match=words):
        read_results(file)


def test_numbers_that_are_not_finite_become_null(tmp_path: Path) -> None:
    """The lines are JSON that every reader takes."""
    run = results(turn("ours", total_s=float("inf")))
    lines = _write(run, tmp_path).read_text(encoding="utf-8").splitlines()
    content = next(one for one in map(json.loads, lines) if one["kind"] == "turn")
    assert content["figures"] == {"total_s": None}
