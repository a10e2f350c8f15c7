"""`concordat export`: the file it leaves, read by HiGHS, and what it says to wrong input."""

from __future__ import annotations

import gzip
from pathlib import Path

import highspy
import polars as pl
import pytest

from actors.formulate.problem import formulate
from cluster.main import launchers
from planner.adapters.scenario_folder import write_scenario
from planner.cli.app import run
from planner.domain.scenario import Scenario
from planner.policy.eligibility import eligibility_patterns
from planner.simulation.generate import generate
from solvers.backends.registry import backend
from solvers.core.termination import Limits
from solvers.network.assembly import assemble
from tests.scenario_builder import small_scenario, with_cell


def export(folder: Path, file: Path) -> int:
    """Run the command in this process."""
    return run(launchers(), ["export", str(folder), "--mps", str(file)])


def read(file: Path) -> highspy.Highs:
    """HiGHS with the model of a file."""
    engine = highspy.Highs()
    engine.setOptionValue("output_flag", False)
    engine.setOptionValue("threads", 1)
    engine.setOptionValue("mip_rel_gap", 1e-9)
    assert engine.readModel(str(file)) == highspy.HighsStatus.kOk
    return engine


def optimum(scenario: Scenario) -> float | None:
    """The optimum of the assembled blocks."""
    problem = formulate(scenario, eligibility_patterns(scenario))
    program = assemble(problem.blocks, problem.around.links.links).program
    return backend("highs").load(program).solve(limits=Limits(gap=1e-9)).objective


@pytest.mark.parametrize("seed", [0, 1, 5])
def test_the_file_holds_the_whole_model(tmp_path: Path, seed: int) -> None:
    """HiGHS reads the file and finds minus the value of the best plan."""
    scenario = generate("tiny", seed=seed)
    write_scenario(scenario, tmp_path / "scenario")
    assert export(tmp_path / "scenario", tmp_path / "model.mps") == 0
    engine = read(tmp_path / "model.mps")
    engine.run()
    assert -engine.getInfo().objective_function_value == pytest.approx(optimum(scenario), rel=1e-6)


def test_rows_speak_of_clauses_and_the_header_of_customers(tmp_path: Path) -> None:
    """Rows carry the clauses' ids, and the first lines say that all customers stand there one by one."""
    scenario = small_scenario()
    write_scenario(scenario, tmp_path / "scenario")
    assert export(tmp_path / "scenario", tmp_path / "model.mps") == 0
    names = read(tmp_path / "model.mps").getLp().row_names_
    without_row = {"exclusivity", "price_floor"}
    for clause in scenario.clauses:
        assert clause.kind in without_row or any(clause.id in name for name in names), clause.id
    text = (tmp_path / "model.mps").read_text()
    assert "per run of like customers, window and offer (0 segments)" in text
    assert "approximation" not in text


def test_large_segments_are_pooled_and_the_file_says_so(tmp_path: Path) -> None:
    """With more than 64 customers a segment has shares instead of binaries, which the first lines tell."""
    scenario = generate("tiny", seed=1)
    first = scenario["customers"].head(1)
    many = [first.with_columns(customer=pl.lit(f"more-{i}")) for i in range(80)]
    customers = pl.concat([scenario["customers"], *many])
    tables = {**scenario.tables, "customers": customers}
    crowded = Scenario(scenario.header, tables, scenario.eligibility, scenario.contracts)
    write_scenario(crowded, tmp_path / "scenario")
    assert export(tmp_path / "scenario", tmp_path / "model.mps") == 0
    text = (tmp_path / "model.mps").read_text()
    assert "per run of like customers, window and offer (1 segments)" in text
    assert "* For these the model is a close approximation" in text


def test_a_compressed_file_holds_the_same_text(tmp_path: Path) -> None:
    """Named .mps.gz, the file is the same model compressed, with the same bytes every time."""
    write_scenario(generate("tiny", seed=2), tmp_path / "scenario")
    for name in ("a.mps", "a.mps.gz", "b.mps.gz"):
        assert export(tmp_path / "scenario", tmp_path / name) == 0
    assert gzip.decompress((tmp_path / "a.mps.gz").read_bytes()) == (tmp_path / "a.mps").read_bytes()
    assert (tmp_path / "a.mps.gz").read_bytes() == (tmp_path / "b.mps.gz").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"scenario", "a.mps", "a.mps.gz", "b.mps.gz"}


def test_wrong_input_is_told_and_leaves_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another ending, a scenario with findings and a place that cannot be written end with exit codes of errors."""
    write_scenario(small_scenario(), tmp_path / "good")
    write_scenario(with_cell(small_scenario(), "orders", 0, "quantity", -1.0), tmp_path / "bad")
    (tmp_path / "file").write_text("in the way")
    assert export(tmp_path / "good", tmp_path / "model.txt") == 2
    assert ".mps.gz" in capsys.readouterr().err
    assert export(tmp_path / "bad", tmp_path / "model.mps") == 2
    assert "orders[0].quantity" in capsys.readouterr().err
    assert export(tmp_path / "good", tmp_path / "file" / "model.mps") != 0
    assert "cannot be written" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"good", "bad", "file"}
