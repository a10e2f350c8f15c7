"""The command that holds the next periods of a scenario to an earlier plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from planner.cli.folder_commands import PlanFolder, ScenarioFolder
from planner.cli.launchers import Launchers
from planner.domain.errors import FolderNotWritable, InvalidRequest


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("freeze")(freeze)


def freeze(  # noqa: PLR0913 - every option of the command is a parameter
    context: typer.Context,
    scenario: ScenarioFolder,
    plan: PlanFolder,
    out: Annotated[Path, typer.Argument(help="Folder to write the scenario with frozen periods to.")],
    *,
    partner: Annotated[
        str, typer.Option(help="Partner of the contract that the clause stands in.", show_default=False)
    ],
    periods: Annotated[int, typer.Option(help="How many periods are frozen, from the first on.", show_default=False)],
    most: Annotated[
        float, typer.Option("--max", help="Units of production by which they may differ from the plan in all.")
    ] = 0.0,
    penalty: Annotated[
        float | None, typer.Option(help="Money per unit beyond; without one the clause is hard.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the scenario that OUT holds.")] = False,
) -> None:
    """Write a scenario that holds its first periods to a plan by a stability clause; plans then tell its price."""
    from planner.domain.freezing import CLAUSE, frozen_to  # noqa: PLC0415 - loads polars, which `--help` is not to wait for

    if out.is_dir() and any(out.iterdir()) and not overwrite:
        raise FolderNotWritable(f"{out} is not empty: name another folder, or say --overwrite")
    launchers = context.ensure_object(Launchers)
    try:
        held = frozen_to(
            launchers.read_scenario(scenario),
            launchers.read_plan(plan),
            partner=partner,
            periods=periods,
            most=most,
            penalty=penalty,
        )
    except ValueError as error:
        raise InvalidRequest(str(error)) from error
    launchers.write_scenario(held, out)
    text = f"{periods} periods are held to {plan} by clause {CLAUSE}, in {out}"
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
