"""Every example runs as it stands, against a server process that really plans."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.certify import certify
from cluster.child_server import child_server
from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import read_scenario, write_scenario
from planner.simulation.generate import generate
from tests.architecture.house import ROOT, project_files
from tests.node_programs import node_programs
from tests.scenario_builder import small_scenario, with_cell

PYTHON = ROOT / "examples" / "python"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Give the address of a server that plans in a worker process."""
    with child_server("local") as server:
        yield server.address


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a scenario that is planned in a second."""
    folder = tmp_path_factory.mktemp("examples") / "scenario"
    write_scenario(generate("tiny", seed=3), folder)
    return folder


def run(program: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a Python example to its end."""
    command = [sys.executable, str(program), *map(str, arguments)]
    environment = {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)


def holds_a_plan(folder: Path, scenario: Path) -> bool:
    """Say whether a folder holds a plan of a scenario that keeps every rule."""
    return certify(read_scenario(scenario), read_plan(folder)).breaches == ()


def test_the_asynchronous_example_keeps_a_plan(address: str, scenario: Path, tmp_path: Path) -> None:
    """It tells the operation and its steps, and leaves a plan that verifies."""
    done = run(PYTHON / "plan_async.py", address, scenario, tmp_path / "plan")
    assert done.returncode == 0, done.stderr
    assert re.search(r"accepted as operations/\S+\n(?s:.*)value [-\d.]+, at most", done.stdout)
    assert holds_a_plan(tmp_path / "plan", scenario)


def test_the_blocking_example_promises_an_order(address: str, scenario: Path) -> None:
    """It accepts a plan and tells what one more order would change, between two numbers in order."""
    done = run(PYTHON / "promise_orders.py", address, scenario)
    assert done.returncode == 0, done.stderr
    assert "is the one to be executed" in done.stdout
    change = re.search(r"value changes by (\S+) to (\S+)", done.stdout)
    assert change is not None
    assert float(change[1]) <= float(change[2])


def test_the_example_without_a_server_proves_its_optimum() -> None:
    """Blocks from files are solved to a gap of 0: value and bound agree, every row holds, and progress leads there."""
    done = run(PYTHON / "solve_blocks.py", ROOT / "examples" / "blocks" / "twelve_plants.mps", "--gap", "0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("12 blocks, 3 linking rows, 39 columns\n")
    assert "value 353.00, largest violation 0.0e+00\nbound 353.00, proved by " in done.stdout
    assert "  lots_11_2 = " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("none.mps",), "none.mps: cannot be read (No such file or directory)"),
        (("none.lp",), "expected a name that ends in .mps.gz or .mps"),
        (("none.mps", "--gap", "-1"), "gaps are not negative"),
        (("none.mps", "--gap", "nan"), "gaps are not negative"),
    ],
)
def test_the_example_without_a_server_tells_what_is_wrong(arguments: tuple[str, ...], told: str) -> None:
    """Files that are not there or called otherwise, and limits without a meaning, are told in one line."""
    done = run(PYTHON / "solve_blocks.py", *arguments)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_the_node_example_keeps_a_plan(address: str, scenario: Path, tmp_path: Path) -> None:
    """The program in JavaScript tells its steps and leaves a plan that verifies."""
    node = node_programs(tmp_path / "node")
    told = node.lines("plan.mjs", address, scenario, tmp_path / "plan")
    assert told[0].startswith("accepted as operations/")
    assert "plan.json" in told[-1]
    assert holds_a_plan(tmp_path / "plan", scenario)


def test_examples_tell_what_is_wrong(address: str, tmp_path: Path) -> None:
    """Asked with a scenario that does not hold, each example ends in failure and names the cell."""
    write_scenario(with_cell(small_scenario(), "orders", 0, "quantity", -1.0), tmp_path / "wrong")
    told = run(PYTHON / "plan_async.py", address, tmp_path / "wrong", tmp_path / "plan")
    node = node_programs(tmp_path / "node")
    with node.start("plan.mjs", address, tmp_path / "wrong", tmp_path / "plan") as process:
        _, err = process.communicate(timeout=60)
    for code, words in ((told.returncode, told.stderr), (process.returncode, err)):
        assert code == 1
        assert "quantity" in words
        assert "Traceback" not in words


def test_every_example_is_told_of() -> None:
    """The page of the examples names every program there is."""
    page = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    programs = [name for name in project_files() if re.fullmatch(r"examples/\w+/\w+\.(py|mjs)", name)]
    assert len(programs) >= 4
    assert [name for name in programs if name.removeprefix("examples/") not in page] == []
