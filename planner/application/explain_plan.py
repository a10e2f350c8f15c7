"""Explain a plan: what binds it, what loosening clauses would change, and what would repair an infeasible one.

What binds a plan is read off the plan. Counterfactuals and repairs are plans of changed scenarios: each is asked for
under a request id made from the plan and the change, so that asking again finds the same plan and computes nothing
twice, also after a restart. Whoever asks is told the operations at once and the intervals once those are done.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from planner.application.check_scenario import ScenarioChecks
from planner.application.plan_runs import PlanRuns
from planner.application.planning_ports import PlanningPorts
from planner.application.recording import check_kept, find_plan
from planner.application.submit_plan import PlanRequest, submit_plan
from planner.application.upload_scenario import keep_scenario
from planner.domain.errors import PlanNotReady
from planner.domain.plan import Plan
from planner.domain.relaxation import Relaxation
from planner.domain.scenario import Scenario
from planner.events.catalogue import PlanCompleted, PlanFoundInfeasible, PlanRequested
from planner.events.plan_record import PlanRecord, PlanState
from planner.ports.planning_runtime import PlanningParameters
from planner.verification.counterfactual import Certified, Counterfactual, counterfactual, value_change
from planner.verification.explanation import explain
from planner.verification.explanation_document import (
    CounterfactualAnswer,
    Document,
    conflict_document,
    counterfactual_document,
    explanation_document,
)

Relaxations = tuple[Relaxation, ...]

_WIRE_STATE = {state: state.name for state in PlanState}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainRequest:
    """What is asked about a plan; each of ``counterfactuals`` is answered for itself.

    ``repairs`` asks to plan the repairs of an infeasible plan, so that their worth is known.
    """

    plan: str
    counterfactuals: tuple[Relaxations, ...] = ()
    repairs: bool = False


async def explain_plan(
    ports: PlanningPorts, runs: PlanRuns, checks: ScenarioChecks, request: ExplainRequest
) -> Document:
    """Return the explanation of a finished plan, in the fields of the wire contract.

    Where the plan has a time limit, which a queue would use up, counterfactuals are begun one after the other: the next
    one when this is called after the one before was done.

    Raises
    ------
    NotFound
        If nobody asked for the plan here.
    PlanNotReady
        If it still runs, ended without a plan though one may exist, or has expired.
    InvalidRequest
        If a clause is not known or cannot be loosened like that.
    PlanUnreadable
        If its folder is gone.
    """
    record = await find_plan(ports, request.plan)
    ending = record.ending
    if not isinstance(ending, PlanCompleted | PlanFoundInfeasible):
        raise PlanNotReady(
            f"plan {request.plan} is {record.state.value}: "
            + ("there is nothing to explain" if record.done else "watch its operation until it is done")
        )
    check_kept(record)
    scenario = await asyncio.to_thread(ports.scenarios.read, record.request.scenario)
    plan = await asyncio.to_thread(ports.plans.read, request.plan) if isinstance(ending, PlanCompleted) else None
    what_if = _WhatIf(ports, runs, checks, record, scenario, plan)
    document: Document = {"plan": f"plans/{record.plan}", "scenario": f"scenarios/{record.request.scenario}"}
    if plan is not None:
        document |= explanation_document(await asyncio.to_thread(explain, scenario, plan))
    else:
        document["currency"] = scenario.header.currency
    document["counterfactuals"] = [await what_if.answer(asked) for asked in request.counterfactuals]
    if isinstance(ending, PlanFoundInfeasible):
        document["conflict"] = conflict_document(ending.terms)
        document["repairs"] = [await what_if.answer(asked, begin=request.repairs) for asked in repairs_of(ending)]
    return document


def repairs_of(ending: PlanFoundInfeasible) -> tuple[Relaxations, ...]:
    """Return what would make a plan possible: each single clause that suffices, else the cheapest change together."""
    named = {subject for subject, _, kind, _ in ending.terms if kind != "limit"}
    if ending.repairs:
        return tuple((Relaxation(clause, amount=amount),) for clause, amount in ending.repairs)
    together = tuple(Relaxation(clause, amount=amount) for clause, amount in ending.relaxation if clause in named)
    return (together,) if together and len(together) == len(ending.relaxation) else ()


@dataclass(slots=True)
class _WhatIf:
    """Asks for plans of changed scenarios, and tells what they change; ``waiting`` says that one is not done yet."""

    ports: PlanningPorts
    runs: PlanRuns
    checks: ScenarioChecks
    record: PlanRecord
    scenario: Scenario
    plan: Plan | None
    waiting: bool = False

    async def answer(self, relaxations: Relaxations, *, begin: bool = True) -> Document:
        """Return what is known about loosening these clauses together; ``begin`` asks for their plan."""
        changed = await asyncio.to_thread(counterfactual, self.scenario, relaxations, self.plan)
        request, limited = self.record.request, self.record.request.time_limit is not None
        record = None
        if begin and not (limited and self.waiting):
            record = await self._asked(changed, request)
            self.waiting |= not record.done
        answer = _answer(changed, self.record, record)
        return counterfactual_document(answer, self.scenario.header.currency)

    async def _asked(self, changed: Counterfactual, request: PlanRequested) -> PlanRecord:
        scenario = await keep_scenario(self.ports, self.checks, changed.scenario)
        wanted = PlanRequest(
            scenario=scenario,
            parameters=PlanningParameters(
                gap=request.gap,
                work_limit=request.work_limit,
                time_limit=request.time_limit,
                seed=request.seed,
                hosts=request.hosts,
                # The changed scenario is like the planned one: agents go on from there, and find no less than it keeps.
                base_plan=request.plan if self.plan is not None else "",
            ),
            request_id=_request_id(request.plan, changed.relaxations),
        )
        return await submit_plan(self.ports, self.runs, self.checks, wanted)


def _answer(changed: Counterfactual, before: PlanRecord, after: PlanRecord | None) -> CounterfactualAnswer:
    if after is None:
        return CounterfactualAnswer(relaxations=changed.relaxations, estimate=changed.estimate)
    ending, was = after.ending, before.ending
    change = None
    if isinstance(ending, PlanCompleted) and isinstance(was, PlanCompleted):
        change = value_change(_certified(was), _certified(ending), kept=changed.kept, monotone=changed.monotone)
    done = ending if isinstance(ending, PlanCompleted) else None
    return CounterfactualAnswer(
        relaxations=changed.relaxations,
        scenario=after.request.scenario,
        operation=f"operations/{after.plan}",
        state=_WIRE_STATE[after.state],
        value=None if done is None else done.value,
        bound_proved=None if done is None else done.bound_proved,
        bound_checked=None if done is None else done.bound_checked,
        change=change,
        estimate=changed.estimate,
        detail="" if ending is None else ending.detail,
    )


def _certified(ending: PlanCompleted) -> Certified:
    return Certified(ending.value, ending.bound_proved, ending.bound_checked)


def _request_id(plan: str, relaxations: Sequence[Relaxation]) -> str:
    """Return the request id under which a counterfactual of a plan is planned: the same for the same question."""
    asked = "\n".join(sorted(str(relaxation) for relaxation in relaxations))
    return f"explain:{plan[:48]}:{hashlib.sha256(asked.encode()).hexdigest()[:48]}"
