"""One planning run from a scenario folder to a plan folder, on whatever network of agents it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from actors.allowance import Allowance
from actors.brake import Brake
from actors.conflict import Conflict
from actors.coordinator import Coordinator, Reconciled
from actors.finish import Circumstances, History, finish
from actors.host import SharedSurroundings
from actors.protocol import AgentNetwork
from actors.run_control import RunControl
from actors.run_diary import RunSteps, TimedNetwork
from actors.solver_logs import COORDINATOR, RunLogs
from actors.watched_solves import Watch, watched_backend
from planner.domain.hashing import plan_hash
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.policy.eligibility import eligibility_patterns
from planner.ports.folders import Folders
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningResult, Progress

Emit = Callable[[Progress], None]


@dataclass(frozen=True, slots=True, eq=False)
class RunSettings:
    """Where a run finds its folders and what it is told of its circumstances.

    ``ended`` is told, before a plan is written, whether one was made; it raises where that plan must not be written.
    """

    folders: Folders
    parameters: PlanningParameters
    code_hash: str
    clock: Callable[[], float]
    emit: Emit
    cancelled: Callable[[], bool] = lambda: False
    control: RunControl = field(default_factory=RunControl)
    coordinator_backend: str = "highs"
    backends: Mapping[str, str] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    steps: RunSteps = field(default_factory=RunSteps)
    brake: Brake = field(default_factory=Brake)
    ended: Callable[[bool], None] = lambda _: None
    logs: RunLogs | None = None


@dataclass(slots=True)
class _Diary:
    """Tells progress as it happens and keeps the history of value and bound."""

    settings: RunSettings
    history: History = field(default_factory=list)
    best: Callable[[], str] = lambda: ""

    def observe(self, phase: str, value: float | None, bound: float | None) -> None:
        seconds = self.settings.clock()
        if (value is not None or bound is not None) and (not self.history or self.history[-1][1:] != (value, bound)):
            self.history.append((seconds, value, bound))
        told = Progress(seconds=seconds, phase=phase, value=value, bound=bound, etag=self.best())
        self.settings.emit(replace(told, steps=self.settings.steps.take()))


def reserve_seconds(scenario: Scenario) -> float:
    """Return the seconds of a time limit kept back for certifying and writing a plan of this size."""
    return 2.0 + 10.0 * scenario["customers"].height / 1e6 + scenario["recipes"].height * scenario.horizon.periods / 4e3


def run_planning(scenario: Scenario, network: AgentNetwork, plan_folder: str, settings: RunSettings) -> PlanningResult:
    """Plan a scenario with the agents of a network and leave the plan in its folder."""
    parameters, diary = settings.parameters, _Diary(settings)
    network = TimedNetwork(network, settings.steps)
    time_limit = parameters.time_limit
    allowance = Allowance(
        clock=settings.clock,
        cancelled=lambda: settings.cancelled() or settings.control.cancelled(),
        accepted=settings.control.accepted,
        stop=parameters.stop,
        work_limit=parameters.work_limit,
        time_limit=time_limit,
        reserve=0.0 if time_limit is None else min(reserve_seconds(scenario), 0.5 * time_limit),
    )
    # Without any plan yet, a run that is to end may still complete the one it is about to find.
    watch = Watch(
        settings.brake,
        steps=settings.steps,
        stopped=lambda: settings.brake.pulled and coordinator.incumbents.last is not None,
    )
    log = None if settings.logs is None else settings.logs.of(COORDINATOR)
    coordinator = Coordinator(
        network,
        SharedSurroundings(scenario),
        watched_backend(settings.coordinator_backend, watch, log),
        allowance=allowance,
        observe=diary.observe,
    )
    diary.best = lambda: "" if coordinator.incumbents.last is None else coordinator.incumbents.last.etag
    settings.control.attach(coordinator.incumbents, settings.brake.pull)
    earlier = settings.folders.read_plan(parameters.base_plan) if parameters.base_plan else None
    segments = scenario["segments"]["segment"].to_list()
    found = _settled(coordinator.plan(segments, gap=parameters.gap, earlier=earlier), settings.control)
    if found.conflict is not None:
        settings.ended(False)
        return infeasible(found.conflict)
    if found.candidate is None or found.incumbent is None:
        settings.ended(False)
        return no_plan_yet(found)
    around = Circumstances(
        scenario,
        eligibility_patterns(scenario),
        # A plan tells which plan it goes on from, not where that one lay.
        replace(parameters, base_plan="" if earlier is None else plan_hash(earlier.tables)),
        history=diary.history,
        made_with={
            "code_hash": settings.code_hash,
            "libraries": dict(settings.libraries),
            "backends": dict(settings.backends),
        },
    )
    named = found.incumbent.etag
    diary.best = lambda: named
    diary.observe("certifying", found.candidate.value, found.bound_proved)
    plan = finish(found, network, allowance, around)
    # Whoever lost an agent to another host meanwhile learns it here, and writes no plan.
    settings.ended(True)
    settings.folders.write_plan(plan, plan_folder)
    return _planned(plan, named)


def _settled(found: Reconciled, control: RunControl) -> Reconciled:
    """Return what was found with the incumbent that the run ends with: the accepted one, else the best."""
    chosen = control.settle()
    if chosen is None:
        return found
    reason = found.stopped_by if chosen.candidate is found.candidate else "accepted"
    return replace(found, incumbent=chosen, candidate=chosen.candidate, stopped_by=reason)


def _planned(plan: Plan, incumbent: str) -> PlanningResult:
    value, proved, checked = (float(str(plan.summary[name])) for name in ("value", "bound_proved", "bound_checked"))
    return PlanningResult(
        outcome=Outcome.PLANNED,
        stopped_by=str(plan.summary["stopped_by"]),
        value=value,
        bound_proved=proved,
        bound_checked=checked,
        incumbent=incumbent,
    )


def infeasible(conflict: Conflict) -> PlanningResult:
    """Return the result that names a conflict in contract language."""
    names = ", ".join(conflict.clauses) or "rows that no clause made"
    what = "physical limits" if conflict.physical else "hard clauses"
    loosen = "; ".join(f"{name} by {amount:.6g}" for name, amount in conflict.relaxation)
    return PlanningResult(
        outcome=Outcome.INFEASIBLE,
        stopped_by="infeasible",
        detail=f"the {what} {names} cannot hold together; the cheapest way out loosens {loosen or 'nothing known'}",
        conflict=conflict.clauses,
        relaxation=conflict.relaxation,
        terms=conflict.terms,
        repairs=conflict.repairs,
    )


def no_plan_yet(found: Reconciled) -> PlanningResult:
    """Return the result of a run that ended before any plan was found."""
    bound = found.bound_proved if found.bound_proved < float("inf") else None
    return PlanningResult(
        outcome=Outcome.NO_PLAN_YET,
        stopped_by=found.stopped_by,
        bound_proved=bound,
        detail=f"stopped by {found.stopped_by} (steps taken: {found.steps}) before a plan was found; allow more",
    )
