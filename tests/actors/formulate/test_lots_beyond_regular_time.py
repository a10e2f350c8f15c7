"""What ties lots beyond regular time to overtime: it cuts off no plan, and it tightens the relaxation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from actors.formulate.plant import plant_block
from actors.formulate.problem import formulate
from planner.policy.eligibility import eligibility_patterns
from planner.simulation.generate import generate
from solvers.backends.registry import backend
from solvers.core.program import Bools, Floats, Program
from solvers.network.block import Block
from tests.planning import whole_problem

SEEDS = range(20)


def of_kind(labels: tuple[str, ...], kind: str) -> Bools:
    """Which labels are of this kind."""
    return np.array([label == kind for label in labels], dtype=np.bool_)


def without_inequalities(program: Program, inequalities: Bools) -> Program:
    """The program with these rows free."""
    return replace(program, row_upper=np.where(inequalities, np.inf, program.row_upper))


def plants(seed: int) -> list[Block]:
    """The plants' blocks of a tiny scenario."""
    scenario = generate("tiny", seed=seed)
    problem = formulate(scenario, eligibility_patterns(scenario))
    return [plant_block(plant, problem.around.plant)[0] for plant in problem.around.index.plants]


def random_lots(block: Block, rng: np.random.Generator) -> Floats:
    """Random whole set-ups, lots within their limits and just the overtime that these take."""
    x, program = np.zeros(block.program.columns), block.program
    setups = block.setups
    x[setups.setup] = rng.integers(0, 2, len(setups.setup))
    x[setups.quantity] = x[setups.setup] * setups.most * rng.choice([0.2, 0.6, 1.0], len(setups.setup))
    overtime, capacity = of_kind(block.columns.kind, "overtime"), of_kind(block.rows.kind, "capacity")
    use = program.rows.times(x)[capacity]
    x[overtime] = np.maximum(use - program.row_upper[capacity], 0.0)
    return x


@pytest.mark.parametrize("seed", SEEDS)
def test_they_hold_for_all_lots_that_capacity_allows(seed: int) -> None:
    """Whatever is set up and made, with just the overtime that its capacity row asks for, keeps every inequality."""
    rng = np.random.default_rng(seed)
    for block in plants(seed):
        rows = of_kind(block.rows.kind, "regular-lot")
        for _ in range(50):
            x = random_lots(block, rng)
            assert (block.program.rows.times(x)[rows] <= block.program.row_upper[rows] + 1e-6).all()


def test_half_a_setup_no_longer_brings_half_of_all_overtime_free_of_charge() -> None:
    """Half a lot that fills regular time and overtime keeps all other rows without overtime, but not its inequality."""
    block = next(block for seed in SEEDS for block in plants(seed) if of_kind(block.rows.kind, "regular-lot").any())
    rows, capacity = of_kind(block.rows.kind, "regular-lot"), of_kind(block.rows.kind, "capacity")
    lots = block.program.rows
    first = np.flatnonzero(rows)[0]
    columns = lots.index[lots.start[first] : lots.start[first + 1]]
    place = np.flatnonzero(np.isin(block.setups.setup, columns))[0]
    x = np.zeros(block.program.columns)
    x[block.setups.setup[place]], x[block.setups.quantity[place]] = 0.5, 0.5 * block.setups.most[place]
    activity = lots.times(x)
    assert (activity[capacity] <= block.program.row_upper[capacity] + 1e-9).all()
    assert activity[first] > block.program.row_upper[first] + 1e-6


def test_they_tighten_the_relaxation() -> None:
    """Over some tiny scenarios the relaxation is worth less with them, on the whole, and never more."""
    gained = []
    for seed in SEEDS:
        problem, assembly = whole_problem(generate("tiny", seed=seed))
        inequalities = np.zeros(assembly.program.rows.rows, dtype=np.bool_)
        for b, block in enumerate(problem.blocks):
            inequalities[assembly.rows_of(b)] = of_kind(block.rows.kind, "regular-lot")
        loose = without_inequalities(assembly.program, inequalities)
        tight, free = (
            backend("highs").load(program).solve(relaxed=True).objective for program in (assembly.program, loose)
        )
        if tight is None or free is None:
            assert tight == free
            continue
        gained.append((free - tight) / max(1.0, abs(free)))
    assert min(gained) > -1e-7
    assert max(gained) > 1e-4
