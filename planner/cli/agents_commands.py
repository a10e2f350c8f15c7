"""The commands about long-lived agents: list, show, upgrade, rollback, retire."""

from __future__ import annotations

from typing import Annotated

import typer

from planner.cli.exit_codes import DONE
from planner.cli.server_options import Access, Authority, ClientCertificate, ClientKey, TokenFile

Asked = Annotated[str, typer.Option(help="The server, host:port.")]
Json = Annotated[bool, typer.Option("--json", help="JSON, for scripts.")]
Name = Annotated[str, typer.Argument(help="The agent, kind:identity, for example plant:1901.")]
Kind = Annotated[str, typer.Argument(help="plant, partner or segment.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="The long-lived agents of a server: plants, partners, segments.", no_args_is_help=True)
    group.command("list")(list_agents)
    group.command("show")(show)
    group.command("upgrade")(upgrade)
    group.command("rollback")(rollback)
    group.command("retire")(retire)
    app.add_typer(group, name="agents")


def list_agents(
    *,
    kind: Annotated[str, typer.Option(help="Only agents of this kind.", show_default=False)] = "",
    server: Asked = "127.0.0.1:50051",
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
    as_json: Json = False,
) -> None:
    """Tell every agent that took part in a run: its state, version, host and last plan."""
    from planner.cli import agents_work  # noqa: PLC0415 - loads gRPC, which `--help` should not wait for

    agents_work.print_agents(server, Access(tls_ca, token_file, client_cert, client_key), kind, as_json=as_json)
    raise typer.Exit(DONE)


def show(
    name: Name,
    *,
    server: Asked = "127.0.0.1:50051",
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
    as_json: Json = False,
) -> None:
    """Tell all that is known of one agent."""
    from planner.cli import agents_work  # noqa: PLC0415 - as above

    agents_work.print_agent(server, Access(tls_ca, token_file, client_cert, client_key), name, as_json=as_json)
    raise typer.Exit(DONE)


def upgrade(
    kind: Kind,
    *,
    to: Annotated[int, typer.Option(help="The version that agents of this kind are to be of.", min=1)],
    server: Asked = "127.0.0.1:50051",
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> None:
    """Choose the version of all agents of a kind, from their next run on; nothing of theirs is lost."""
    from planner.cli import agents_work  # noqa: PLC0415 - as above

    agents_work.upgrade(server, Access(tls_ca, token_file, client_cert, client_key), kind, to)
    raise typer.Exit(DONE)


def rollback(
    kind: Kind,
    *,
    server: Asked = "127.0.0.1:50051",
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> None:
    """Go back to the version that was chosen before, from the next run on."""
    from planner.cli import agents_work  # noqa: PLC0415 - as above

    agents_work.rollback(server, Access(tls_ca, token_file, client_cert, client_key), kind)
    raise typer.Exit(DONE)


def retire(
    name: Name,
    *,
    reason: Annotated[str, typer.Option(help="Told to whoever plans with it again.", show_default=False)] = "",
    server: Asked = "127.0.0.1:50051",
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> None:
    """Decommission an agent for good: scenarios that name it are not planned any more."""
    from planner.cli import agents_work  # noqa: PLC0415 - as above

    agents_work.retire(server, Access(tls_ca, token_file, client_cert, client_key), name, reason)
    raise typer.Exit(DONE)
