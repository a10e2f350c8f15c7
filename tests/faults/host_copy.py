"""One of two hosts that hold the same agents: `host_copy.py DATABASE NAME SCENARIO`, a line of answer per line told.

``hold N`` holds all agents for turn N, ``end N`` notes that it ended. It answers held, ended, fenced or unavailable.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from actors.agent_host import AgentHost
from actors.host import agent_names
from actors.recovery import Turn
from cluster.runtimes import agent_settings
from planner.adapters.scenario_folder import read_scenario
from planner.domain.errors import StorageUnavailable
from planner.ports.agent_journal import EpochFenced


def done(host: AgentHost, scenario: Path, told: str) -> str:
    """Do what was told; returns what came of it."""
    word, _, turn = told.partition(" ")
    try:
        if word == "hold":
            host.install(str(scenario), agent_names(read_scenario(scenario)), Turn(id=turn, run=turn))
            return "held"
        host.end(turn, planned=True)
    except EpochFenced:
        return "fenced"
    except StorageUnavailable:
        return "unavailable"
    return "ended"


def main() -> None:
    """Do what standard input says until it ends."""
    place, name, scenario = sys.argv[1:]
    host = AgentHost(agent_settings(None, place), name)
    for line in sys.stdin:
        sys.stdout.write(f"{done(host, Path(scenario), line.strip())}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
