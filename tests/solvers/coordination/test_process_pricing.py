"""Blocks asked in processes of their own answer as they do one by one, and a lost host is missed, not waited for."""

from functools import partial

import numpy as np
import pytest

from solvers.backends.highs import HighsBackend
from solvers.coordination.block_problem import BlockProblem, from_program
from solvers.coordination.column_generation import fresh_bounds
from solvers.coordination.oracle import SerialPricing, oracle_of
from solvers.coordination.process_pricing import ProcessPricing
from solvers.core.program import Program, SparseRows


def _problem() -> BlockProblem:
    """Three blocks of four whole columns within two rows each, and two rows that link them."""
    chance, blocks, own = np.random.default_rng(5), 3, 4
    columns = blocks * own
    block = np.repeat(np.arange(blocks), own)
    weight = chance.integers(2, 9, (2, columns)).astype(np.float64)
    every = np.arange(columns)
    rows = SparseRows.from_triplets(
        np.concatenate([2 * block, 2 * block + 1, np.full(columns, 6), np.full(columns, 7)]),
        np.tile(every, 4),
        np.concatenate([*weight, chance.random(columns), chance.random(columns)]),
        8,
        columns,
    )
    program = Program(
        objective=chance.integers(3, 20, columns).astype(np.float64),
        lower=np.zeros(columns),
        upper=np.full(columns, 3.0),
        integer=np.ones(columns, dtype=np.bool_),
        rows=rows,
        row_lower=np.full(8, -np.inf),
        row_upper=np.array([20.5] * 6 + [6.0, 5.0]),
    )
    row_block = np.array([0, 0, 1, 1, 2, 2, -1, -1], dtype=np.int32)
    return from_program(program, row_block, block.astype(np.int32))


_QUESTIONS = (np.array([1.0, 2.0]), np.array([4.0, 3.0]), np.array([4.5, 2.5]))


def test_answers_do_not_depend_on_the_number_of_hosts() -> None:
    """Two hosts and the calling process give the same bounds and points, question after question."""
    problem = _problem()
    alone = SerialPricing(problem, [oracle_of(part, HighsBackend()) for part in problem.blocks])
    with ProcessPricing(problem, partial(HighsBackend, search="proof"), hosts=1) as one:
        told = [one.ask(prices) for prices in _QUESTIONS]
    with ProcessPricing(problem, partial(HighsBackend, search="proof"), hosts=2) as two:
        for prices, first in zip(_QUESTIONS, told, strict=True):
            for left, right, known in zip(first, two.ask(prices), alone.ask(prices), strict=True):
                assert left is not None
                assert right is not None
                assert known is not None
                assert left.bound == right.bound == pytest.approx(known.bound)
                assert np.array_equal(left.proposals[0].x, right.proposals[0].x)


def test_blocks_of_a_dead_host_are_missing_once_and_enter_no_bound() -> None:
    """After a host is killed its blocks are None and give no bound; the next question is answered by all."""
    problem = _problem()
    with ProcessPricing(problem, HighsBackend, hosts=2) as pool:
        before = pool.ask(_QUESTIONS[0])
        host = pool._hosts[1]
        assert host is not None
        host.process.kill()
        host.process.join()
        replies = pool.ask(_QUESTIONS[0])
        assert [reply is None for reply in replies] == [False, True, False]
        assert fresh_bounds(_QUESTIONS[0], replies) is None
        again = pool.ask(_QUESTIONS[0])
        assert [reply.bound for reply in again if reply] == [reply.bound for reply in before if reply]


def test_a_host_that_is_late_is_missed_and_started_anew() -> None:
    """With no patience nobody answers in time, and a patient question afterwards is answered by all."""
    problem = _problem()
    with ProcessPricing(problem, HighsBackend, hosts=1, patience=0.0) as pool:
        assert list(pool.ask(_QUESTIONS[0])) == [None, None, None]
        pool._patience = None
        assert all(reply is not None for reply in pool.ask(_QUESTIONS[0]))


def test_no_hosts_are_refused() -> None:
    """Blocks cannot live on no host."""
    with pytest.raises(ValueError, match="at least one host"):
        ProcessPricing(_problem(), HighsBackend, hosts=0)
