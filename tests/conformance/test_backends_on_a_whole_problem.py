"""What the coordinator asks of a backend, asked of each on the assembled blocks of tiny scenarios; HiGHS compares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from actors.allowance import Allowance
from actors.bounding import checked_bound, multipliers
from actors.coordinator import Coordinator, Reconciled
from actors.formulate.problem import formulate
from actors.host import Host, SharedSurroundings, agent_names
from actors.in_process import InProcessNetwork
from planner.policy.eligibility import eligibility_patterns
from planner.simulation.generate import generate
from solvers.backends.registry import backend
from solvers.coordination.choice_tree import restrict
from solvers.core.backend import Model
from solvers.core.termination import Limits, Termination
from solvers.network.assembly import Assembly, assemble
from solvers.network.block import Block, Links
from solvers.network.slope_scaling import SlopeScaling, fix_setups, free_setups, in_use

OTHERS = ("pyomo", "scip")


@dataclass(frozen=True)
class Whole:
    """The blocks of a scenario, put together."""

    blocks: tuple[Block, ...]
    links: Links
    assembly: Assembly


@cache
def whole(seed: int) -> Whole:
    """Assemble a tiny scenario."""
    scenario = generate("tiny", seed=seed)
    problem = formulate(scenario, eligibility_patterns(scenario))
    links = problem.around.links.links
    return Whole(problem.blocks, links, assemble(problem.blocks, links))


def close(value: float | None) -> object:
    """The same number up to what solvers leave open."""
    return None if value is None else pytest.approx(value, rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("name", OTHERS)
def test_relaxed_duals_prove_the_value(name: str) -> None:
    """Multipliers of a relaxed solve, made sign-correct, prove the relaxation's value from any backend."""
    problem = whole(3)
    solution = backend(name).load(problem.assembly.program).solve(relaxed=True)
    assert solution.termination is Termination.OPTIMAL
    assert solution.row_dual is not None
    given = multipliers(solution.row_dual, problem.blocks, problem.links)
    # Segments' parts are answered exactly elsewhere; here the box of a whole segment is what their duals give.
    assembly, program = problem.assembly, problem.assembly.program
    y = solution.row_dual
    reduced = program.objective - program.rows.transposed_times(y)
    responses = {}
    for b, block in enumerate(problem.blocks):
        if block.name.startswith("segment:"):
            columns, rows = assembly.columns_of(b), assembly.rows_of(b)
            low, high = program.lower[columns], program.upper[columns]
            box = np.maximum(reduced[columns] * low, reduced[columns] * high).sum()
            side = np.where(y[rows] > 0, program.row_upper[rows], program.row_lower[rows])
            paid = np.where(np.abs(y[rows]) < 1e-9, 0.0, y[rows] * np.where(np.abs(y[rows]) < 1e-9, 0.0, side)).sum()
            responses[block.name] = float(block.program.offset + box + paid)
    bound = checked_bound(problem.blocks, problem.links, given=given, allowed={}, responses=responses)
    assert bound == close(solution.objective)


@pytest.mark.parametrize("name", ["highs", *OTHERS])
def test_the_bound_of_a_whole_solve_counts_the_constant(name: str) -> None:
    """Solved with integers, the claimed bound is the optimum, the program's constant included."""
    program = whole(3).assembly.program
    assert program.offset != 0
    solution = backend(name).load(program).solve(limits=Limits(gap=1e-9, absolute_gap=1e-9))
    assert solution.bound == close(solution.objective)


def walk(model: Model, assembly: Assembly) -> list[float | None]:
    """The values along a round of the coordinator's changes, each undone before the next."""
    program = assembly.program
    seen = [model.solve(relaxed=True).objective]
    root = model.solve(relaxed=True).x
    assert root is not None
    restrict(model, assembly.choices, tuple((0,) for _ in assembly.choices))
    seen.append(model.solve(relaxed=True).objective)
    everything = tuple(tuple(range(len(group))) for _, group in assembly.choices)
    restrict(model, assembly.choices, everything)
    scaling = SlopeScaling(assembly)
    scaling.charge(model, np.full(len(assembly.setups.setup), 0.5))
    seen.append(model.solve(relaxed=True).objective)
    model.set_objective(assembly.setups.setup, program.objective[assembly.setups.setup])
    fix_setups(model, assembly, np.ones_like(in_use(assembly, root)))
    seen.append(model.solve(relaxed=True).objective)
    free_setups(model, assembly)
    links = np.arange(assembly.link_rows.start, assembly.link_rows.stop, dtype=np.int32)[:5]
    model.set_row_bounds(links, np.full(len(links), -np.inf), np.full(len(links), np.inf))
    seen.append(model.solve(relaxed=True).objective)
    model.set_row_bounds(links, program.row_lower[links], program.row_upper[links])
    seen.append(model.solve(relaxed=True).objective)
    seen.append(model.solve(limits=Limits(gap=1e-9)).objective)
    return seen


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("seed", [1, 3])
def test_changes_of_costs_boxes_and_rows_are_followed_and_undone(name: str, seed: int) -> None:
    """Tiers restricted, set-ups charged and fixed, rows freed and bound again give the values HiGHS gives."""
    assembly = whole(seed).assembly
    found = walk(backend(name).load(assembly.program), assembly)
    expected = walk(backend("highs").load(assembly.program), assembly)
    assert found == [close(value) for value in expected]
    assert found[-2] == close(found[0])


def coordinate(seed: int, name: str) -> Reconciled:
    """Plan in this process with one backend for everybody."""
    scenario = generate("tiny", seed=seed)
    names = agent_names(scenario)
    host = Host(scenario, names, plant_backend=name, partner_backend=name)
    coordinator = Coordinator(
        InProcessNetwork(host, names),
        SharedSurroundings(scenario),
        backend(name),
        allowance=Allowance(clock=lambda: 0.0, cancelled=lambda: False),
        observe=lambda *_: None,
    )
    return coordinator.plan(scenario["segments"]["segment"].to_list(), gap=1e-6)


@pytest.mark.parametrize("name", OTHERS)
def test_a_whole_planning_run_with_another_backend(name: str) -> None:
    """Coordinated with any backend for everybody, the plan is as good, and the bound as low, as with HiGHS."""
    found, expected = coordinate(3, name), coordinate(3, "highs")
    assert found.candidate is not None
    assert expected.candidate is not None
    assert found.candidate.value == close(expected.candidate.value)
    assert found.bound_proved == pytest.approx(expected.bound_proved, rel=2e-6)
