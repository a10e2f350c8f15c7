"""The commands that tell what a server would be told."""

from __future__ import annotations

import typer

from planner.cli.launchers import Launchers, ServeOptions
from planner.cli.serve_command import Config


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="What a server is told, and by whom.", no_args_is_help=True)
    group.command("show")(show)
    app.add_typer(group, name="settings")


def show(context: typer.Context, *, config: Config = None) -> None:
    """Print every setting that `serve` would take, as a settings file, and where each value comes from."""
    for line in context.ensure_object(Launchers).settings(ServeOptions(config=config)):
        typer.echo(line)
