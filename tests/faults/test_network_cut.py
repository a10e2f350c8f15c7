"""The network between hosts is cut: of two copies of one agent only the newer one acts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def played(own_network: list[str], what: str) -> dict[str, list[Any]]:
    """Return what came of a cut in the network between two of a kind."""
    try:
        programs()
    except NoPostgres as why:
        pytest.skip(f"not tested on PostgreSQL: {why}")
    done = subprocess.run(
        [*own_network, sys.executable, CUT_OFF_AGENT, what], check=False, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, list[Any]] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_a_copy_behind_a_cut_is_fenced_by_the_epoch(own_network: list[str]) -> None:
    """Cut off while its agent was taken over, a copy writes nothing any more, unless it takes the agent again."""
    told = played(own_network, "copies")
    old = [answer for answer in told["old"] if not answer.endswith("unavailable")]
    assert old == ["1 taken", "1 stored", "1 stored", "1 fenced", "1 fenced", "3 taken", "3 stored"]
    assert told["new"] == ["2 taken", "2 stored", "2 stored", "2 stored", "2 fenced"]
    assert told["kept"] == [[1, "east"]] * 2 + [[2, "west"]] * 3 + [[3, "east"]]


def test_a_host_behind_a_cut_may_not_end_what_another_one_took(own_network: list[str]) -> None:
    """Cut off in mid-turn, a host of agents is fenced as it ends its turn; the other host's turn is what counts."""
    told = played(own_network, "hosts")
    assert told["old"] == ["held", "fenced"]
    assert told["new"] == ["held", "ended"]
    assert [kept[:2] for kept in told["kept"]] == [["2", "west"]]
