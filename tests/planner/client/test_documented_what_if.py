"""What the guide of what-if questions shows in Python is what runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import polars as pl

from planner.adapters.scenario_folder import write_scenario
from tests.architecture.house import ROOT
from tests.cluster.test_gateway_process import server
from tests.scenario_builder import small_scenario

GRID = """
schema: concordat.grid/1
scenario: build/demo/scenario
factors:
  demand: {scale: demand.quantity, where: {family: care}, levels: [0.8]}
cross: [demand]
"""


def test_the_guide_runs_as_it_stands(tmp_path: Path) -> None:
    """The guide's program, but for the server's port, has a grid asked and saves its results."""
    write_scenario(small_scenario(), tmp_path / "build/demo/scenario")
    (tmp_path / "grid.yaml").write_text(GRID, encoding="utf-8")
    text = (ROOT / "docs/how-to/ask-what-if.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    with server(tmp_path / "data", steps=5) as (_, address):
        own = program.replace("127.0.0.1:50051", address)
        assert own != program
        subprocess.run([sys.executable, "-c", own], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True, timeout=50)
    assert pl.read_ipc_stream(tmp_path / "results.arrow")["outcome"].to_list() == ["planned"] * 2
