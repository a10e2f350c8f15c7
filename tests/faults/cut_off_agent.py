"""Two copies of one agent, or two hosts with the same agents, on both sides of a cut: `cut_off_agent.py copies|hosts`.

Tells as JSON what each was answered and what is kept. To be run in a network namespace of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from actors.host import agent_names
from benchmarks.own_postgres import OwnPostgres, own_postgres
from cluster.journals import agent_journal
from planner.adapters.scenario_folder import write_scenario
from planner.ports.agent_records import read_record
from planner.simulation.generate import generate
from tests.faults.agent_copy import AGENT
from tests.faults.two_networks import HERE, Switch, switch

NETWORKS = {"east": "10.77.0.2", "west": "10.77.0.3"}


class Copy:
    """A process that was told things, and what it answered."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.answers: list[str] = []

    def tell(self, word: str) -> None:
        """Tell it to do something, without waiting for an answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """Wait for an answer."""
        assert self._process.stdout is not None
        self.answers.append(self._process.stdout.readline().strip())
        return self.answers[-1]

    def do(self, *words: str) -> None:
        """Tell it some things, one after the other."""
        for word in words:
            self.tell(word)
            self.hear()


@contextmanager
def copy(wires: Switch, network: str, *command: str | Path) -> Iterator[Copy]:
    """Give a copy that runs in a network."""
    process = subprocess.Popen(
        wires.command(network, [sys.executable, Path(__file__).with_name(str(command[0])), *command[1:]]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Copy(process)
    finally:
        process.kill()
        process.communicate()


def copies(stack: ExitStack, wires: Switch, server: OwnPostgres) -> Mapping[str, object]:
    """Cut the first copy of an agent off, let the second take it over, mend the wire."""
    journal = agent_journal(server.url)
    old, new = (
        stack.enter_context(copy(wires, network, "agent_copy.py", server.url_from_afar, network))
        for network in NETWORKS
    )
    old.do("take", "write", "write")
    wires.cut("east")
    old.tell("write")  # it waits behind the cut
    new.do("take", "write", "write")
    wires.mend("east")
    while old.hear().endswith("unavailable"):
        old.tell("write")
    old.do("write")
    new.do("write")
    old.do("take", "write")
    new.do("write")
    kept = [(entry.epoch, entry.content["holder"]) for entry in journal.read(AGENT)]
    return {"old": old.answers, "new": new.answers, "kept": kept}


def hosts(stack: ExitStack, wires: Switch, server: OwnPostgres) -> Mapping[str, object]:
    """Cut the first host off in mid-turn, let the second make the turn again, mend the wire."""
    scenario, folder = generate("tiny", seed=3), Path(stack.enter_context(tempfile.TemporaryDirectory()))
    write_scenario(scenario, folder)
    journal = agent_journal(server.url)
    old, new = (
        stack.enter_context(copy(wires, network, "host_copy.py", server.url_from_afar, network, folder))
        for network in NETWORKS
    )
    old.do("hold 1")
    wires.cut("east")
    old.tell("end 1")
    new.do("hold 2")
    wires.mend("east")
    old.hear()
    new.do("end 2")
    told = {name: read_record(journal, name) for name in agent_names(scenario)}
    return {
        "old": old.answers,
        "new": new.answers,
        "kept": sorted({(record.run, record.host, record.state.value) for record in told.values()}),
    }


def main() -> None:
    """Play one of them."""
    with ExitStack() as stack:
        wires = stack.enter_context(switch(NETWORKS))
        server = stack.enter_context(own_postgres(HERE))
        agent_journal(server.url)  # makes the tables
        told = {"copies": copies, "hosts": hosts}[sys.argv[1]](stack, wires, server)
        sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
