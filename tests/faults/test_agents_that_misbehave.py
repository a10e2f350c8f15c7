"""Agents that are slow, silent, or answer with garbage, on real hosts: the plan stays the same, its bound stays one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from planner.ports.planning_runtime import PlanningParameters
from tests.faults.misbehaving_agents import SEED, WORK
from tests.faults.misbehaving_host import GARBAGE
from tests.middling import middling_scenario
from tests.planning import plan_in_process

SCRIPT = Path(__file__).with_name("misbehaving_agents.py")
ONCE = ("slow", "silent", *GARBAGE)
ALWAYS = ("wrong-kind always", "false-bound always")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return how runs went, by what agents did in them."""
    folder = tmp_path_factory.mktemp("misbehaving")
    done = subprocess.run(
        [sys.executable, SCRIPT, folder, *ONCE, *ALWAYS], check=False, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {run["kind"]: run for run in told}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ONCE)
def test_misbehaving_once_costs_seconds_and_no_result(
    runs: dict[str, dict[str, Any]], tmp_path: Path, kind: str
) -> None:
    """A host that misbehaves once is begun anew and asked again, and the plan is the undisturbed one."""
    run = runs[kind]
    here = plan_in_process(
        middling_scenario(SEED), tmp_path / "here", PlanningParameters(gap=0.0, work_limit=WORK)
    ).plan
    assert here is not None
    assert run["outcome"] == "planned", run["detail"]
    assert not run["left"], "no agent was asked at prices"
    assert run["plan_hash"] == here.summary["plan_hash"]
    assert run["restarts"]
    assert run["breaches"] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ALWAYS)
def test_misbehaving_on_and_on_leaves_a_bound_that_is_one(runs: dict[str, dict[str, Any]], kind: str) -> None:
    """Where plants never give a fair answer to prices there is still a plan, and no bound below its value."""
    run = runs[kind]
    assert run["outcome"] == "planned", run["detail"]
    assert run["bound"] >= run["value"]
    assert run["breaches"] == []
