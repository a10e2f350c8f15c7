"""What a command and everything it starts costs."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.process_tree import run_measured

GRANDCHILD = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "import time; block = bytearray(b'x') * 80_000_000; time.sleep(0.9)"])
"""


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
