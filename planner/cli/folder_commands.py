"""The commands that work on folders alone: generate, validate, verify, report, export."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from planner.cli.exit_codes import DOES_NOT_HOLD
from planner.cli.launchers import Launchers
from planner.domain.errors import FolderNotWritable, InvalidRequest
from planner.domain.finding import format_findings

ScenarioFolder = Annotated[Path, typer.Argument(help="Folder of a scenario.")]
PlanFolder = Annotated[Path, typer.Argument(help="Folder of a plan.")]


class Preset(StrEnum):
    """What `concordat generate` can make."""

    TINY = "tiny"
    DEMO = "demo"
    LARGE = "large"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (generate, validate, verify, report, export):
        app.command(command.__name__)(command)


def generate(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="Folder to write the scenario to.")],
    *,
    preset: Annotated[Preset, typer.Option(help="tiny: solved in a second; demo: real households; large: millions.")],
    seed: Annotated[int, typer.Option(help="Seed of everything drawn.", min=0)] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the scenario that OUT holds.")] = False,
) -> None:
    """Write a scenario made from stated parameters; the same preset and seed give the same scenario."""
    from planner.simulation import generate as generator  # noqa: PLC0415 - loads polars, which `--help` is not to wait for

    if out.is_dir() and any(out.iterdir()) and not overwrite:
        raise FolderNotWritable(f"{out} is not empty: name another folder, or say --overwrite")
    try:
        scenario = generator.generate(preset.value, seed=seed)
    except ValueError as error:
        raise InvalidRequest(str(error), "preset") from error
    _launchers(context).write_scenario(scenario, out)
    _print(f"{scenario.header.title}: {scenario['customers'].height:,} customers, in {out}")


def validate(context: typer.Context, scenario: ScenarioFolder) -> None:
    """Say everything that is wrong with a scenario (the first 50 findings)."""
    findings = _launchers(context).findings(scenario)
    if findings:
        _print(format_findings(findings))
        raise typer.Exit(DOES_NOT_HOLD)
    _print(f"{scenario}: nothing stands against this scenario")


def verify(context: typer.Context, plan: PlanFolder, scenario: ScenarioFolder) -> None:
    """Recompute value, every constraint, the checked bound and the hashes of a plan, without any solver."""
    verification = _launchers(context).verify(plan, scenario)
    for line in verification.lines:
        _print(line)
    if verification.problems:
        Console(stderr=True).print(
            f"does not hold: {verification.problems[0]}", markup=False, highlight=False, soft_wrap=True
        )
        if len(verification.problems) > 1:
            _print(f"… and {len(verification.problems) - 1} more")
        raise typer.Exit(DOES_NOT_HOLD)
    _print(f"{plan}: everything holds")


def report(
    context: typer.Context,
    plan: PlanFolder,
    *,
    out: Annotated[Path, typer.Option(help="The HTML file to write.", show_default=False)],
) -> None:
    """Write one self-contained page about a plan."""
    from planner.console.report import render_report  # noqa: PLC0415 - loads polars, which `--help` should not wait for

    page = render_report(_launchers(context).read_plan(plan))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise FolderNotWritable(f"{out} cannot be written: {error.strerror}") from error
    _print(f"The report is in {out}")


def export(
    context: typer.Context,
    scenario: ScenarioFolder,
    *,
    mps: Annotated[Path, typer.Option(help="The MPS file to write.", show_default=False)],
) -> None:
    """Write the whole model of a scenario for any solver (.mps or .mps.gz)."""
    _launchers(context).export_mps(scenario, mps)
    _print(f"The model is in {mps}: minus the value, to be minimised. Its first lines say how customers stand in it.")


def _launchers(context: typer.Context) -> Launchers:
    return context.ensure_object(Launchers)


def _print(text: str) -> None:
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
