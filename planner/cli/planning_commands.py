"""The commands that speak to a planning server: plan, watch, accept, cancel, download, plans."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from planner.cli.launchers import Launchers
from planner.cli.order import Order, Target
from planner.cli.server_options import Access, Authority, ClientCertificate, ClientKey, TokenFile
from planner.domain.errors import InvalidRequest
from planner.ports.planning_runtime import PlanningParameters


class Runtime(StrEnum):
    """Where agents live."""

    RAY = "ray"
    LOCAL = "local"


Server = Annotated[str, typer.Option(help="The server, host:port.", show_default=False)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what OUT holds.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("plan")(plan)
    app.command("watch")(watch)
    app.command("accept")(accept)
    app.command("cancel")(cancel)
    app.command("download")(download)
    app.command("plans")(plans)


def plan(  # noqa: PLR0913 - every option of the command is a parameter
    context: typer.Context,
    scenario: Annotated[Path, typer.Argument(help="Folder of a scenario.")],
    out: Annotated[Path, typer.Option(help="Folder to put the plan into.", show_default=False)],
    *,
    server: Annotated[str, typer.Option(help="A running server, host:port; else one is started for this plan.")] = "",
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
    runtime: Annotated[Runtime, typer.Option(help="Runtime of a server started for this plan.")] = Runtime.RAY,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds since the server accepted; the best plan so far is kept.")
    ] = None,
    gap: Annotated[float, typer.Option(help="Stop at this relative gap.")] = 1e-4,
    seed: Annotated[int, typer.Option(help="Seed of everything drawn, at least 0.")] = 0,
    work_limit: Annotated[
        int | None, typer.Option(help="Coordination steps: unlike seconds they always give the same plan.")
    ] = None,
    hosts: Annotated[int, typer.Option(help="Processes that share the agents, at most 256.")] = 2,
    base: Annotated[
        str, typer.Option(help="A finished plan on the server to go on from, plans/…; needs --server.")
    ] = "",
    request_id: Annotated[str, typer.Option(help="Asking again under the same id returns the same plan.")] = "",
    priority: Annotated[
        int, typer.Option(help="Among plans that wait on a server the higher goes first.", min=0, max=9)
    ] = 0,
    solver_logs: Annotated[
        bool, typer.Option("--solver-logs", help="Keep what solvers tell meanwhile, in OUT/solver_logs.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Have a scenario planned and put the plan into a folder.

    Ctrl-C cancels and keeps the best plan so far.
    """
    from planner.cli import planning_work  # noqa: PLC0415 - loads gRPC and polars, which `--help` should not wait for
    from planner.cli.server_address import server_address  # noqa: PLC0415 - as above

    try:
        parameters = PlanningParameters(
            gap=gap,
            work_limit=work_limit,
            time_limit=time_limit,
            seed=seed,
            hosts=hosts,
            base_plan=base.removeprefix("plans/"),
            solver_logs=solver_logs,
        )
    except ValueError as error:
        raise InvalidRequest(str(error)) from error
    if base and not server:
        raise InvalidRequest("a base plan stands on a server: name that by --server", "base")
    order = Order(scenario=scenario, parameters=parameters, request_id=request_id, priority=priority)
    target = Target(out=out, overwrite=overwrite)
    launchers = context.ensure_object(Launchers)
    if server:
        _leave(
            planning_work.plan_on_server(
                order,
                target,
                server_address(server, Access(tls_ca, token_file, client_cert, client_key)),
                launchers,
            )
        )
    _leave(planning_work.plan_on_child(order, target, runtime.value, launchers))


def watch(  # noqa: PLR0913 - every option of the command is a parameter
    context: typer.Context,
    operation: Annotated[str, typer.Argument(help="Name of the operation, operations/….")],
    server: Server,
    *,
    out: Annotated[Path | None, typer.Option(help="Folder to put the plan into in the end.")] = None,
    overwrite: Overwrite = False,
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> None:
    """Follow a plan that was asked for before; leaving with Ctrl-C does not cancel it."""
    from planner.cli import planning_work  # noqa: PLC0415 - loads gRPC and polars, which `--help` should not wait for
    from planner.cli.server_address import server_address  # noqa: PLC0415 - as above

    target = Target(out=out, overwrite=overwrite)
    address = server_address(server, Access(tls_ca, token_file, client_cert, client_key))
    _leave(planning_work.watch(operation, target, address, context.ensure_object(Launchers)))


def accept(  # noqa: PLR0913 - every option of the command is a parameter
    plan: Annotated[str, typer.Argument(help="Name of the plan, plans/… or operations/….")],
    server: Server,
    *,
    etag: Annotated[str, typer.Option(help="What you looked at, as `watch` and `plans` tell it.", show_default=False)],
    by: Annotated[
        str, typer.Option(help="Who accepts it: a person, role or system; a guarded server knows.", show_default=False)
    ] = "",
    comment: Annotated[str, typer.Option(help="Why, for people.")] = "",
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> None:
    """Take a plan as the one to be executed; a plan that is still being made ends with what was accepted."""
    from planner.cli import planning_work  # noqa: PLC0415 - loads gRPC and polars, which `--help` should not wait for
    from planner.cli.server_address import server_address  # noqa: PLC0415 - as above

    decision = planning_work.Decision(etag=etag, accepted_by=by, comment=comment)
    planning_work.accept(plan, decision, server_address(server, Access(tls_ca, token_file, client_cert, client_key)))


def cancel(
    operation: Annotated[str, typer.Argument(help="Name of the operation, operations/….")],
    server: Server,
    *,
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> None:
    """Stop a plan soon; its best plan so far is kept on the server."""
    from planner.cli import planning_work  # noqa: PLC0415 - loads gRPC and polars, which `--help` should not wait for
    from planner.cli.server_address import server_address  # noqa: PLC0415 - as above

    planning_work.cancel(operation, server_address(server, Access(tls_ca, token_file, client_cert, client_key)))


def download(  # noqa: PLR0913 - every option of the command is a parameter
    plan: Annotated[str, typer.Argument(help="Name of the plan, plans/… or operations/….")],
    server: Server,
    out: Annotated[Path, typer.Option(help="Folder to put the plan into.", show_default=False)],
    *,
    solver_logs: Annotated[
        bool, typer.Option("--solver-logs", help="Put what solvers told into OUT/solver_logs, and nothing else.")
    ] = False,
    overwrite: Overwrite = False,
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> None:
    """Put a finished plan into a folder; a partner gets its own rows of an accepted one."""
    from planner.cli import planning_work  # noqa: PLC0415 - loads gRPC and polars, which `--help` should not wait for
    from planner.cli.server_address import server_address  # noqa: PLC0415 - as above

    address = server_address(server, Access(tls_ca, token_file, client_cert, client_key))
    if solver_logs:
        planning_work.download_solver_logs(plan, out, address)
    else:
        planning_work.download(plan, Target(out=out, overwrite=overwrite), address)


def plans(
    server: Server,
    *,
    limit: Annotated[int, typer.Option(help="How many plans to show, newest first.", min=1)] = 20,
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> None:
    """List the plans that were asked for on a server, newest first."""
    from planner.cli import planning_work  # noqa: PLC0415 - loads gRPC and polars, which `--help` should not wait for
    from planner.cli.server_address import server_address  # noqa: PLC0415 - as above

    planning_work.print_latest(limit, server_address(server, Access(tls_ca, token_file, client_cert, client_key)))


def _leave(code: int) -> None:
    raise typer.Exit(code)
