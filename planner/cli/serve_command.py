"""The command that serves planning over gRPC."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.launchers import Launchers, ServeOptions
from planner.cli.planning_commands import Runtime


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    context: typer.Context,
    *,
    listen: Annotated[str, typer.Option(help="Address to listen on; port 0 picks a free one.")] = "127.0.0.1:50051",
    data: Annotated[
        Path | None, typer.Option(help="Folder of scenarios, plans and the event log; else the user's state folder.")
    ] = None,
    runtime: Annotated[Runtime, typer.Option(help="Where agents live.")] = Runtime.RAY,
    tls_cert: Annotated[Path | None, typer.Option(help="PEM certificate; needed beyond loopback.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM key of the certificate.")] = None,
    concurrency: Annotated[int, typer.Option(help="Plans made at a time; others wait.", min=1)] = 1,
    until_stdin_closes: Annotated[bool, typer.Option("--until-stdin-closes", hidden=True)] = False,
) -> None:
    """Serve planning over gRPC until Ctrl-C or SIGTERM; unfinished plans are taken up by the next start."""
    context.ensure_object(Launchers).serve(
        ServeOptions(
            listen=listen,
            data=data,
            runtime=runtime.value,
            tls_cert=tls_cert,
            tls_key=tls_key,
            concurrency=concurrency,
            until_stdin_closes=until_stdin_closes,
        )
    )
