"""Promising orders on an accepted plan: a plan kept ready, beside solving its program from nothing for every order.

Quotes are asked forwards and then backwards; an answer that is not the same to the last digit refutes the claim that
quotes do not depend on each other. The width between the two certified ends of every change of value is told.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actors.formulate.accepted import accepted_program
from actors.formulate.new_order import order_change, order_place
from actors.quoting import QuotingAgent
from benchmarks.instances.changed_scenarios import plan_here
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import read_scenario
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.quoting import NewOrder
from planner.simulation.generate import generate
from planner.verification.recompute import recompute
from solvers.backends.registry import backend

_NEAR = 1e-3
"""Money by which a cold solve may lie outside a quoted interval: both hold rows within solvers' tolerances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A plan and the orders that are asked about."""

    scenario: Scenario
    plan: Plan
    orders: tuple[NewOrder, ...]


def _prepare(case: Case, data: Path | None, seed: int) -> Asked:
    preset = str(case.parameters["scenario"])
    if preset == "given" and data is None:
        raise ValueError(f"case {case.name!r} needs a scenario folder")
    scenario = read_scenario(data) if preset == "given" and data is not None else generate(preset, seed=seed)
    folder = Path(tempfile.mkdtemp(prefix="concordat-quotes-")) / "plan"
    plan_here(scenario, folder, PlanningParameters(gap=0.02))
    rng, rows = np.random.default_rng(seed), scenario["orders"].rows(named=True)
    drawn = rng.integers(len(rows), size=int(case.parameters["quotes"]))
    orders = tuple(_like(rows[int(i)], rng) for i in drawn)
    return Asked(scenario=scenario, plan=read_plan(folder), orders=orders)


def _like(row: dict[str, object], rng: np.random.Generator) -> NewOrder:
    """Return an order like one of the scenario's, up to three times as large."""
    fields = {name: value for name, value in row.items() if name != "order" and name in NewOrder.__dataclass_fields__}
    quantity = float(str(row["quantity"])) * float(rng.choice((0.5, 1.0, 3.0)))
    # Fields of a row have as many types as columns; the scenario was checked.
    return NewOrder(**{**fields, "quantity": quantity, "keep_promises": bool(rng.random() < 0.7)})  # type: ignore[arg-type]


def _ready(asked: Asked, watch: Stopwatch, _: Case) -> Answer:
    with watch.measure("ready"):
        agent = QuotingAgent(asked.scenario, asked.plan, backend("highs"))
    times, quotes = [], []
    with watch.measure("quotes"):
        for order in asked.orders:
            began = time.perf_counter()
            quotes.append(agent.quote(order))
            times.append(time.perf_counter() - began)
    again = [agent.quote(order) for order in reversed(asked.orders)][::-1]
    widths = [quote.change_most - quote.change_least for quote in quotes]
    return Answer(
        solution=tuple((quote.change_least, quote.change_most) for quote in quotes),
        figures={
            "quote_p50_s": float(np.quantile(times, 0.5)),
            "quote_p95_s": float(np.quantile(times, 0.95)),
            "differing": float(sum(a != b for a, b in zip(quotes, again, strict=True))),
            "widest": max(widths),
        },
    )


def _anew(asked: Asked, watch: Stopwatch, _: Case) -> Answer:
    """Solve the program of the plan with each order from nothing, as whoever keeps no model would."""
    accepted = accepted_program(asked.scenario, asked.plan, recompute(asked.scenario, asked.plan.tables))
    base = backend("highs").load(accepted.program).solve(relaxed=True).objective or 0.0
    times, changes = [], []
    with watch.measure("quotes"):
        for order in asked.orders:
            began = time.perf_counter()
            changed = order_change(order, order_place(order, accepted), accepted).applied(accepted.program)
            value = backend("highs").load(changed).solve(relaxed=True).objective or 0.0
            changes.append((value - base, value - base))
            times.append(time.perf_counter() - began)
    figures = {"quote_p50_s": float(np.quantile(times, 0.5)), "quote_p95_s": float(np.quantile(times, 0.95))}
    return Answer(solution=tuple(changes), figures=figures)


def _check(asked: Asked, answer: Answer, _: Case) -> Verdict:
    """Compare a few changes with solves from nothing, and refuse quotes that depend on each other."""
    if not isinstance(answer.solution, tuple):
        return Verdict(problems=("nothing was answered",))
    problems = [f"{answer.figures['differing']:.0f} quotes differ"] if answer.figures.get("differing") else []
    accepted = accepted_program(asked.scenario, asked.plan, recompute(asked.scenario, asked.plan.tables))
    base = backend("highs").load(accepted.program).solve(relaxed=True).objective or 0.0
    for order, (least, most) in list(zip(asked.orders, answer.solution, strict=True))[:3]:
        if order.keep_promises:
            changed = order_change(order, order_place(order, accepted), accepted).applied(accepted.program)
            exact = (backend("highs").load(changed).solve(relaxed=True).objective or 0.0) - base
            if not least - _NEAR <= exact <= most + _NEAR:
                problems.append(f"a change of {exact:.6f} lies outside the quoted [{least:.6f}, {most:.6f}]")
    return Verdict(problems=tuple(problems))


def _case(scenario: str, quotes: int, suite: str) -> Case:
    return Case(
        name=scenario,
        phase=Phase.RESOLVE,
        suites=frozenset({suite}),
        parameters={"scenario": scenario, "quotes": quotes},
        time_limit=600.0,
    )


SUBJECT = Subject(
    name="coordination_quotes",
    title="Promising orders on an accepted plan, kept ready, beside solving its program anew for every order",
    cases=(_case("tiny", 8, "smoke"), _case("demo", 50, "coordination"), _case("given", 50, "coordination")),
    prepare=_prepare,
    contenders=(Contender(name="concordat", run=_ready, ours=True), Contender(name="cold", run=_anew)),
    peer="cold",
    check=_check,
    targets=tuple(
        Target(
            text=f"{scenario}: 95 of 100 quotes within 1 s",
            case=scenario,
            contender="concordat",
            figure="quote_p95_s",
            at_most=1.0,
        )
        for scenario in ("demo", "given")
    ),
)
