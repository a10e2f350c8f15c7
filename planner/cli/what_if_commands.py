"""The commands that ask many questions about one scenario: whatif plan, run, compare, amend."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from planner.cli import what_if_server_commands
from planner.cli.exit_codes import DOES_NOT_HOLD, DONE
from planner.cli.launchers import Launchers
from planner.cli.what_if_order import (
    ALPHA,
    CANDIDATES,
    GAP,
    SECONDS,
    AmendOrder,
    CompareOrder,
    DecideOrder,
    GridOrder,
    GridRunOrder,
    RobustOrder,
    Start,
)
from planner.domain.robustness import Risk

GridArgument = Annotated[Path, typer.Argument(help="YAML file that names a base scenario, factors and their levels.")]
Workers = Annotated[int | None, typer.Option(help="Cases planned at once; else one a core.", min=1, show_default=False)]
Address = Annotated[
    str | None,
    typer.Option(help="Ray cluster to plan on, local to start one; else plain processes here.", show_default=False),
]
Seconds = Annotated[float, typer.Option(help="Seconds after which a case ends with its best plan.", min=0.001)]


class Bound(StrEnum):
    """Which bounds a comparison rests on."""

    CHECKED = "checked"
    PROVED = "proved"


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="Ask many questions about one scenario, and compare with proof.", no_args_is_help=True)
    for command in (plan, run, compare, amend):
        group.command(command.__name__)(command)
    what_if_server_commands.add_to(group)
    app.add_typer(group, name="whatif")


def plan(
    context: typer.Context,
    grid: GridArgument,
    *,
    workers: Workers = None,
    seconds: Seconds = SECONDS,
    measured: Annotated[
        Path | None, typer.Option(help="Folder of an earlier run, to tell the cost from.", show_default=False)
    ] = None,
) -> None:
    """Check a grid against its base; say how many cases it has, what they change and what they may cost."""
    order = GridOrder(grid=grid, workers=workers, seconds=seconds, measured=measured)
    for line in context.ensure_object(Launchers).what_if.plan(order):
        _print(line)


def run(  # noqa: PLR0913 - every option of the command is a parameter
    context: typer.Context,
    grid: GridArgument,
    *,
    out: Annotated[Path, typer.Option(help="Folder for the results; a run there is gone on with.", show_default=False)],
    gap: Annotated[float, typer.Option(help="Relative gap at which a case is done.", min=0.0)] = GAP,
    seconds: Seconds = SECONDS,
    budget_seconds: Annotated[
        float | None, typer.Option(help="Seconds after which the run ends, resumable.", min=0.001, show_default=False)
    ] = None,
    workers: Workers = None,
    address: Address = None,
    seed: Annotated[int, typer.Option(help="Seed of planning where no factor sets it.", min=0)] = 0,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask cases anew that failed or found no plan in their seconds.")
    ] = False,
    keep_plans: Annotated[bool, typer.Option("--keep-plans", help="Keep the plan folder of every case.")] = False,
    start: Annotated[
        Start, typer.Option("--from", help="Whose plan a case goes on from; neighbour keeps the plans of all cases.")
    ] = Start.BASE,
    base_gap: Annotated[
        float | None,
        typer.Option(
            help="Gap of the base; a smaller one is paid once and saves in all cases.", min=0.0, show_default="--gap"
        ),
    ] = None,
) -> None:
    """Plan every case that has no result yet; after a crash or Ctrl-C, the same command goes on."""
    order = GridRunOrder(
        grid=grid,
        out=out,
        gap=gap,
        seconds=seconds,
        budget_seconds=budget_seconds,
        workers=workers,
        address=address,
        seed=seed,
        retry_failed=retry_failed,
        keep_plans=keep_plans,
        start=start,
        base_gap=base_gap,
    )
    tell = _teller()
    try:
        end = context.ensure_object(Launchers).what_if.run(order, tell)
    except KeyboardInterrupt:
        tell(f"interrupted: results so far are in {out}, and the same command goes on from there")
        raise
    told = f"{end.done} results, {end.unanswered} of them without an answer, {end.left} cases left"
    _print(f"{told}; all results are in {end.file}")
    raise typer.Exit(DOES_NOT_HOLD if end.left or end.unanswered else DONE)


def compare(  # noqa: PLR0913 - every option of the command is a parameter
    context: typer.Context,
    results: Annotated[Path, typer.Argument(help="Folder of a run, or the file of `whatif results`.")],
    *,
    bound: Annotated[
        Bound, typer.Option(help="checked: recomputed without a solver; proved: what solvers claim, often closer.")
    ] = Bound.CHECKED,
    html: Annotated[Path | None, typer.Option(help="HTML file to write as well.", show_default=False)] = None,
    pareto: Annotated[
        str, typer.Option(metavar="MEASURE,MEASURE", help="Measures to set cases against each other by.")
    ] = "value,fill_rate",
    heat: Annotated[
        str, typer.Option(metavar="FACTOR,FACTOR", help="Factors to show together; else those that interact most.")
    ] = "",
    decide: Annotated[
        bool, typer.Option("--decide", help="Plan cases further first, until the pairs that matter are decided.")
    ] = False,
    robust: Annotated[
        bool, typer.Option("--robust", help="Hold the first decisions of each plan kept fixed in every case instead.")
    ] = False,
    risk: Annotated[Risk, typer.Option(help="What --robust chooses by: the worst case, or CVaR.")] = Risk.WORST,
    alpha: Annotated[
        float, typer.Option(help="Share of cases that CVaR leaves out, the better ones.", min=0.0, max=0.9999)
    ] = ALPHA,
    periods: Annotated[int, typer.Option(help="How many periods --robust holds.", min=1)] = 1,
    candidates: Annotated[int, typer.Option(help="How many plans --robust tries at most.", min=1)] = CANDIDATES,
    seconds: Annotated[float, typer.Option(help="Most seconds for one plan.", min=0.001)] = SECONDS,
    budget_seconds: Annotated[
        float | None,
        typer.Option(help="Seconds after which --decide or --robust ends, resumable.", min=0.001, show_default=False),
    ] = None,
    workers: Workers = None,
    address: Address = None,
) -> None:
    """Say which cases are proven better than which, and what is cheapest to do about the others."""
    _refuse_idle(context, *(_OF_COMPARISONS if robust else _OF_ROBUST))
    what_if, bounds = context.ensure_object(Launchers).what_if, f"bound_{bound.value}"
    spent = DecideOrder(
        results=results,
        bounds=bounds,
        seconds=seconds,
        budget_seconds=budget_seconds,
        workers=workers,
        address=address,
    )
    if decide:
        _print_all(what_if.decide(spent, _teller()))
    if robust:
        held = RobustOrder(**asdict(spent), risk=risk, alpha=alpha, periods=periods, candidates=candidates)
        _print_all(what_if.robust(held, _teller()))
        return
    pair = _pair(heat, "--heat") if heat else None
    told = CompareOrder(results=results, bounds=bounds, html=html, pareto=_pair(pareto, "--pareto"), heat=pair)
    _print_all(what_if.compare(told))


def amend(  # noqa: PLR0913 - every option of the command is a parameter
    context: typer.Context,
    scenario: Annotated[Path, typer.Argument(help="Folder of a scenario.")],
    clause: Annotated[str, typer.Argument(help="Id of a clause of its contracts.")],
    *,
    start: Annotated[float, typer.Option("--from", help="First value of its number.", show_default=False)],
    end: Annotated[float, typer.Option("--to", help="Last value of its number.", show_default=False)],
    steps: Annotated[int, typer.Option(help="How many values, both ends included.", min=2)] = 5,
    field: Annotated[
        str, typer.Option(help="Which number, such as penalty; else what its kind is about.", show_default=False)
    ] = "",
    out: Annotated[Path, typer.Option(help="Folder for the results; a run there is gone on with.", show_default=False)],
    html: Annotated[Path | None, typer.Option(help="HTML file to write as well.", show_default=False)] = None,
    gap: Annotated[float, typer.Option(help="Relative gap at which a case is done.", min=0.0)] = GAP,
    seconds: Seconds = SECONDS,
    workers: Workers = None,
) -> None:
    """Say what other numbers in one clause gain: a curve of intervals that values and bounds prove."""
    order = AmendOrder(
        scenario=scenario,
        clause=clause,
        start=start,
        end=end,
        steps=steps,
        field=field,
        html=html,
        out=out,
        gap=gap,
        seconds=seconds,
        workers=workers,
    )
    for line in context.ensure_object(Launchers).what_if.amend(order, _teller()):
        _print(line)


def _teller() -> Callable[[str], None]:
    """Return what tells people how far things are, beside what the command has to say in the end."""
    return partial(Console(stderr=True).print, markup=False, highlight=False, soft_wrap=True)


_OF_COMPARISONS = ("counts without --robust only: give it in a command of its own", "html", "pareto", "heat")
_OF_ROBUST = ("counts with --robust only: add that, or leave this out", "risk", "alpha", "periods", "candidates")


def _refuse_idle(context: typer.Context, reason: str, *options: str) -> None:
    """Refuse options that would change nothing, instead of leaving people to wonder where their page is."""
    for option in options:
        source = context.get_parameter_source(option)
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(reason, param_hint=f"--{option}")


def _pair(text: str, option: str) -> tuple[str, str]:
    """Return two names separated by a comma."""
    names = [name.strip() for name in text.split(",")]
    if len(names) != 2 or not all(names):
        raise typer.BadParameter(f"name two with a comma between them, got {text!r}", param_hint=option)
    return names[0], names[1]


def _print_all(lines: Iterable[str]) -> None:
    for line in lines:
        _print(line)


def _print(text: str) -> None:
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
