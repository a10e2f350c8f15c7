"""`concordat log`: the database that settings name, shown, migrated, and freed of what plans no longer need."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.serving import gateway_settings
from cluster.settings import EVENT_LOG_FILE, GatewaySettings
from planner.adapters.event_log_migrations import NEWEST
from planner.adapters.event_log_sql import SqlEventLog, open_database
from planner.adapters.event_log_statistics import events_by_type, position_before_last
from planner.adapters.event_log_versions import migrate, schema_version
from planner.adapters.plan_store_folder import PlanFolders
from planner.adapters.random_ids import RandomIds
from planner.adapters.scenario_store_folder import ScenarioFolders
from planner.adapters.sql_database import SqlDatabase
from planner.adapters.system_clock import SystemClock
from planner.adapters.what_if_folders import WhatIfFolders
from planner.application.planning_ports import PlanningPorts
from planner.application.retain_plans import Retention, retain_plans
from planner.cli.launchers import LogPlace, ServeOptions
from planner.domain.errors import InvalidRequest
from planner.events.envelope import Envelope


def show_log(place: LogPlace, aggregate: str, limit: int) -> Iterator[str]:
    """Yield lines about a log: its version, how many events of which type, and the latest or those of an aggregate.

    Raises
    ------
    InvalidRequest
        If there is no log.
    StorageFailure
        If it cannot be read.
    """
    with _database(place) as database:
        version = schema_version(database)
        yield f"{database.name}: version {version} (this release works with {NEWEST})"
        if not version:
            yield "empty: no server has begun with it"
            return
        counts = events_by_type(database)
        yield f"{sum(counts.values()):,} events, the last at position {position_before_last(database, 0):,}"
        for kind, number in counts.items():
            yield f"{number:>12,}  {kind}"
        log = SqlEventLog(database)
        if aggregate:
            for envelope in log.history(aggregate):
                yield f"{_line(envelope)}  {json.dumps(envelope.data, ensure_ascii=False, sort_keys=True)}"
        elif limit:
            for position, envelope in log.since(position_before_last(database, limit), limit=limit):
                yield f"{position:>12,}  {_line(envelope)}"


def migrate_log(place: LogPlace, to: int) -> str:
    """Take a log to a version; returns what was done, and raises as :func:`show_log` does."""
    with _database(place) as database:
        before, after = migrate(database, to)
        return f"{database.name}: version {before}, now {after}" if before != after else f"{database.name}: stays {to}"


def retain_folders(place: LogPlace, days: float, accepted: bool) -> Iterator[str]:  # noqa: FBT001 - as launchers call it
    """Remove the folders of old plans and of scenarios they leave unused; raises as :func:`show_log` does.

    Yields what was removed and kept.
    """
    data = _settings(place).data
    if not data.is_dir():
        raise InvalidRequest(f"there is no data folder {data}: name that of the server by --data", "data")
    try:
        retention = Retention(days=days, accepted=accepted)
    except ValueError as error:
        raise InvalidRequest(str(error), "plans_older_than") from error
    with _database(place, open_database) as database:
        ports = PlanningPorts(
            log=SqlEventLog(database),
            scenarios=ScenarioFolders(data / "scenarios", max_bytes=0, alone=False),
            plans=PlanFolders(data / "plans"),
            clock=SystemClock(),
            ids=RandomIds(),
        )
        named = [job.scenario for job in WhatIfFolders(data / "what-if").jobs()]
        found = asyncio.run(retain_plans(ports, retention, named=named))
    yield from (f"plans/{plan} expired" for plan in found.expired)
    yield from (f"plans/{plan} kept: it was accepted (--also-accepted removes it)" for plan in found.kept_accepted)
    yield from (f"plans/{plan} kept: a plan that is kept goes on from it" for plan in found.kept_bases)
    yield from (f"scenarios/{scenario} removed: nobody names it any more" for scenario in found.scenarios)
    kept = len(found.kept_accepted) + len(found.kept_bases)
    yield f"{len(found.expired)} expired, {kept} as old were kept; {len(found.scenarios)} scenarios removed"


def _settings(place: LogPlace) -> GatewaySettings:
    """Return what a server would be told: the log is where it looks for it."""
    return gateway_settings(ServeOptions(config=place.config, data=place.data, database=place.database))


@contextmanager
def _database(place: LogPlace, opened: Callable[[str | Path], SqlDatabase] = SqlDatabase) -> Iterator[SqlDatabase]:
    settings = _settings(place)
    file = settings.data / EVENT_LOG_FILE
    if not settings.database and not file.is_file():
        raise InvalidRequest(f"there is no event log {file}: name the server's folder by --data, or --database", "data")
    database = opened(settings.database or file)
    try:
        yield database
    finally:
        database.close()


def _line(envelope: Envelope) -> str:
    return f"{envelope.time:%Y-%m-%d %H:%M:%S}  {envelope.aggregate} #{envelope.sequence}  {envelope.type}"
