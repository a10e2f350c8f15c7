"""The command that asks a server how it is doing."""

from __future__ import annotations

from typing import Annotated

import typer

from planner.cli.exit_codes import DONE, FAILED
from planner.cli.server_options import Access, Authority, ClientCertificate, ClientKey, TokenFile

Asked = Annotated[str, typer.Option(help="The server, host:port.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(status)


def status(
    *,
    server: Asked = "127.0.0.1:50051",
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
    health: Annotated[
        bool, typer.Option("--health", help="Only whether it serves: for probes, which have no token.")
    ] = False,
) -> None:
    """Tell version, queue, running plans and hosts of a server; exits with 5 unless it serves."""
    from planner.cli import status_work  # noqa: PLC0415 - loads gRPC, which `--help` should not wait for
    from planner.cli.server_address import server_address  # noqa: PLC0415 - as above

    asked = server_address(server, Access(tls_ca, token_file, client_cert, client_key))
    serving = status_work.print_health(asked) if health else status_work.print_status(asked, as_json=as_json)
    raise typer.Exit(DONE if serving else FAILED)
