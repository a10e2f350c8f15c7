"""The commands of the bench as people type them: list, run, report, compare, and their exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock
from xml.etree import ElementTree as ET

import pytest

import benchmarks.__main__ as bench
from benchmarks.registry import Registry, all_subjects
from benchmarks.results import FILE_NAME, read_results
from benchmarks.subject import Phase
from tests.benchmarks import bench_toys


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bench know nothing but the toy subject."""
    folder = tmp_path / "modules"
    folder.mkdir()
    registry = Registry(entries={"toy": bench_toys.install(folder, monkeypatch)})
    monkeypatch.setattr(bench, "all_subjects", lambda: registry)


def test_every_subject_of_the_house_can_be_loaded_and_reached() -> None:
    """No module is broken; each subject has a case to be measured and a tiny one, in smoke or, if slow, by name."""
    registry = all_subjects()
    assert registry.broken == {}
    assert {"main_job", "scenario_load"} <= registry.entries.keys()
    for entry in registry.entries.values():
        suites = frozenset().union(*(case.suites for case in entry.subject.cases))
        assert "smoke" in suites or any(not case.suites for case in entry.subject.cases), entry.subject.name
        assert suites & {"full", "coordination", "service", "whatif"}, entry.subject.name
        assert entry.module.rpartition(".")[2] == entry.subject.name


def test_the_list_names_subjects_cases_phases_and_suites(toy: None, capsys: pytest.CaptureFixture[str]) -> None:
    """The command `list` tells for each case its phase, its suites and its instance."""
    assert bench.main(["list"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0][0] == "toy:"
    assert [Phase.SOLVE.value, "small", "full,", "smoke"] in lines
    assert [Phase.SOLVE.value, "public", "full", "instance", "toys/one"] in lines
    assert [Phase.SCALE.value, "aside", "by", "name", "only"] in lines


def test_a_run_streams_its_turns_and_renders_them(
    toy: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run writes its lines and both reports, ratios before medians before targets; `report` gives the same again."""
    out = tmp_path / "out"
    assert bench.main(["run", "--suite", "smoke", "--rounds", "2", "--out", str(out)]) == 0
    run = read_results(out)
    assert run.complete
    assert [(turn.contender, turn.round) for turn in run.turns] == [("quick", 0), ("stopped", 0), ("quick", 1)]
    text = (out / "report.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out.strip() == text.strip()
    assert text.index("## Ratios") < text.index("## toy") < text.index("## Targets")
    assert "≥" in text[text.index("## Ratios") : text.index("## toy")]
    assert "**met**" in text
    page = (out / "report.html").read_text(encoding="utf-8")
    ET.fromstring(page.partition("\n")[2])  # noqa: S314  # our own page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    (out / "report.md").unlink()
    assert bench.main(["report", str(out)]) == 0
    assert (out / "report.md").read_text(encoding="utf-8") == text


def test_a_run_survives_contenders_that_crash_or_boast(toy: None, tmp_path: Path) -> None:
    """Every contender's end is reported and refuted claims are shown; that one crashed is told by the exit code."""
    out = tmp_path / "out"
    (tmp_path / "toys").mkdir()
    (tmp_path / "toys" / "one").touch()
    chosen = [*("--suite", "full"), *("--case", "public"), *("--data", str(tmp_path)), *("--time-limit", "0.1")]
    assert bench.main(["run", *chosen, "--rounds", "1", "--out", str(out)]) == 1
    text = (out / "report.md").read_text(encoding="utf-8")
    assert "claimed 99.0, recomputed 10.0" in text[text.index("## Refuted claims") :]
    unfinished = text[text.index("## Turns without a finished answer") :]
    assert all(words in unfinished for words in ("the plant burnt down", "SIGKILL", "no road to town", "stopped"))


def test_an_interrupted_run_ends_its_child_and_keeps_what_it_has(
    toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is told to end renders the turns it took, as a run that was cut short."""
    out = tmp_path / "out"
    take = Mock(side_effect=[bench_toys.turn("quick", total_s=1.0), KeyboardInterrupt])
    monkeypatch.setattr(
        "benchmarks.run.take_turn", lambda *_: replace(take(), subject="toy", case="small", contender="quick")
    )
    assert bench.main(["run", "--suite", "smoke", "--out", str(out)]) == 130
    assert not read_results(out).complete
    assert len(read_results(out).turns) == 1
    assert "cut short" in (out / "report.md").read_text(encoding="utf-8")


def test_no_path_of_the_machine_is_recorded(toy: None, tmp_path: Path) -> None:
    """Neither the lines nor the reports hold a folder of the machine."""
    out = tmp_path / "out"
    bench.main(["run", "--suite", "smoke", "--rounds", "1", "--out", str(out)])
    root = str(Path(bench.__file__).parents[1])
    assert [f.name for f in out.iterdir() if root in f.read_text(encoding="utf-8")] == []
    assert [f.name for f in out.iterdir() if str(tmp_path) in f.read_text(encoding="utf-8")] == []


def test_an_input_that_cannot_be_worked_with_ends_with_2(
    toy: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each complaint is one line, with exit code 2, and nothing is overwritten."""
    used = tmp_path / "used"
    used.mkdir()
    (used / FILE_NAME).write_text('{"kind": "run", "for', encoding="utf-8")
    wrong = [
        ["run", "--suite", "nothing"],
        ["run", "--suite", "smoke", "--subject", "nobody"],
        ["run", "--suite", "smoke", "--case", "nothing"],
        ["run", "--suite", "smoke", "--data", str(tmp_path / "absent")],
        ["run", "--suite", "smoke", "--rounds", "0"],
        ["run", "--suite", "smoke", "--seed", "-3"],
        ["run", "--suite", "smoke", "--time-limit", "inf"],
        ["run", "--suite", "smoke", "--out", str(used)],
        ["run", "--suite", "smoke", "--out", str(used / FILE_NAME)],
        ["run", "--suite", "smoke", "--out", str(used / FILE_NAME / "below")],
        ["report", str(used)],
        ["report", str(tmp_path / "absent")],
        ["compare", str(used), str(used)],
        ["compare", str(tmp_path / "absent"), str(used)],
    ]
    for arguments in wrong:
        assert bench.main(arguments) == 2, arguments
        assert len(capsys.readouterr().err.strip().splitlines()) == 1, arguments
    assert (used / FILE_NAME).read_text(encoding="utf-8") == '{"kind": "run", "for'


def test_two_runs_are_compared_as_table_and_json(toy: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command `compare` takes folders or files, and calls a run put beside itself noise."""
    out = tmp_path / "out"
    bench.main(["run", "--suite", "smoke", "--rounds", "1", "--out", str(out)])
    capsys.readouterr()
    file = tmp_path / "comparison.json"
    assert bench.main(["compare", str(out), str(out / FILE_NAME), "--json", str(file)]) == 0
    assert "| toy | small | quick | total_s |" in capsys.readouterr().out
    content = json.loads(file.read_text(encoding="utf-8"))
    assert {row["change"] for row in content["rows"]} == {"within noise", "not comparable"}


def test_a_subject_of_the_smoke_suite_runs(tmp_path: Path) -> None:
    """A real subject's smallest case runs to its end, each turn in a process of its own, and reports follow."""
    out = tmp_path / "out"
    assert bench.main(["run", "--suite", "smoke", "--subject", "mmkp", "--out", str(out)]) == 0
    assert {turn.subject for turn in read_results(out).turns} == {"mmkp"}
    assert (out / "report.html").is_file()


# Every contender takes a process, which loads its own libraries: a minute and a half in all.
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_smoke_suite_runs(tmp_path: Path) -> None:
    """Every subject's smallest case runs to its end; how long it takes is not judged."""
    assert bench.main(["run", "--suite", "smoke", "--out", str(tmp_path / "out")]) == 0
