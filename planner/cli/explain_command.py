"""The command that explains a plan: what binds it, and what loosening clauses would change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.launchers import Launchers
from planner.cli.planning_commands import Runtime
from planner.cli.server_options import Access, Authority, ClientCertificate, ClientKey, TokenFile
from planner.domain.errors import InvalidRequest
from planner.ports.planning_runtime import PlanningParameters


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(  # noqa: PLR0913 - every option of the command is a parameter
    context: typer.Context,
    plan: Annotated[
        str, typer.Argument(help="Folder of a plan, or of a scenario to be planned first; with --server plans/….")
    ],
    scenario: Annotated[Path | None, typer.Argument(help="Folder of the plan's scenario.", show_default=False)] = None,
    *,
    relax: Annotated[
        list[str] | None,
        typer.Option(help="CLAUSE=12.5, CLAUSE=10% or CLAUSE=drop: re-solved and proven; may be given several times."),
    ] = None,
    repairs: Annotated[bool, typer.Option(help="Plan the repairs of an infeasible scenario.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    server: Annotated[str, typer.Option(help="The server that keeps the plan, host:port.", show_default=False)] = "",
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
    runtime: Annotated[Runtime, typer.Option(help="Runtime of a server started to re-solve.")] = Runtime.LOCAL,
    gap: Annotated[float, typer.Option(help="Gap at which a scenario that is planned first stops.")] = 1e-2,
    time_limit: Annotated[float | None, typer.Option(help="Seconds for a scenario that is planned first.")] = None,
) -> None:
    """Say what binds every late or short order and every offer budget of a plan, and what loosening clauses changes."""
    from planner.cli import explain_work  # noqa: PLC0415 - loads gRPC and polars, which `--help` should not wait for
    from planner.cli.server_address import server_address  # noqa: PLC0415 - as above
    from planner.domain.relaxation import parse_relaxation  # noqa: PLC0415 - loads polars

    asked = tuple((parse_relaxation(each),) for each in relax or ())
    wanted = explain_work.Wanted(counterfactuals=asked, repairs=repairs, json=json, runtime=runtime.value)
    launchers = context.ensure_object(Launchers)
    if server:
        explain_work.explain_on_server(
            plan, server_address(server, Access(tls_ca, token_file, client_cert, client_key)), wanted
        )
    elif scenario is None:
        try:
            parameters = PlanningParameters(gap=gap, time_limit=time_limit)
        except ValueError as error:
            raise InvalidRequest(str(error)) from error
        explain_work.explain_scenario(Path(plan), parameters, wanted, launchers)
    else:
        explain_work.explain_folders(Path(plan), scenario, wanted, launchers)
