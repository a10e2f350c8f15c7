"""The command that asks what one more order would make of an accepted plan."""

from __future__ import annotations

from typing import Annotated

import typer

from planner.cli.planning_commands import Server
from planner.cli.server_options import Access, Authority, ClientCertificate, ClientKey, TokenFile
from planner.domain.errors import InvalidRequest
from planner.ports.quoting import NewOrder


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("quote")(quote)


def quote(  # noqa: PLR0913 - every option of the command is a parameter
    plan: Annotated[str, typer.Argument(help="Name of the accepted plan, plans/….")],
    server: Server,
    *,
    partner: Annotated[str, typer.Option(help="Who orders.", show_default=False)],
    market: Annotated[str, typer.Option(help="Where it is to be served.", show_default=False)],
    product: Annotated[str, typer.Option(help="What is ordered.", show_default=False)],
    period: Annotated[int, typer.Option(help="0-based period in which it is due.", show_default=False)],
    quantity: Annotated[float, typer.Option(help="Units.", show_default=False)],
    unit_revenue: Annotated[float, typer.Option(help="Money per unit served.", show_default=False)],
    lateness_cost: Annotated[float, typer.Option(help="Money per unit and period of delay.")] = 0.0,
    shortage_penalty: Annotated[float, typer.Option(help="Money per unit not served.")] = 0.0,
    max_delay: Annotated[int | None, typer.Option(help="Periods it may be late; else to the end.")] = None,
    displace_promises: Annotated[
        bool, typer.Option("--displace-promises", help="Other orders may be served less or later than planned.")
    ] = False,
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> None:
    """Ask whether an accepted plan can serve one more order, when, and what that costs; the plan stays as it is."""
    from planner.cli import quote_work  # noqa: PLC0415 - loads gRPC, which `--help` should not wait for
    from planner.cli.server_address import server_address  # noqa: PLC0415 - as above

    try:
        order = NewOrder(
            partner=partner,
            market=market,
            product=product,
            period=period,
            quantity=quantity,
            unit_revenue=unit_revenue,
            lateness_cost=lateness_cost,
            shortage_penalty=shortage_penalty,
            max_delay=max_delay,
            keep_promises=not displace_promises,
        )
    except ValueError as error:
        raise InvalidRequest(str(error)) from error
    quote_work.print_quote(plan, order, server_address(server, Access(tls_ca, token_file, client_cert, client_key)))
