"""What-if runs end with a certified result for every case, and go on where they were killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cluster.what_if.compare import compare_run
from cluster.what_if.run import plan_grid, run_grid
from planner.adapters.case_store import ParquetCaseStore
from planner.adapters.grid_yaml import read_grid
from planner.adapters.scenario_folder import write_scenario
from planner.cli.what_if_order import CompareOrder, GridOrder, GridRunOrder
from planner.domain.errors import FolderNotWritable, GridInvalid, InvalidRequest, StorageFailure
from tests.planning import optimum
from tests.scenario_builder import small_scenario

GRID = """
schema: concordat.grid/1
scenario: scenario
factors:
  demand: {scale: demand.quantity, where: {family: care}, levels: [0.5, 1.2]}
  promise: {scale: clause.min_fill_rate, where: {kind: service}, levels: [1.1]}
  more: {scale: clause.min_fill_rate, where: {kind: service}, levels: [1.05]}
  take: {set: clause.min, where: {id: oil/take}, levels: [10, 500]}
  hard: {drop: clause, where: {id: oil/take}}
cross: [demand]
list:
  - {promise: 1.1, more: 1.05}
  - {hard: true, demand: 1.2}
"""
PATIENCE_SECONDS = 120.0


def grid(folder: Path, text: str = GRID) -> Path:
    """Return a grid file beside its scenario."""
    if not (folder / "scenario").exists():
        write_scenario(small_scenario(), folder / "scenario")
    (folder / "grid.yaml").write_text(text, encoding="utf-8")
    return folder / "grid.yaml"


def order(file: Path, **options: object) -> GridRunOrder:
    """Return the order to run a grid on one worker into ``run`` beside it."""
    return GridRunOrder(grid=file, out=file.parent / "run", workers=1, gap=1e-6, **options)  # type: ignore[arg-type]


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Return inode and time of every result."""
    return {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in (folder / "results").glob("*.parquet")}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a grid and the run over it."""
    folder = tmp_path_factory.mktemp("what-if")
    end = run_grid(order(grid(folder)), lambda _: None)
    assert (end.done, end.left, end.unanswered) == (5, 0, 1)
    return folder


def test_every_result_holds_the_optimum_of_its_scenario_between_value_and_bound(ended: Path) -> None:
    """A case that goes on from the base's plan is as certified as one planned from nothing."""
    results = {result.key: result for result in ParquetCaseStore(ended / "run").results()}
    cases = [case for case in read_grid(ended / "grid.yaml").grid.cases() if results[case.key].outcome == "planned"]
    assert len(cases) == 4
    for case in cases:
        result, best = results[case.key], optimum(case.scenario(small_scenario()))
        assert result.value is not None
        assert result.bound_checked is not None
        assert result.value <= best.claimed + 1e-4
        assert result.bound_checked >= best.reached - 1e-4
        assert sum(result.parts.values()) == pytest.approx(result.value)
        assert {clause.clause for clause in result.clauses} >= {"dist/on-time", "brand/budget"}


def test_a_combination_that_is_no_valid_scenario_is_a_row_with_its_finding(ended: Path) -> None:
    """Two levels that are valid alone and not together fail as that case, which names the rule."""
    (failed,) = [each for each in ParquetCaseStore(ended / "run").results() if each.outcome == "failed"]
    assert failed.name == "promise=1.1, more=1.05"
    assert "min_fill_rate" in failed.detail


def test_running_again_plans_nothing_and_a_grown_grid_only_what_is_new(ended: Path) -> None:
    """Results are found by what was asked, so the same run ends at once, and a renamed factor changes nothing."""
    before = stamps(ended / "run")
    run_grid(order(grid(ended)), lambda _: None)
    assert stamps(ended / "run") == before
    grown = GRID.replace("demand:", "asked:").replace("[demand]", "[asked]").replace("asked: 1.2}", "asked: 0.5}")
    end = run_grid(order(grid(ended, grown)), lambda _: None)
    grid(ended)
    after = stamps(ended / "run")
    assert end.left == 0
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 1


def test_what_partners_get_and_pay_is_part_of_the_value_of_every_planned_case(ended: Path) -> None:
    """Purchases, rebates and penalties of partners add up to the parts of the value, and measures are kept."""
    planned = [result for result in ParquetCaseStore(ended / "run").results() if result.outcome == "planned"]
    assert len(planned) >= 4
    for result in planned:
        for part, name, sign in (
            ("purchase", "purchases", -1),
            ("rebates", "rebates", 1),
            ("penalties", "penalties", -1),
        ):
            paid = sum(amounts[name] for amounts in result.partners.values())
            assert sign * paid == pytest.approx(result.parts[part], abs=1e-6)
        assert -result.measures["own_spend"] == pytest.approx(result.parts["rewards"], abs=1e-5)
        funded = sum(amounts["funding"] for amounts in result.partners.values())
        assert funded == pytest.approx(result.measures["partner_spend"])
        assert 0 < result.measures["fill_rate"] <= 1


def test_a_comparison_writes_all_pairs_and_tells_the_base_first(ended: Path) -> None:
    """Every case is put beside the base, and pairs that intervals decide are counted as proven."""
    lines = list(compare_run(CompareOrder(results=ended / "run")))
    assert any(line.startswith("base ") for line in lines)
    assert any("pairs, as recomputed" in line and "proven" in line for line in lines)
    page = ended / "page.html"
    proved = CompareOrder(results=ended / "run", bounds="bound_proved", html=page)
    assert any("solvers claim" in line for line in compare_run(proved))
    assert "What moves the value" in page.read_text(encoding="utf-8")
    assert (ended / "run" / "pairs.parquet").is_file()


def test_a_comparison_tells_front_and_factors_that_were_chosen(ended: Path) -> None:
    """Measures are kept of every planned case, and names that do not exist are told before anything is written."""
    chosen = CompareOrder(results=ended / "run", pareto=("value", "lost_sales"), heat=("demand", "hard"))
    lines = list(compare_run(chosen))
    assert any("that no other one beats in value and lost sales" in line for line in lines)
    assert any("were all planned together" in line for line in lines)
    with pytest.raises(InvalidRequest, match="there is no measure 'sales'"):
        compare_run(CompareOrder(results=ended / "run", pareto=("value", "sales")))


def test_a_folder_of_another_run_and_a_run_under_way_are_refused(ended: Path) -> None:
    """Another gap would mix results, and two runs in one folder would plan everything twice."""
    with pytest.raises(FolderNotWritable, match="made otherwise"):
        run_grid(GridRunOrder(grid=grid(ended), out=ended / "run", gap=0.5), lambda _: None)

    def meanwhile(_: str) -> None:
        with pytest.raises(StorageFailure, match="held by another command: wait until that ends"):
            run_grid(order(ended / "grid.yaml"), lambda _: None)

    run_grid(order(grid(ended)), meanwhile)


def test_a_plan_of_a_grid_tells_what_measured_cases_suggest(ended: Path) -> None:
    """Beside the limit there is an expectation once cases were planned."""
    lines = list(plan_grid(GridOrder(grid=grid(ended), workers=1, measured=ended / "run")))
    assert "demand: quantity of 16 rows" in lines[0]
    assert lines[-2] == "5 cases"
    assert "as measured" in lines[-1]


def test_a_grid_that_misses_its_base_names_the_line(tmp_path: Path) -> None:
    """The finding stands at the line of the wrong condition, before anything is planned."""
    file = grid(tmp_path, GRID.replace("family: care", "family: cares"))
    with pytest.raises(GridInvalid, match=r"grid\.yaml:5: factors\.demand\.where\.family: .*did you mean 'care'"):
        list(plan_grid(GridOrder(grid=file)))


def test_a_run_that_is_killed_goes_on_without_planning_anything_twice(tmp_path: Path) -> None:
    """After kill -9 no worker is left, every finished result still stands, and the next run does the rest."""
    file = grid(
        tmp_path,
        GRID.replace("levels: [0.5, 1.2]", "range: [0.5, 1.5]")
        .replace("cross: [demand]", "")
        .replace("1.2}", "1.2}\nsample: {count: 6, seed: 1}"),
    )
    command = [sys.executable, "-m", "cluster.main", "whatif", "run", str(file), "--out", str(tmp_path / "run")]
    process = subprocess.Popen([*command, "--workers", "1", "--gap", "1e-6"], stderr=subprocess.PIPE)
    try:
        _wait(lambda: len(stamps(tmp_path / "run")) >= 2)
        workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert workers
    _wait(lambda: not any(_lives(int(worker)) for worker in workers))
    before = stamps(tmp_path / "run")
    end = run_grid(order(file), lambda _: None)
    after = stamps(tmp_path / "run")
    assert end.left == 0
    assert {name: after[name] for name in before} == before
    assert len(after) == end.done > len(before)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()


def _wait(until: object) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not until():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
