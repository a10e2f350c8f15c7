"""What the client's guide shows is what runs."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

from planner.adapters.scenario_folder import write_scenario
from planner.domain.folder_files import PLAN_FILES
from tests.architecture.house import ROOT
from tests.gateway import gateway
from tests.scenario_builder import small_scenario


def test_the_guide_runs_as_it_stands(tmp_path: Path) -> None:
    """The guide's program, but for the server's port, plans a scenario in a folder and saves the plan beside it."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    text = (ROOT / "docs/how-to/use-the-client.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)

    async def run() -> None:
        async with gateway(tmp_path / "data") as knock:
            own = program.replace("127.0.0.1:50051", knock.address)
            assert own != program
            command = [sys.executable, "-c", own]
            environment = {"PYTHONPATH": str(ROOT)}

            def work() -> None:
                subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=50)

            await asyncio.to_thread(work)

    asyncio.run(run())
    assert {path.name for path in (tmp_path / "plan").iterdir()} == set(PLAN_FILES)
