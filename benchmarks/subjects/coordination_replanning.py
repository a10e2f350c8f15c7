"""Planning anew after one change, from the plan before it, beside planning from nothing.

Both plan in their own process with new models, up to a gap of 1 %, and count processor seconds; the plan before the
change is made before the clock starts. Agents live on, as they do in a service: what they answered while that plan was
made they know, and what they do not know they solve. A plan counts only if it is certified for the changed scenario.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from actors.certify import certify
from actors.kept_answers import KeptAnswers
from benchmarks.instances.changed_scenarios import CHANGES, plan_here
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import read_scenario
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import Outcome, PlanningParameters
from planner.simulation.generate import generate

GAP = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The scenario after the change, the folder of the plan before it, and where the new plan goes.

    ``kept`` is what agents remember of the plan before.
    """

    scenario: Scenario
    before: Path
    after: Path
    kept: KeptAnswers


def _prepare(case: Case, data: Path | None, seed: int) -> Changed:
    folder = Path(tempfile.mkdtemp(prefix="concordat-replan-"))
    preset = str(case.parameters["scenario"])
    if preset == "given" and data is None:
        raise ValueError(f"case {case.name!r} needs a scenario folder")
    scenario = read_scenario(data) if preset == "given" and data is not None else generate(preset, seed=seed)
    kept = KeptAnswers()
    plan_here(scenario, folder / "before", PlanningParameters(gap=GAP), kept=kept)
    change = CHANGES[str(case.parameters["change"])]
    return Changed(scenario=change(scenario), before=folder / "before", after=folder / "after", kept=kept)


def _planned(job: Changed, watch: Stopwatch, *, base: str, kept: KeptAnswers | None) -> Answer:
    with watch.measure("plan"):
        result = plan_here(job.scenario, job.after, PlanningParameters(gap=GAP, base_plan=base), kept=kept)
    planned = result.outcome is Outcome.PLANNED
    return Answer(
        solution=job.after if planned else None,
        value=result.value,
        bound=result.bound_proved,
        stopped=None if result.stopped_by == "gap" else result.stopped_by,
        failure=None if planned else result.detail,
    )


def _from_the_plan_before(job: Changed, watch: Stopwatch, _: Case) -> Answer:
    return _planned(job, watch, base=str(job.before), kept=job.kept.copy())


def _from_nothing(job: Changed, watch: Stopwatch, _: Case) -> Answer:
    return _planned(job, watch, base="", kept=None)


def _check(job: Changed, answer: Answer, _: Case) -> Verdict:
    if not isinstance(answer.solution, Path):
        return Verdict(problems=("no plan was made",))
    certificate = certify(job.scenario, read_plan(answer.solution))
    gap = None if answer.bound is None else max(0.0, answer.bound - certificate.value) / (abs(certificate.value) or 1.0)
    checked = {} if certificate.gap_checked is None else {"gap_checked": certificate.gap_checked}
    return Verdict(
        value=certificate.value,
        bound=answer.bound,
        gap=gap,
        problems=tuple(str(breach) for breach in certificate.breaches),
        figures=checked,
    )


def _case(scenario: str, change: str, suite: str) -> Case:
    return Case(
        name=f"{scenario}-{change}",
        phase=Phase.RESOLVE,
        suites=frozenset({suite}),
        parameters={"scenario": scenario, "change": change},
        time_limit=600.0,
    )


def _fifth(scenario: str, change: str) -> Target:
    return Target(
        text=f"{scenario}: a plan to 1 % after the change of {change} in ≤ 1/5 of the cold processor time",
        case=f"{scenario}-{change}",
        contender="concordat",
        figure="plan_cpu_s",
        against="cold",
        at_most=0.2,
    )


SUBJECT = Subject(
    name="coordination_replanning",
    title="A plan after one change, from the plan before it, beside planning from nothing",
    cases=(
        _case("tiny", "order", "smoke"),
        *(_case(scenario, change, "coordination") for scenario in ("demo", "given") for change in CHANGES),
    ),
    prepare=_prepare,
    contenders=(
        Contender(name="concordat", run=_from_the_plan_before, ours=True),
        Contender(name="cold", run=_from_nothing),
    ),
    peer="cold",
    check=_check,
    targets=tuple(_fifth(scenario, change) for scenario in ("demo", "given") for change in CHANGES),
)
