"""The network between hosts is cut: of two copies of one agent only the newer one acts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.own_postgres import NoPostgres, programs
from tests.faults.two_networks import missing

CUT_OFF_AGENT = Path(__file__).with_name("cut_off_agent.py")


@pytest.fixture
def own_network() -> list[str]:
    """Return the words that run a command in a network of its own, where this machine can play networks."""
    if os.geteuid() != 0:
        pytest.skip("networks can be played by root only")
    if why := missing():
        pytest.skip(f"no networks can be played here: {why}")
    return ["unshare", "-n"]


def test_a_copy_behind_a_cut_is_fenced_by_the_epoch(own_network: list[str]) -> None:
    """A host that was cut off while its agent was taken over writes nothing any more, not even what waited in the cut.

    It may take the agent again, and then the other one is fenced.
    """
    try:
        programs()
    except NoPostgres as why:
        pytest.skip(f"not tested on PostgreSQL: {why}")
    done = subprocess.run(
        [*own_network, sys.executable, CUT_OFF_AGENT], check=False, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    old = [answer for answer in seen["old"] if not answer.endswith("unavailable")]
    assert old == ["1 taken", "1 stored", "1 stored", "1 fenced", "1 fenced", "3 taken", "3 stored"]
    assert seen["new"] == ["2 taken", "2 stored", "2 stored", "2 stored", "2 fenced"]
    assert seen["kept"] == [[1, "east"]] * 2 + [[2, "west"]] * 3 + [[3, "east"]]
