"""Registry, drivers and report of the bench, with small contenders of the test's own."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.__main__ import DRIVERS, main
from benchmarks.process_tree import run_measured
from benchmarks.registry import SUITES, all_subjects
from benchmarks.report import SubjectReport, as_json, as_markdown
from benchmarks.subject import Contender, Measurement, Outcome, Phase, Subject, Workload
from benchmarks.subjects.main_job import relative_gap

GRANDCHILD = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "import time; block = bytearray(b'x') * 80_000_000; time.sleep(0.9)"])
"""


def _workload(folder: Path, *, rounds: int = 2) -> Workload:
    return Workload(name="test", scenario=folder, scratch=folder, time_limit=5.0, rounds=rounds)


def _subject(*, phase: Phase, contenders: Sequence[Contender]) -> Subject:
    return Subject(
        name="probe",
        title="A probe",
        phase=phase,
        suites=frozenset({"smoke"}),
        peer="peer",
        prepare=lambda _: contenders,
        ratios=("gap", "wall_s"),
    )


def _measured(contender: str, seconds: float, gap: float | None, *, failure: str | None = None) -> Measurement:
    outcome = Outcome(figures={"gap": gap}, curve=((1.0, None, 9.0), (2.0, 8.0, 9.0)), failure=failure)
    return Measurement(contender=contender, round=0, wall_s=seconds, cpu_s=seconds, peak_bytes=1, outcome=outcome)


def _report(folder: Path, *measurements: Measurement) -> SubjectReport:
    subject = _subject(phase=Phase.IN_PROCESS, contenders=())
    return SubjectReport(subject=subject, workload=_workload(folder), measurements=measurements)


def test_every_subject_stands_in_a_suite_and_has_a_driver() -> None:
    """Each registered subject can be reached by a suite, and its phase can be driven."""
    subjects = all_subjects()
    assert {"main_job", "scenario_load"} <= subjects.keys()
    assert all(subject.suites and subject.suites <= SUITES.keys() for subject in subjects.values())
    assert {subject.phase for subject in subjects.values()} <= DRIVERS.keys()


def test_the_list_names_every_subject(capsys: pytest.CaptureFixture[str]) -> None:
    """The command `list` prints one line per subject."""
    assert main(["list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(all_subjects())


def test_an_unknown_subject_is_refused() -> None:
    """Asking for a subject that does not exist ends with its name instead of an empty report."""
    with pytest.raises(SystemExit, match="no_such_subject"):
        main(["run", "--suite", "smoke", "--subject", "no_such_subject"])


def test_memory_and_processes_of_grandchildren_count(tmp_path: Path) -> None:
    """What a command's own children use is part of its peak memory and number of processes."""
    cost = run_measured([sys.executable, "-c", GRANDCHILD], deadline=30, log=tmp_path / "log")
    assert cost.returncode == 0
    assert cost.peak_bytes > 80_000_000
    assert cost.processes >= 2
    assert cost.left == 0


def test_a_command_that_overruns_its_deadline_is_ended(tmp_path: Path) -> None:
    """A command that does not end by itself is ended and reported without a return code."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    assert run_measured(command, deadline=0.5, log=tmp_path / "log").returncode is None


def test_a_failed_contender_tells_its_last_words(tmp_path: Path) -> None:
    """The report of a contender that fails carries its exit code and what it said last."""
    failing = Contender(name="ours", command=(sys.executable, "-c", "raise SystemExit('the plant burnt down')"))
    (measurement,) = DRIVERS[Phase.WHOLE_PROCESS]([failing], _workload(tmp_path, rounds=1))
    assert measurement.outcome.failure is not None
    assert "exit code 1" in measurement.outcome.failure
    assert "the plant burnt down" in measurement.outcome.failure


def test_contenders_take_turns(tmp_path: Path) -> None:
    """Calls inside the process are interleaved, and the warming turn is not measured."""
    calls: list[str] = []
    contenders = [Contender(name=name, call=lambda name=name: calls.append(name)) for name in ("peer", "ours")]
    measurements = DRIVERS[Phase.IN_PROCESS](contenders, _workload(tmp_path))
    assert calls == ["peer", "ours"] * 6
    assert [m.contender for m in measurements] == ["peer", "ours"] * 5


def test_ratios_are_ours_over_the_peers(tmp_path: Path) -> None:
    """A ratio divides the medians, and is missing where the peer has no figure."""
    report = _report(tmp_path, _measured("peer", 4.0, 0.5), _measured("ours", 1.0, 0.1))
    assert report.ratio("ours", "gap") == pytest.approx(0.2)
    assert report.ratio("ours", "wall_s") == pytest.approx(0.25)
    assert _report(tmp_path, _measured("peer", 4.0, None), _measured("ours", 1.0, 0.1)).ratio("ours", "gap") is None


def test_the_report_names_failures_and_keeps_every_measurement(tmp_path: Path) -> None:
    """Markdown shows ratios, the curve and what failed; JSON holds every turn of every contender."""
    report = _report(tmp_path, _measured("peer", 4.0, 0.5, failure="gave up"), _measured("ours", 1.0, 0.1))
    text = as_markdown({"cores": 2}, {"id": "tiny"}, [report])
    assert "| ours | 0.2 | 0.25 |" in text
    assert "| 2 | 8 | 9 |" in text
    assert "peer, turn 0: gave up" in text
    assert len(json.loads(as_json({}, {}, [report]))["subjects"]["probe"]["measurements"]) == 2


@pytest.mark.parametrize(
    ("value", "bound", "gap"), [(100.0, 103.0, 0.03), (-50.0, -40.0, 0.2), (0.0, 2.0, 2.0), (None, 1.0, None)]
)
def test_the_gap_is_relative_to_the_value(value: float | None, bound: float, gap: float | None) -> None:
    """The gap is the distance to the bound over the size of the value, absolute for a value of 0."""
    assert relative_gap(value, bound) == (None if gap is None else pytest.approx(gap))


@pytest.mark.parametrize("wrong", [{"time_limit": 0.0}, {"rounds": 0}])
def test_a_workload_without_time_or_turns_is_refused(tmp_path: Path, wrong: dict[str, float]) -> None:
    """A workload refuses a time limit of nothing and a run without turns."""
    with pytest.raises(ValueError, match=r"at least|above 0"):
        Workload(**{"name": "w", "scenario": tmp_path, "scratch": tmp_path, "time_limit": 1.0, **wrong})  # type: ignore[arg-type]  # wrong on purpose
