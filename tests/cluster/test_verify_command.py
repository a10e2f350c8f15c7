"""`concordat verify` as a process: what it loads and how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from planner.adapters.plan_folder import write_plan
from planner.adapters.scenario_folder import write_scenario
from planner.domain.plan import PLAN_TABLES, Plan, empty_plan_table
from tests.scenario_builder import small_scenario

ROOT = Path(__file__).resolve().parents[2]
PROBE = """
import sys
from planner.cli.app import run
from cluster.main import launchers
code = run(launchers(), sys.argv[1:])
print(",".join(sorted({"highspy", "ortools", "pyomo", "ray", "grpc"} & set(sys.modules))) or "nothing forbidden")
sys.exit(code)
"""


def test_verify_loads_no_solver_and_names_what_does_not_hold(tmp_path: Path) -> None:
    """An empty plan that claims a value is refused with exit code 1, without any solver in the process."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    tables = {name: empty_plan_table(name) for name in PLAN_TABLES}
    write_plan(Plan(tables, {"value": 1e9}), tmp_path / "plan")
    done = subprocess.run(
        [sys.executable, "-c", PROBE, "verify", str(tmp_path / "plan"), str(tmp_path / "scenario")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "does not hold: " in done.stderr
    assert "nothing forbidden" in done.stdout
