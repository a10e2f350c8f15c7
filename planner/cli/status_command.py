"""The command that asks a server how it is doing."""

from __future__ import annotations

from typing import Annotated

import typer

from planner.cli.exit_codes import DONE, FAILED
from planner.cli.planning_commands import Authority

Asked = Annotated[str, typer.Option(help="The server, host:port.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(status)


def status(
    *,
    server: Asked = "127.0.0.1:50051",
    tls_ca: Authority = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Tell version, queue, running plans and hosts of a server; exits with 5 unless it serves."""
    from planner.cli import status_work  # noqa: PLC0415 - loads gRPC, which `--help` should not wait for

    raise typer.Exit(DONE if status_work.print_status(server, tls_ca, as_json=as_json) else FAILED)
