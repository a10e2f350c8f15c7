"""One cluster on two hosts of a network: agents live on both, and neither that nor the loss of one changes a plan."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from planner.adapters.scenario_folder import write_scenario
from planner.ports.planning_runtime import PlanningParameters
from tests.faults.two_networks import missing
from tests.middling import middling_scenario
from tests.planning import plan_in_process

TWO_HOSTS = Path(__file__).with_name("two_hosts.py")
SEED, WORK = 5, 20


@pytest.fixture
def own_network() -> list[str]:
    """Return the words that run a command in a network of its own, where this machine can play networks."""
    if os.geteuid() != 0:
        pytest.skip("networks can be played by root only")
    if why := missing():
        pytest.skip(f"no networks can be played here: {why}")
    return ["unshare", "-n"]


def seen_on_two_hosts(own_network: list[str], folder: Path, *how: str) -> dict[str, Any]:
    """Have the scenario planned by a cluster of two hosts and return what was seen."""
    write_scenario(middling_scenario(SEED), folder / "scenario")
    command = [*own_network, sys.executable, TWO_HOSTS, folder / "scenario", folder, WORK, *how]
    done = subprocess.run([*map(str, command)], check=False, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-4000:]
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def hash_here(folder: Path, *, gap: float) -> object:
    """Return the hash of the plan of this process."""
    parameters = PlanningParameters(gap=gap, work_limit=WORK)
    here = plan_in_process(middling_scenario(SEED), folder / "here", parameters).plan
    assert here is not None
    return here.summary["plan_hash"]


@pytest.mark.slow
@pytest.mark.parametrize("lost", [False, True], ids=["both stay", "one is lost"])
def test_two_hosts_make_the_plan_of_one_process(own_network: list[str], tmp_path: Path, lost: bool) -> None:  # noqa: FBT001
    """A server joined to a cluster of two hosts makes the plan of this process, also if one dies in its middle."""
    seen = seen_on_two_hosts(own_network, tmp_path, *(["lose"] if lost else []))
    assert seen["plan_hash"] == hash_here(tmp_path, gap=0.0)
    assert sorted(seen["hosts"]) == ["first", "second"]
    assert seen["lost"] == lost
    assert sorted(seen["hosts_after"]) == (["first"] if lost else ["first", "second"])


@pytest.mark.slow
def test_the_batch_job_plans_on_two_hosts(own_network: list[str], tmp_path: Path) -> None:
    """The command of the job's manifest, run on the head as it stands, leaves the plan of this process."""
    seen = seen_on_two_hosts(own_network, tmp_path, "job")
    assert seen["plan_hash"] == hash_here(tmp_path, gap=0.01)
    assert sorted(seen["hosts"]) == ["first", "second"]
