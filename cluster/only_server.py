"""A server that plans alone on its log, or not at all."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import structlog

from cluster.data_folder import locked_data_folder
from planner.adapters.sql_claim import SqlClaim
from planner.adapters.sql_database import SqlDatabase
from planner.domain.errors import StorageFailure, StorageUnavailable

WAIT_SECONDS = 2.0
"""How long the place of a server that was killed is waited for: the database notices its end soon."""

TURN_SECONDS = 5.0

_log = structlog.get_logger("concordat.gateway")


@asynccontextmanager
async def only_server(database: SqlDatabase, data: Path) -> AsyncIterator[None]:
    """Be the only server of a log as long as the context lasts; one that loses its place to another ends itself.

    ``data`` is a folder that this process has locked already.

    Raises
    ------
    StorageFailure
        If another server has the log.
    """
    claim = SqlClaim(database)
    async with AsyncExitStack() as held:
        folder = _other_folder(database, data)
        if folder is not None:
            held.enter_context(locked_data_folder(folder))
        held.callback(claim.release)
        await asyncio.to_thread(_take, claim)
        watch = asyncio.create_task(_watch(claim), name="the place of this server")
        try:
            yield
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch


def _other_folder(database: SqlDatabase, data: Path) -> Path | None:
    """Return the folder of a log that is a file somewhere else than in the data folder."""
    if database.file is None or database.file.parent.resolve() == data.resolve():
        return None
    return database.file.parent


def _take(claim: SqlClaim) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            claim.renew()
        except StorageFailure:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


async def _watch(claim: SqlClaim) -> None:
    while True:
        await asyncio.sleep(TURN_SECONDS)
        try:
            await asyncio.to_thread(claim.renew)
        except StorageUnavailable:
            continue
        except StorageFailure as lost:
            _log.critical("this server ends, since another one has taken its log", reason=str(lost))
            os.kill(os.getpid(), signal.SIGTERM)
            return
