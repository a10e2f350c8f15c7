"""What the explaining command does; apart from it, since it loads gRPC and polars."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from planner.cli.exit_codes import DONE, INFEASIBLE
from planner.cli.launchers import Launchers
from planner.cli.order import Order, Target
from planner.cli.planning_session import PlanningSession
from planner.cli.progress import ProgressLine
from planner.client.connection import ServerAddress
from planner.client.planning_client import ConnectionLost, PlanningClient
from planner.client.scenario_upload import check_scenario_folder
from planner.console.explanation import print_explanation
from planner.console.reading import records
from planner.domain.errors import InvalidRequest, PlanUnreadable
from planner.domain.plan import Plan
from planner.domain.relaxation import Relaxation
from planner.ports.planning_runtime import PlanningParameters
from planner.verification.check_summary import scenario_breaches
from planner.verification.counterfactual import Certified, Counterfactual, counterfactual, value_change
from planner.verification.explanation import explain
from planner.verification.explanation_document import (
    EXPLANATION_SCHEMA,
    CounterfactualAnswer,
    Document,
    counterfactual_document,
    explanation_document,
)

_PARAMETERS = ("gap", "work_limit", "time_limit", "seed", "hosts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked, and how the answer is to look."""

    counterfactuals: tuple[tuple[Relaxation, ...], ...]
    repairs: bool
    json: bool
    runtime: str


def explain_on_server(plan: str, server: ServerAddress, wanted: Wanted) -> None:
    """Have a server explain a plan that it keeps, and print the answer once all that was asked is planned."""
    name = plan.removeprefix("operations/").removeprefix("plans/")
    _print(asyncio.run(_explained(name, server, wanted)), wanted)


def explain_scenario(folder: Path, parameters: PlanningParameters, wanted: Wanted, launchers: Launchers) -> None:
    """Plan a scenario with a server of one's own, and explain the plan, or why there is none."""
    if not (folder / "scenario.json").is_file():
        raise InvalidRequest(f"name the scenario of the plan in {folder}: concordat explain PLAN SCENARIO")
    check_scenario_folder(folder)
    with launchers.child_server(wanted.runtime) as child:
        server = ServerAddress(child.address)
        session = PlanningSession(server, Console(stderr=True), child.last_words)
        code = session.request(Order(scenario=folder, parameters=parameters), Target(out=None))
        if code not in {DONE, INFEASIBLE}:
            raise typer.Exit(code)
        _print(asyncio.run(_explained(session.plan, server, wanted)), wanted)


def explain_folders(plan_folder: Path, scenario_folder: Path, wanted: Wanted, launchers: Launchers) -> None:
    """Explain a plan from its folder and its scenario's; clauses to be loosened are re-solved by a server of one's own.

    Raises
    ------
    InvalidRequest
        If the plan is one of another scenario, or a clause cannot be loosened like that.
    PlanUnreadable
        If the plan does not hold and clauses are to be loosened: nothing follows from it then.
    """
    plan, scenario = launchers.read_plan(plan_folder), launchers.read_scenario(scenario_folder)
    others = scenario_breaches(scenario, plan)
    if others:
        raise InvalidRequest(f"name the scenario that was planned: {others[0].message}", "scenario")
    document = explanation_document(explain(scenario, plan))
    if wanted.counterfactuals:
        changed = [counterfactual(scenario, asked, plan) for asked in wanted.counterfactuals]
        _check_holds(plan_folder, scenario_folder, launchers)
        with launchers.child_server(wanted.runtime) as child:
            session = PlanningSession(ServerAddress(child.address), Console(stderr=True), child.last_words)
            document["counterfactuals"] = [
                counterfactual_document(_replanned(each, plan, session, launchers), scenario.header.currency)
                for each in changed
            ]
    _print(document, wanted)


def _check_holds(plan_folder: Path, scenario_folder: Path, launchers: Launchers) -> None:
    problems = launchers.verify(plan_folder, scenario_folder).problems
    if problems:
        raise PlanUnreadable(f"the plan in {plan_folder} does not hold, so nothing follows from it: {problems[0]}")


def _replanned(
    changed: Counterfactual, plan: Plan, session: PlanningSession, launchers: Launchers
) -> CounterfactualAnswer:
    """Plan a changed scenario with the parameters of the plan, verify the new plan, and compare."""
    with tempfile.TemporaryDirectory(prefix="concordat-") as folder:
        scenario, out = Path(folder) / "scenario", Path(folder) / "plan"
        launchers.write_scenario(changed.scenario, scenario)
        code = session.request(Order(scenario=scenario, parameters=_parameters(plan)), Target(out=out))
        if code != DONE:
            return CounterfactualAnswer(
                relaxations=changed.relaxations,
                estimate=changed.estimate,
                detail=f"no plan (exit code {code}), see above",
            )
        _check_holds(out, scenario, launchers)
        after = _certified(launchers.read_plan(out))
    return CounterfactualAnswer(
        relaxations=changed.relaxations,
        state="PLANNED",
        value=after.value,
        bound_proved=after.bound_proved,
        bound_checked=after.bound_checked,
        change=value_change(_certified(plan), after, kept=changed.kept, monotone=changed.monotone),
        estimate=changed.estimate,
    )


def _certified(plan: Plan) -> Certified:
    value, proved, checked = (plan.summary.get(name) for name in ("value", "bound_proved", "bound_checked"))
    if not isinstance(value, int | float) or not isinstance(proved, int | float):
        raise PlanUnreadable("plan.json lacks value or bound_proved: make the plan again")
    return Certified(float(value), float(proved), float(checked) if isinstance(checked, int | float) else None)


def _parameters(plan: Plan) -> PlanningParameters:
    """Return what the plan was asked for with, so that the changed scenario is planned in the same way."""
    asked = plan.summary.get("parameters")
    given = {name: asked[name] for name in _PARAMETERS if name in asked} if isinstance(asked, Mapping) else {}
    try:
        return PlanningParameters(**given)
    except (TypeError, ValueError) as error:
        raise PlanUnreadable(f"plan.json names no parameters to plan with: {error}") from error


async def _explained(plan: str, server: ServerAddress, wanted: Wanted) -> Document:
    """Ask until everything is planned that was asked for; asking again computes nothing twice."""
    async with PlanningClient(server) as client:
        with ProgressLine(Console(stderr=True)) as line:
            while True:
                document = await client.explain(plan, wanted.counterfactuals, repairs=wanted.repairs)
                operation = next(_unfinished(document), "")
                if not operation:
                    return document
                async for step in client.watch(operation.removeprefix("operations/")):
                    if not isinstance(step, ConnectionLost):
                        line.show(step)


def _unfinished(document: Document) -> Iterator[str]:
    for field in ("counterfactuals", "repairs"):
        for answer in records(document.get(field)):
            if answer.get("state") in {"QUEUED", "RUNNING"}:
                yield str(answer.get("operation"))


def _print(document: Document, wanted: Wanted) -> None:
    if wanted.json:
        sys.stdout.write(json.dumps({"schema": EXPLANATION_SCHEMA, **document}, indent=2, ensure_ascii=False) + "\n")
    else:
        print_explanation(document, Console())
