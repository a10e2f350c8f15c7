"""The command that makes a past plan again: replay."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from planner.cli.exit_codes import DOES_NOT_HOLD
from planner.cli.folder_commands import PlanFolder, ScenarioFolder
from planner.cli.launchers import Launchers, ReplayOrder
from planner.cli.planning_commands import Overwrite, Runtime


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("replay")(replay)


def replay(
    context: typer.Context,
    plan: PlanFolder,
    scenario: ScenarioFolder,
    *,
    out: Annotated[Path | None, typer.Option(help="Folder to put the plan into that comes out.")] = None,
    runtime: Annotated[
        Runtime, typer.Option(help="Where agents live; the plan does not depend on it.")
    ] = Runtime.LOCAL,
    base: Annotated[Path | None, typer.Option(help="Folder of the plan it goes on from, if there is one.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Make a past plan again and compare; the first reason is named where another plan comes out.

    A plan that was stopped by time, by cancelling or by accepting is made again up to where it stopped.
    """
    from planner.cli.progress import ProgressLine  # noqa: PLC0415 - loads gRPC and polars, which `--help` should not
    from planner.client.plan_download import check_target  # noqa: PLC0415 - as above

    if out is not None:
        check_target(out, overwrite=overwrite)
    order = ReplayOrder(plan=plan, scenario=scenario, out=out, runtime=runtime.value, base=base)
    with ProgressLine(Console(stderr=True)) as line:
        found = context.ensure_object(Launchers).replay(order, line.show_progress)
    for text in found.lines:
        Console().print(text, markup=False, highlight=False, soft_wrap=True)
    if not found.same:
        raise typer.Exit(DOES_NOT_HOLD)
