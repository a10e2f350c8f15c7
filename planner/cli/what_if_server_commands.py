"""The commands that ask a server what-if questions: whatif submit, watch, results, cancel, jobs, delete."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.exit_codes import DOES_NOT_HOLD, DONE
from planner.cli.launchers import Launchers
from planner.cli.server_options import Access, Authority, ClientCertificate, ClientKey, TokenFile
from planner.cli.what_if_order import GAP, SECONDS

Server = Annotated[str, typer.Option(help="The server, host:port.")]
Job = Annotated[str, typer.Argument(help="The job, as jobs and submit tell it.")]
Name = Annotated[str, typer.Argument(help="The execution, as submit told it; of a job the latest one.")]

_LARGEST_SEED = 2**63 - 1


def add_to(group: typer.Typer) -> None:
    """Add the commands to the group of `whatif`."""
    for command in (submit, watch, results, cancel, jobs, delete):
        group.command(command.__name__)(command)


def submit(  # noqa: PLR0913 - every option of the command is a parameter
    context: typer.Context,
    grid: Annotated[Path, typer.Argument(help="YAML file of a grid; its base scenario is uploaded with it.")],
    *,
    gap: Annotated[float, typer.Option(help="Relative gap at which a case is done.", min=0.0)] = GAP,
    seconds: Annotated[float, typer.Option(help="Seconds after which a case ends with its best plan.")] = SECONDS,
    seed: Annotated[int, typer.Option(help="Seed of planning where no factor sets it.", min=0, max=_LARGEST_SEED)] = 0,
    request_id: Annotated[str, typer.Option(help="Asking again under the same id returns the same execution.")] = "",
    server: Server = "127.0.0.1:50051",
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> None:
    """Have a server ask a grid, and tell the execution by which it is found; the server goes on without you."""
    from planner.cli import what_if_server_work  # noqa: PLC0415 - loads gRPC, which `--help` should not wait for

    base = context.ensure_object(Launchers).what_if.base(grid)
    access = Access(tls_ca, token_file, client_cert, client_key)
    asked = what_if_server_work.Submission(
        base=base, grid=grid, gap=gap, seconds=seconds, seed=seed, request_id=request_id
    )
    what_if_server_work.submit(server, access, asked)
    raise typer.Exit(DONE)


def watch(
    name: Name,
    *,
    after: Annotated[int, typer.Option(help="Tell only results behind so many.", min=0)] = 0,
    server: Server = "127.0.0.1:50051",
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> None:
    """Tell every result as it ends; leaving does not stop the execution. Ends with 1 unless it succeeded."""
    from planner.cli import what_if_server_work  # noqa: PLC0415 - as above

    access = Access(tls_ca, token_file, client_cert, client_key)
    succeeded = what_if_server_work.watch(server, access, name, after)
    raise typer.Exit(DONE if succeeded else DOES_NOT_HOLD)


def results(
    name: Name,
    *,
    out: Annotated[Path, typer.Option(help="Arrow IPC stream file to write.", show_default=False)],
    server: Server = "127.0.0.1:50051",
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> None:
    """Write the results that there are into a file, and say how many are still to come."""
    from planner.cli import what_if_server_work  # noqa: PLC0415 - as above

    what_if_server_work.results(server, Access(tls_ca, token_file, client_cert, client_key), name, out)
    raise typer.Exit(DONE)


def cancel(
    name: Name,
    *,
    server: Server = "127.0.0.1:50051",
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> None:
    """Stop an execution; its results are kept."""
    from planner.cli import what_if_server_work  # noqa: PLC0415 - as above

    what_if_server_work.cancel(server, Access(tls_ca, token_file, client_cert, client_key), name)
    raise typer.Exit(DONE)


def jobs(
    *,
    server: Server = "127.0.0.1:50051",
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> None:
    """Tell the jobs that a server keeps, the oldest first."""
    from planner.cli import what_if_server_work  # noqa: PLC0415 - as above

    what_if_server_work.jobs(server, Access(tls_ca, token_file, client_cert, client_key))
    raise typer.Exit(DONE)


def delete(
    name: Job,
    *,
    server: Server = "127.0.0.1:50051",
    tls_ca: Authority = None,
    token_file: TokenFile = None,
    client_cert: ClientCertificate = None,
    client_key: ClientKey = None,
) -> None:
    """Remove a job, its executions and their results; refused while one of them waits or runs."""
    from planner.cli import what_if_server_work  # noqa: PLC0415 - as above

    what_if_server_work.delete(server, Access(tls_ca, token_file, client_cert, client_key), name)
    raise typer.Exit(DONE)
