"""Small block problems for tests: random ones with whole numbers and a known feasible point, and assignments."""

from __future__ import annotations

import numpy as np

from solvers.coordination.block_problem import MASTER, BlockProblem, from_program
from solvers.core.program import Program, SparseRows


def random_problem(seed: int, *, blocks: int = 3, columns: int = 3, links: int = 2, masters: int = 1) -> BlockProblem:
    """Draw a problem whose rows of all kinds hold at a drawn whole point; some columns are continuous."""
    rng = np.random.default_rng(seed)
    width = blocks * columns + masters
    inside = rng.integers(0, 3, width).astype(float)
    column_block = np.append(np.repeat(np.arange(blocks), columns), np.full(masters, MASTER)).astype(np.int32)
    own = np.zeros((2 * blocks, width))
    for row in range(2 * blocks):
        own[row, column_block == row // 2] = rng.integers(-2, 4, columns)
    shared = rng.integers(-2, 3, (links, width)).astype(float)
    matrix = np.vstack([own, shared])
    at = matrix @ inside
    low, high = at - rng.integers(0, 2, len(at)), at + rng.integers(0, 3, len(at))
    sides = rng.integers(0, 3, len(at))
    i, j = np.nonzero(matrix)
    program = Program(
        objective=rng.integers(-4, 7, width).astype(float),
        lower=np.zeros(width),
        upper=np.full(width, 4.0),
        integer=rng.random(width) < 0.7,
        rows=SparseRows.from_triplets(i, j, matrix[i, j], len(at), width),
        row_lower=np.where(sides == 0, -np.inf, low),
        row_upper=np.where(sides == 1, np.inf, high),
        offset=float(rng.integers(-3, 4)),
    )
    row_block = np.append(np.repeat(np.arange(blocks), 2), np.full(links, MASTER)).astype(np.int32)
    return from_program(program, row_block, column_block)


def assignment(seed: int, *, agents: int = 3, jobs: int = 9) -> BlockProblem:
    """Draw a generalised assignment: blocks are knapsacks of agents, links say that every job is done once."""
    rng = np.random.default_rng(seed)
    use = rng.integers(5, 25, (agents, jobs)).astype(float)
    cost = (111 - use) + rng.integers(-10, 11, use.shape)
    width, columns = agents * jobs, np.arange(agents * jobs)
    rows = np.concatenate([columns % jobs, jobs + columns // jobs])
    program = Program(
        objective=-cost.ravel(),
        lower=np.zeros(width),
        upper=np.ones(width),
        integer=np.ones(width, dtype=np.bool_),
        rows=SparseRows.from_triplets(
            rows, np.tile(columns, 2), np.concatenate([np.ones(width), use.ravel()]), jobs + agents, width
        ),
        row_lower=np.append(np.ones(jobs), np.full(agents, -np.inf)),
        row_upper=np.append(np.ones(jobs), np.floor(0.9 * use.sum(axis=1) / agents) + 12),
    )
    row_block = np.append(np.full(jobs, MASTER), np.arange(agents)).astype(np.int32)
    return from_program(program, row_block, (columns // jobs).astype(np.int32))
