"""Two copies of one agent on both sides of a cut, on one journal; tells as JSON what was answered and what is kept.

To be run in a network namespace of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.own_postgres import own_postgres
from cluster.journals import agent_journal
from tests.faults.agent_copy import AGENT
from tests.faults.two_networks import HERE, Switch, switch

COPY = Path(__file__).with_name("agent_copy.py")
NETWORKS = {"east": "10.77.0.2", "west": "10.77.0.3"}


class Copy:
    """A copy of the agent, and what it was told and answered."""

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
def copy(wires: Switch, network: str, place: str) -> Iterator[Copy]:
    """Give a copy that runs in a network."""
    process = subprocess.Popen(
        wires.command(network, [sys.executable, COPY, place, network]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Copy(process)
    finally:
        process.kill()
        process.communicate()


def main() -> None:
    """Cut the first copy off, let the second take the agent over, mend the wire."""
    with ExitStack() as stack:
        wires = stack.enter_context(switch(NETWORKS))
        server = stack.enter_context(own_postgres(HERE))
        journal = agent_journal(server.url)  # makes the tables
        old = stack.enter_context(copy(wires, "east", server.url_from_afar))
        new = stack.enter_context(copy(wires, "west", server.url_from_afar))
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
        sys.stdout.write(json.dumps({"old": old.answers, "new": new.answers, "kept": kept}) + "\n")


if __name__ == "__main__":
    main()
