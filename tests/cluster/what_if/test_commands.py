"""The what-if commands say what they found and did, and their exit codes tell it to scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.main import launchers
from planner.adapters.scenario_folder import write_scenario
from planner.cli.app import run
from planner.cli.exit_codes import DOES_NOT_HOLD, DONE, WRONG_INPUT
from tests.scenario_builder import small_scenario

GRID = """schema: concordat.grid/1
scenario: scenario
factors:
  demand: {scale: demand.quantity, where: {family: care}, levels: [0.5, 1.2]}
cross: all
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a grid and its base."""
    made = tmp_path_factory.mktemp("what-if")
    write_scenario(small_scenario(), made / "scenario")
    (made / "grid.yaml").write_text(GRID, encoding="utf-8")
    return made


def test_a_grid_is_planned_run_and_compared_by_three_commands(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What the help promises: cases and cost, a run whose results are all there, and a table against the base."""
    grid, out = str(folder / "grid.yaml"), str(folder / "run")
    assert run(launchers(), ["whatif", "plan", grid, "--workers", "2"]) == DONE
    assert "demand: 0.5, 1.2; changes demand: quantity of 16 rows\n3 cases\n" in capfd.readouterr().out
    ended = run(launchers(), ["whatif", "run", grid, "--out", out, "--workers", "1", "--gap", "0.001"])
    told = capfd.readouterr()
    assert ended == DONE, told.err
    assert "3 results, 0 of them without an answer, 0 cases left" in told.out
    assert "3/3" in told.err
    assert run(launchers(), ["whatif", "compare", out]) == DONE
    told = capfd.readouterr()
    assert "3 pairs, as recomputed without a solver" in told.out
    assert "that no other one beats in value and fill rate" in told.out
    assert run(launchers(), ["whatif", "compare", out, "--pareto", "value"]) == WRONG_INPUT
    assert "name two with a comma between them" in capfd.readouterr().err


def test_a_run_that_its_budget_ends_says_that_cases_are_left(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The exit code tells a script that the same command has to go on."""
    command = ["whatif", "run", str(folder / "grid.yaml"), "--out", str(folder / "short"), "--budget-seconds", "0.001"]
    assert run(launchers(), command) == DOES_NOT_HOLD
    assert "0 results, 0 of them without an answer, 3 cases left" in capfd.readouterr().out


def test_cases_that_found_no_plan_in_their_seconds_are_told_and_asked_anew(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A script sees by the exit code that answers are missing, and the command that is told brings them."""
    command = ["whatif", "run", str(folder / "grid.yaml"), "--out", str(folder / "hasty"), "--workers", "1"]
    assert run(launchers(), [*command, "--seconds", "0.001"]) == DOES_NOT_HOLD
    assert "3 results, 3 of them without an answer, 0 cases left" in capfd.readouterr().out
    assert run(launchers(), [*command, "--seconds", "60", "--retry-failed"]) == DONE
    told = capfd.readouterr()
    assert "3 cases that failed or found no plan in their seconds are asked anew" in told.err
    assert "3 results, 0 of them without an answer" in told.out


def test_a_run_keeps_to_the_plans_that_it_began_to_go_on_from(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What --from was is noted before anything is planned; all cases count as left, and other plans are refused."""
    command = ["whatif", "run", str(folder / "grid.yaml"), "--out", str(folder / "near"), "--budget-seconds", "0.001"]
    assert run(launchers(), [*command, "--from", "neighbour"]) == DOES_NOT_HOLD
    assert "0 results, 0 of them without an answer, 3 cases left" in capfd.readouterr().out
    assert run(launchers(), command) not in {DONE, DOES_NOT_HOLD}
    assert "from was 'neighbour', now 'base'): name another folder" in capfd.readouterr().err.replace("\n", " ")


def test_the_gap_of_the_base_is_kept_and_none_that_asks_less_of_it(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Results depend on it, so that a run has one for all of its life; a larger one than that of all is wrong input."""
    command = ["whatif", "run", str(folder / "grid.yaml"), "--out", str(folder / "room"), "--budget-seconds", "0.001"]
    assert run(launchers(), [*command, "--base-gap", "0.004"]) == DOES_NOT_HOLD
    capfd.readouterr()
    assert run(launchers(), command) not in {DONE, DOES_NOT_HOLD}
    assert "base_gap was 0.004, now 0.01): name another folder" in capfd.readouterr().err.replace("\n", " ")
    assert run(launchers(), [*command, "--base-gap", "0.5"]) == WRONG_INPUT
    assert "to the gap of all cases, 0.01, or a smaller one, got 0.5" in capfd.readouterr().err.replace("\n", " ")


def test_a_wrong_grid_is_wrong_input_and_names_its_line(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is planned, the message leads to the line, and a folder without a run is wrong input too."""
    wrong = folder / "wrong.yaml"
    wrong.write_text(GRID.replace("family", "famly"), encoding="utf-8")
    assert run(launchers(), ["whatif", "run", str(wrong), "--out", str(folder / "none")]) == WRONG_INPUT
    assert f"{wrong}:4: factors.demand.where.famly: " in capfd.readouterr().err
    assert not (folder / "none").exists()
    assert run(launchers(), ["whatif", "compare", str(folder)]) == WRONG_INPUT
    assert "name the folder of `concordat whatif run --out`" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--robust", "--html", "page.html"), "--html: counts without --robust only"),
        (("--robust", "--heat", "a,b"), "--heat: counts without --robust only"),
        (("--alpha", "0.5"), "--alpha: counts with --robust only"),
    ],
)
def test_options_that_would_change_nothing_are_refused(
    folder: Path, options: tuple[str, ...], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nobody waits for a page that is never written, or for a risk that nothing is chosen by."""
    assert run(launchers(), ["whatif", "compare", str(folder / "run"), *options]) == WRONG_INPUT
    assert told in " ".join(capfd.readouterr().err.replace("│", " ").split())
