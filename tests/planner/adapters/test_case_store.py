"""Results are kept whole, one file each, and say what they are when they are read again."""

from __future__ import annotations

import io
import random
from pathlib import Path

import polars as pl
import pytest

from planner.adapters.case_store import RESULTS, ParquetCaseStore
from planner.domain.case_measures import CASE_MEASURES, PARTNER_MEASURES
from planner.domain.errors import FolderNotWritable, PlanUnreadable
from planner.domain.plan import VALUE_PARTS
from planner.ports.what_if import CaseResult, ClauseOutcome

RUN = {"scenario_hash": "abc", "gap": 0.01}


def result(key: str, outcome: str = "planned", value: float | None = 5.0) -> CaseResult:
    """Return a result with everything filled."""
    clauses = (
        ClauseOutcome(clause="a", window=None, measure=1.0, violation=0.0, price=0.5),
        ClauseOutcome(clause="b", window=1, measure=2.0, violation=0.25, price=0.0),
    )
    return CaseResult(
        key=key,
        name=f"case {key}",
        levels={"demand": "1.1", "rule": "offer.face_value > 1"},
        outcome=outcome,
        stopped_by="gap",
        value=value,
        bound_proved=None if value is None else value + 0.5,
        bound_checked=None if value is None else value + 1,
        seconds=1.5,
        cpu_seconds=1.25,
        parts=dict.fromkeys(VALUE_PARTS, 0.5) if value is not None else {},
        measures={measure.name: 0.75 for measure in CASE_MEASURES[1:]} if value is not None else {},
        partners={"brand": {measure.name: 2.5 for measure in PARTNER_MEASURES}} if value is not None else {},
        clauses=clauses if value is not None else (),
        plan_hash="p",
        code_hash="c",
        detail="" if value is not None else "why",
    )


def store(folder: Path) -> ParquetCaseStore:
    """Return the store of a run in this folder."""
    made = ParquetCaseStore(folder)
    made.claim(RUN)
    return made


def test_results_are_read_as_they_were_kept(tmp_path: Path) -> None:
    """Planned and failed results come back equal, in the order of their names."""
    kept = store(tmp_path / "run")
    there = [result("2"), result("1", "failed", None)]
    for each in there:
        kept.keep(each)
    assert kept.results() == (there[1], there[0])
    assert ParquetCaseStore(tmp_path / "run").done() == {"1", "2"}
    together = pl.read_parquet(kept.put_together())
    assert together["key"].to_list() == ["1", "2"]
    assert together["revenue"].to_list() == [None, 0.5]
    assert together["on_time_rate"].to_list() == [None, 0.75]


def test_results_of_older_versions_have_no_measures_and_are_read(tmp_path: Path) -> None:
    """A file without the columns of measures and partners stands beside newer ones."""
    kept = store(tmp_path / "run")
    for each in (result("1"), result("2")):
        kept.keep(each)
    old = tmp_path / "run" / RESULTS / "1.parquet"
    later = [*(measure.name for measure in CASE_MEASURES), "partners"]
    pl.read_parquet(old).drop(later).write_parquet(old)
    first, second = kept.results()
    assert (first.measures, first.partners) == ({}, {})
    assert first.parts == second.parts
    assert second == result("2")


def test_a_file_that_was_not_finished_is_no_result(tmp_path: Path) -> None:
    """What a crash left under another name counts for nothing and disturbs nobody."""
    kept = store(tmp_path / "run")
    (tmp_path / "run" / RESULTS / "9.123.part").write_bytes(b"half")
    kept.keep(result("1"))
    assert kept.done() == {"1"}
    assert len(kept.results()) == 1


def test_a_damaged_result_is_named(tmp_path: Path) -> None:
    """A file that is no Parquet, or not one result, is an error that says which it is and what to do."""
    kept = store(tmp_path / "run")
    file = tmp_path / "run" / RESULTS / "1.parquet"
    kept.keep(result("1"))
    twice = io.BytesIO()
    pl.concat([kept.read(), kept.read()]).write_parquet(twice)
    for wrong in (b"not parquet", twice.getvalue()):
        file.write_bytes(wrong)
        for read in (kept.read, lambda: kept.result("1")):
            with pytest.raises(PlanUnreadable, match=f"{file} is damaged .* remove it and run again"):
                read()


def test_a_panic_over_a_damaged_result_is_told_as_damage(tmp_path: Path) -> None:
    """Of files with three bytes changed each is read or told as damaged, also where the library panics over it."""
    kept, told = store(tmp_path / "run"), list[str]()
    kept.keep(result("1"))
    file = tmp_path / "run" / RESULTS / "1.parquet"
    whole = file.read_bytes()
    for seed in range(200, 210):
        draw, damaged = random.Random(seed), bytearray(whole)
        for _ in range(3):
            damaged[len(whole) - 9 - draw.randrange(len(whole) - 9)] = draw.randrange(256)
        file.write_bytes(damaged)
        try:
            kept.result("1")
        except PlanUnreadable as error:
            told.append(str(error))
    assert len(told) > 3
    assert all(str(file) in words for words in told)


def test_a_run_under_other_conditions_is_not_mixed_in(tmp_path: Path) -> None:
    """The same folder takes the same run again, and refuses one of another base or gap, saying what differs."""
    store(tmp_path / "run")
    store(tmp_path / "run")
    with pytest.raises(FolderNotWritable, match=r"gap was 0\.01, now 0\.1"):
        ParquetCaseStore(tmp_path / "run").claim({**RUN, "gap": 0.1})


def test_a_run_of_a_version_that_noted_less_is_taken_for_what_it_did(tmp_path: Path) -> None:
    """What such a run depended on without noting it is said by whoever knows, and noted from then on."""
    store(tmp_path / "run")
    run = ParquetCaseStore(tmp_path / "run")
    with pytest.raises(FolderNotWritable, match="from was 'base', now 'neighbour'"):
        run.claim({**RUN, "from": "neighbour"}, unless_noted={"from": "base"})
    assert "from" not in run.claimed()
    run.claim({**RUN, "from": "base"}, unless_noted={"from": "base"})
    assert run.claimed()["from"] == "base"


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    """Results go into a new or empty folder or into that of their own run."""
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(FolderNotWritable, match="name another folder"):
        ParquetCaseStore(tmp_path).claim(RUN)
    with pytest.raises(PlanUnreadable, match="holds no what-if run"):
        ParquetCaseStore(tmp_path).read()


def test_failed_results_are_forgotten_on_request(tmp_path: Path) -> None:
    """Failures, and cases that found no plan in time, are asked anew; what is planned or cannot be planned stays."""
    kept = store(tmp_path / "run")
    outcomes = (("2", "failed"), ("3", "infeasible"), ("4", "no_plan_yet"))
    for each in (result("1"), *(result(key, outcome, None) for key, outcome in outcomes)):
        kept.keep(each)
    assert kept.forget_failures() == 2
    assert kept.done() == {"1", "3"}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Where a file stands in the way of the folder, the error names it."""
    (tmp_path / "run").write_text("a file")
    with pytest.raises(FolderNotWritable, match="cannot write"):
        ParquetCaseStore(tmp_path / "run" / "deep").claim(RUN)
