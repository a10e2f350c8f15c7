"""The journals of agents, for whoever holds agents and must not know where journals are kept."""

from __future__ import annotations

from pathlib import Path

from planner.adapters.event_log_journal import EventLogJournal
from planner.adapters.event_log_snapshots import SqlSnapshots
from planner.adapters.event_log_sql import SqlEventLog, open_database
from planner.adapters.random_ids import RandomIds
from planner.adapters.system_clock import SystemClock
from planner.ports.agent_journal import AgentJournal

FACTORY = "cluster.journals:agent_journal"
"""What a host is told to call with the place of the log, in its own process."""


def agent_journal(place: str | Path) -> AgentJournal:
    """Return the journals in the event log at a URL, or in an SQLite file.

    Raises
    ------
    InvalidRequest
        If the URL cannot be read.
    StorageFailure
        If the database cannot be used, or holds the log of a newer release.
    """
    # Told to another process, a path is text too.
    database = open_database(place if "://" in str(place) else Path(place))
    return EventLogJournal(SqlEventLog(database), SqlSnapshots(database), SystemClock(), RandomIds())


def shared_place(place: str | Path, *, joined: bool) -> str:
    """Return where hosts write their journals: nowhere if the log is a file and they may be on other machines.

    ``joined``: they live in a Ray cluster that was there before. A file of SQLite must not be written over a network.
    """
    return "" if joined and not str(place).startswith("postgres") else str(place)
