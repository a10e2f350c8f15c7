"""A host that fights for an agent: `journal_writer.py DATABASE HOLDER ROUNDS`, one line for everything it was told."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from cluster.journals import FACTORY
from planner.ports.agent_journal import AgentJournal, AgentNote, EpochFenced

LONGEST_REIGN = 40


def tell(*words: object) -> None:
    """Write a line at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Take the agent over and write until fenced, over and over; start when standard input says so."""
    place, holder, rounds = sys.argv[1:]
    module, _, name = FACTORY.partition(":")
    journal: AgentJournal = getattr(importlib.import_module(module), name)(place)
    tell("ready")
    sys.stdin.readline()
    for _ in range(int(rounds)):
        try:
            epoch = journal.take("plant-1", expected=journal.epoch("plant-1"), holder=holder)
            tell("taken", epoch)
            for number in range(LONGEST_REIGN):
                note = AgentNote(kind="step", content={"holder": holder, "number": number})
                tell("stored", epoch, journal.append("plant-1", epoch, [note]), number)
        except EpochFenced:
            tell("fenced")


if __name__ == "__main__":
    main()
