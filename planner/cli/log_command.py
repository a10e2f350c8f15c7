"""The commands that look after the event log: log show, log migrate, log retain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from planner.cli.launchers import Launchers, LogPlace

Config = Annotated[Path | None, typer.Option(help="The settings file of the server.", show_default=False)]
Data = Annotated[
    Path | None, typer.Option(help="Folder of a server; else the user's state folder.", show_default=False)
]
Database = Annotated[
    str | None,
    typer.Option(help="URL of the log; else CONCORDAT_DATABASE, else a file in the folder.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands = typer.Typer(help="Look after the event log of a server.", no_args_is_help=True)
    for command in (show, migrate, backup, retain):
        commands.command(command.__name__)(command)
    app.add_typer(commands, name="log")


def show(
    context: typer.Context,
    *,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    aggregate: Annotated[
        str, typer.Option(help="All events of this one, with their data: plan/…, request/…, agent/….")
    ] = "",
    limit: Annotated[int, typer.Option(help="How many of the latest events to show.", min=0)] = 20,
) -> None:
    """Say which version a log has and what is in it; changes nothing, also beside a running server."""
    place = LogPlace(config=config, data=data, database=database)
    for line in context.ensure_object(Launchers).show_log(place, aggregate, limit):
        _print(line)


def migrate(
    context: typer.Context,
    *,
    to: Annotated[int, typer.Option(help="Version of the tables; `log show` tells the present one.", min=1)],
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Take the tables of a log to a version, forward or back; events are never lost. Stop the server before.

    A server takes an older log to its own version as it starts.
    """
    place = LogPlace(config=config, data=data, database=database)
    _print(context.ensure_object(Launchers).migrate_log(place, to))


def backup(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(help="New folder for the copy.", show_default=False)],
    *,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Copy all that a server must not lose, also beside a running one: a server on the copy goes on from there.

    A log on PostgreSQL is not in it: take that by pg_dump before, so that it names no folder that the copy lacks.
    """
    place = LogPlace(config=config, data=data, database=database)
    for line in context.ensure_object(Launchers).back_up(place, target):
        _print(line)


def retain(
    context: typer.Context,
    *,
    plans_older_than: Annotated[
        float, typer.Option(help="Days since the end of a plan.", metavar="DAYS", min=0, show_default=False)
    ],
    also_accepted: Annotated[
        bool, typer.Option("--also-accepted", help="Also plans that were accepted; else they are kept.")
    ] = False,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Remove the folders of plans that ended so long ago; their records stay, and say that they expired.

    Plans that others need that are not ended, or accepted, are kept. Scenarios that neither plans nor what-if jobs need
    any more, and that nobody asked for in as long, are removed too. A server does the same by --keep-plans-days.
    """
    place = LogPlace(config=config, data=data, database=database)
    lines = context.ensure_object(Launchers).retain_plans(place, plans_older_than, also_accepted)
    for line in lines:
        _print(line)


def _print(text: str) -> None:
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
