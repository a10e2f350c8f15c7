"""Answers that agents keep: they are what solving again would give, and nothing that a clock cut short is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from actors.block_pricing import BlockPricing
from actors.host import SharedSurroundings
from actors.joint_problem import JointProblem, join
from actors.kept_answers import KeptAnswer, KeptAnswers, program_digest
from actors.price_answers import MOST_PRICES, PriceAnswers
from actors.protocol import AgentNetwork, AskPrice, Message, Priced, Reply
from planner.simulation.generate import generate
from solvers.backends.registry import backend
from solvers.core.program import Floats, Program
from solvers.core.termination import Limits, Solution, Termination
from solvers.network.block import Block
from tests.planning import in_process

SEED = 2


def problem_and_network() -> tuple[JointProblem, AgentNetwork]:
    """A tiny problem and the agents that formulated it."""
    scenario = generate("tiny", seed=SEED)
    network = in_process(scenario)
    return join(network, SharedSurroundings(scenario), scenario["segments"]["segment"].to_list()), network


def plant_of(problem: JointProblem) -> Block:
    """Its first plant."""
    return next(block for block in problem.blocks if block.name.startswith("plant:"))


def some_prices(problem: JointProblem, seed: int) -> Floats:
    """Prices of the linking rows, drawn at random."""
    return np.random.default_rng(seed).normal(size=len(problem.links.labels))


class Counting:
    """A backend that counts the solves of its models, and may end them in another way."""

    name = "highs"

    def __init__(self, end: Termination | None = None) -> None:
        self._backend = backend("highs")
        self.capabilities = self._backend.capabilities
        self.solves, self._end = 0, end

    def load(self, program: Program) -> Counting:
        """Load a program; there is one model at a time."""
        self._model = self._backend.load(program)
        return self

    def __getattr__(self, name: str) -> object:
        return getattr(self._model, name)

    def solve(self, *, limits: Limits, **_: object) -> Solution:
        """Solve, and count it."""
        self.solves += 1
        solution = self._model.solve(limits=limits)
        return solution if self._end is None else replace(solution, termination=self._end, nodes=0)


@pytest.mark.parametrize("seed", range(3))
def test_a_kept_answer_is_what_solving_again_gives(seed: int) -> None:
    """Another model of the same block gives the same bound and proposal from memory as by solving."""
    problem, _ = problem_and_network()
    block, kept, solver = plant_of(problem), KeptAnswers(), Counting()
    question = AskPrice(some_prices(problem, seed), {}, 50)
    first = BlockPricing(block, solver, relative_gap=5e-4, kept=kept).answer(question)  # type: ignore[arg-type]
    again = BlockPricing(block, solver, relative_gap=5e-4, kept=kept).answer(question)  # type: ignore[arg-type]
    anew = BlockPricing(block, backend("highs"), relative_gap=5e-4).answer(question)
    assert solver.solves == 1
    for answer in (again, anew):
        assert (answer.bound, answer.worth, answer.answers) == (first.bound, first.worth, question.question)
        assert answer.activity is not None
        np.testing.assert_array_equal(answer.activity, first.activity)


def test_another_block_price_or_allowance_is_another_question() -> None:
    """Nothing is taken from memory for a block, prices or a number of nodes it was not asked with."""
    problem, _ = problem_and_network()
    block, kept, solver = plant_of(problem), KeptAnswers(), Counting()
    question = AskPrice(some_prices(problem, 0), {}, 50)
    wider = replace(block, program=replace(block.program, upper=block.program.upper * 2.0))
    linked = np.flatnonzero(np.isin(np.arange(len(question.prices)), block.links.row_of_entry()))
    elsewhere = question.prices.copy()
    elsewhere[linked[0]] += 1e-6
    for asked, of in (
        (question, block),
        (question, wider),
        (replace(question, prices=elsewhere), block),
        (replace(question, nodes=49), block),
    ):
        BlockPricing(of, solver, relative_gap=5e-4, kept=kept).answer(asked)  # type: ignore[arg-type]
    assert (solver.solves, kept.hits) == (4, 0)
    assert program_digest(block.program) != program_digest(wider.program)


@pytest.mark.parametrize(
    ("end", "seconds", "keeps"),
    [
        (Termination.INTERRUPTED, None, False),
        (Termination.LIMIT, 5.0, False),
        (Termination.LIMIT, None, True),
        (Termination.OPTIMAL, 5.0, True),
    ],
)
def test_only_what_work_alone_ended_is_kept(end: Termination, seconds: float | None, *, keeps: bool) -> None:
    """An answer that a clock or an interruption cut short would not come again."""
    problem, _ = problem_and_network()
    kept = KeptAnswers()
    question = AskPrice(some_prices(problem, 1), {}, 50, seconds)
    BlockPricing(plant_of(problem), Counting(end), relative_gap=5e-4, kept=kept).answer(question)  # type: ignore[arg-type]
    assert len(kept) == keeps


def test_memory_is_bounded_and_forgets_what_was_asked_for_longest_ago() -> None:
    """What was found again stays, what nobody asked for goes first."""
    kept = KeptAnswers(most_bytes=3_000)
    for key in (b"a", b"b"):
        kept.keep(key, KeptAnswer(1.0, "x", np.zeros(128)))
    assert kept.find(b"a") is not None
    kept.keep(b"c", KeptAnswer(1.0, "x", np.zeros(128)))
    assert [kept.find(key) is not None for key in (b"a", b"b", b"c")] == [True, False, True]
    with pytest.raises(ValueError, match="most_bytes"):
        KeptAnswers(most_bytes=-1)


class Asked:
    """A network that notes who was asked."""

    def __init__(self, network: AgentNetwork) -> None:
        self._network, self.rounds = network, list[tuple[str, ...]]()
        self.names = network.names

    def ask(self, messages: Mapping[str, Message]) -> Mapping[str, Reply]:
        """Pass the round on."""
        self.rounds.append(tuple(messages))
        return self._network.ask(messages)


def test_at_known_prices_only_agents_with_choices_are_asked_for_another_leaf() -> None:
    """Answers for other options are those of a network that is asked as a whole; others are not asked again."""
    problem, network = problem_and_network()
    asked = Asked(network)
    answers = PriceAnswers(problem.blocks, asked)
    prices, names = some_prices(problem, 3), network.names
    choosing = [block.name for block in problem.blocks if block.choices]
    leaves = [{name: (option,) for block in problem.blocks for name, _ in block.choices} for option in (0, 1)]
    assert choosing
    for allowed in leaves:
        questions = answers.questions(names, AskPrice(prices, allowed, 50))
        replies = answers.ask(questions)
        anew = network.ask(questions)
        for name in names:
            one, other = replies[name], anew[name]
            assert isinstance(one, Priced)
            assert isinstance(other, Priced)
            assert (one.bound, one.answers) == (other.bound, questions[name].question)
    assert asked.rounds == [tuple(names), tuple(choosing)]


def test_only_the_last_prices_are_remembered() -> None:
    """After many others the first prices are asked anew."""
    problem, network = problem_and_network()
    asked = Asked(network)
    answers = PriceAnswers(problem.blocks, asked)
    segments = [name for name in network.names if name.startswith("segment:")]
    for seed in (*range(MOST_PRICES + 1), MOST_PRICES, 0):
        answers.ask(answers.questions(segments, AskPrice(some_prices(problem, seed), {}, 50)))
    assert len(asked.rounds) == MOST_PRICES + 2
