"""How much is in an event log."""

from __future__ import annotations

import sqlalchemy as sa

from planner.adapters.event_log_schema import EVENTS
from planner.adapters.sql_database import SqlDatabase


def events_by_type(database: SqlDatabase) -> dict[str, int]:
    """Return how many events of each type there are, in alphabetical order.

    Raises
    ------
    StorageFailure
        If the log cannot be read.
    """
    counted = sa.select(EVENTS.c.type, sa.func.count()).group_by(EVENTS.c.type)
    with database.reading() as connection:
        return dict(sorted((str(kind), int(number)) for kind, number in connection.execute(counted)))


def position_before_last(database: SqlDatabase, number: int) -> int:
    """Return the position behind which the latest ``number`` events stand (positions may have gaps); raises as above.

    0 where there are no more events than that.
    """
    query = sa.select(EVENTS.c.position).order_by(EVENTS.c.position.desc()).offset(number).limit(1)
    with database.reading() as connection:
        return int(connection.execute(query).scalar() or 0)
