"""One of two copies of an agent: `agent_copy.py DATABASE HOLDER`, a line of answer for each line it is told.

``take`` takes the agent's epoch, ``write`` writes one note under the epoch that was taken. Each answer is the epoch and
what came of it: taken, stored, fenced or unavailable.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cluster.journals import agent_journal
from planner.domain.errors import StorageUnavailable
from planner.ports.agent_journal import AgentJournal, AgentNote, EpochFenced

AGENT = "plant:1901"


def done(journal: AgentJournal, holder: str, epoch: int, told: str) -> tuple[int, str]:
    """Do what was told; returns the epoch by then and what came of it."""
    try:
        if told == "take":
            return journal.take(AGENT, expected=journal.epoch(AGENT), holder=holder), "taken"
        journal.append(AGENT, epoch, [AgentNote(kind="step", content={"holder": holder})])
    except EpochFenced:
        return epoch, "fenced"
    except StorageUnavailable:
        return epoch, "unavailable"
    return epoch, "stored"


def main() -> None:
    """Do what standard input says until it ends."""
    place, holder = sys.argv[1:]
    journal, epoch = agent_journal(place), 0
    for line in sys.stdin:
        epoch, outcome = done(journal, holder, epoch, line.strip())
        sys.stdout.write(f"{epoch} {outcome}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
