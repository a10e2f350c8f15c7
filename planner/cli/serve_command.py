"""The command that serves planning over gRPC."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.launchers import Launchers, ServeOptions
from planner.cli.planning_commands import Runtime

Config = Annotated[
    Path | None,
    typer.Option(help="TOML file of settings; options and CONCORDAT_… variables override it.", show_default=False),
]

ClientAuthority = Annotated[
    Path | None, typer.Option(help="PEM authority that signs client certificates; then every client shows one.")
]
Callers = Annotated[Path | None, typer.Option(help="TOML file: which roles the names in client certificates have.")]
TokenKeys = Annotated[
    Path | None, typer.Option(help="JWKS or PEM file of the public keys that tokens are checked with.")
]
Rate = Annotated[
    float | None,
    typer.Option(help="Calls a second per client.", show_default="50 where callers are known, else no limit"),
]
Burst = Annotated[int | None, typer.Option(help="Calls of a client at once.", min=1, show_default="100")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(  # noqa: PLR0913 - every option of the command is a parameter
    context: typer.Context,
    *,
    config: Config = None,
    listen: Annotated[
        str | None, typer.Option(help="Address to listen on; port 0 picks a free one.", show_default="127.0.0.1:50051")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of scenarios, plans and the event log; else the user's state folder.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="URL of the event log (sqlite, postgresql); else a file in the data folder.")
    ] = None,
    keep_plans_days: Annotated[
        float | None,
        typer.Option(help="Remove plans nobody accepted this long after their end, and scenarios left unused.", min=0),
    ] = None,
    runtime: Annotated[Runtime | None, typer.Option(help="Where agents live.", show_default="ray")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="PEM certificate; needed beyond loopback.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM key of the certificate.")] = None,
    tls_client_ca: ClientAuthority = None,
    tls_callers: Callers = None,
    jwt_keys: TokenKeys = None,
    jwt_audience: Annotated[str | None, typer.Option(help="Whom tokens must be for.")] = None,
    jwt_issuer: Annotated[str | None, typer.Option(help="Whom tokens must be of.")] = None,
    rate: Rate = None,
    rate_burst: Burst = None,
    concurrency: Annotated[
        int | None, typer.Option(help="Plans made at a time; others wait.", min=1, show_default="1")
    ] = None,
    most_waiting: Annotated[
        int | None, typer.Option(help="Plans that may wait; further ones are refused.", min=0, show_default="100")
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(help="Serve Prometheus metrics at HOST:PORT, or at a port of loopback; else none."),
    ] = None,
    until_stdin_closes: Annotated[bool, typer.Option("--until-stdin-closes", hidden=True)] = False,
) -> None:
    """Serve planning over gRPC until Ctrl-C or SIGTERM; unfinished plans are taken up by the next start."""
    context.ensure_object(Launchers).serve(
        ServeOptions(
            config=config,
            listen=listen,
            data=data,
            database=database,
            keep_plans_days=keep_plans_days,
            runtime=None if runtime is None else runtime.value,
            tls_cert=tls_cert,
            tls_key=tls_key,
            tls_client_ca=tls_client_ca,
            tls_callers=tls_callers,
            jwt_keys=jwt_keys,
            jwt_audience=jwt_audience,
            jwt_issuer=jwt_issuer,
            rate=rate,
            rate_burst=rate_burst,
            concurrency=concurrency,
            most_waiting=most_waiting,
            metrics=metrics,
            until_stdin_closes=until_stdin_closes or None,
        )
    )
