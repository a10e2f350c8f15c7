"""The commands that look at the audit log of a guarded server: verify, list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.exit_codes import DOES_NOT_HOLD, DONE
from planner.cli.launchers import Launchers

Data = Annotated[
    Path | None, typer.Option(help="Data folder of the server; else the user's state folder.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="Who asked a guarded server for what, and what was decided.", no_args_is_help=True)
    group.command("verify")(verify)
    group.command("list")(list_rows)
    app.add_typer(group, name="audit")


def verify(
    context: typer.Context,
    *,
    data: Data = None,
    noted: Annotated[
        str, typer.Option(help="A head that was printed and noted before, COUNT:HASH.", show_default=False)
    ] = "",
) -> None:
    """Recompute the hash chain: a row that was changed, removed or moved is named, and the exit code is 1."""
    check = context.ensure_object(Launchers).verify_audit(data, noted)
    for line in check.lines:
        typer.echo(line)
    raise typer.Exit(DOES_NOT_HOLD if check.problems else DONE)


def list_rows(
    context: typer.Context,
    *,
    data: Data = None,
    limit: Annotated[int, typer.Option(help="How many rows to show, newest first.", min=1)] = 20,
    denied: Annotated[bool, typer.Option("--denied", help="Only what was not allowed.")] = False,
) -> None:
    """Print decisions, newest first, one JSON object a line."""
    for line in context.ensure_object(Launchers).list_audit(data, limit, denied):
        typer.echo(line)
