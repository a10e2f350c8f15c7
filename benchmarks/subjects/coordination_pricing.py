"""Rounds of prices on one and on two hosts: what asking blocks in parallel gains, with the same answers.

Hosts are processes that hold the models of their blocks; they are started and have answered once before the seconds
count. The rounds ask at given prices, so everyone does the same work; the check holds all bounds against those of one
question after the other in one process. Wall seconds count: on a machine that is busy otherwise they say nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.instances.generated_networks import block_problem, generated_network
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from solvers.backends.highs import HighsBackend
from solvers.coordination.block_problem import BlockProblem
from solvers.coordination.oracle import Pricing, SerialPricing, oracle_of
from solvers.coordination.process_pricing import ProcessPricing
from solvers.coordination.proposal import Reply
from solvers.coordination.verify import lagrangian_bound
from solvers.core.program import Floats
from solvers.core.termination import Limits

_PROOF = partial(HighsBackend, search="proof")
_LIMITS = Limits(gap=1e-3, absolute_gap=1e-6)
_SHARE = 0.7
"""Of the number of hosts, what the speed-up is aimed at."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rounds:
    """The blocks, and the prices of each round [rounds, links]; the first is asked unmeasured."""

    problem: BlockProblem
    prices: Floats


def _prepare(case: Case, data: Path | None, seed: int) -> _Rounds:
    del data
    given = case.parameters
    sizes = {name: int(given[name]) for name in ("items", "periods", "materials") if name in given}
    problem = block_problem(generated_network(plants=int(given["plants"]), seed=seed, **sizes))
    found = HighsBackend().load(problem.whole()).solve(relaxed=True)
    if found.row_dual is None:
        raise ValueError(f"the relaxation of case {case.name!r} has no duals; choose another seed")
    first = np.maximum(found.row_dual[-problem.links :], 0.0)
    near = 1 + 0.05 * np.arange(int(given["rounds"]) + 1)[:, None]
    return _Rounds(problem=problem, prices=first * near)


def _ask(rounds: _Rounds, pricing: Pricing, watch: Stopwatch) -> Answer:
    pricing.ask(rounds.prices[0], limits=_LIMITS)
    with watch.measure("solve"):
        told = [pricing.ask(prices, limits=_LIMITS) for prices in rounds.prices[1:]]
    missing = sum(reply is None for replies in told for reply in replies)
    bounds = [[math.inf if reply is None else reply.bound for reply in replies] for replies in told]
    least = min(
        lagrangian_bound(rounds.problem, prices, own) for prices, own in zip(rounds.prices[1:], bounds, strict=True)
    )
    return Answer(solution=np.array(bounds), bound=-least, figures={"missing": float(missing)})


def _one_by_one(rounds: _Rounds, watch: Stopwatch, case: Case) -> Answer:
    del case
    oracles = [oracle_of(part, _PROOF()) for part in rounds.problem.blocks]
    return _ask(rounds, SerialPricing(rounds.problem, oracles), watch)


def _on_hosts(hosts: int, rounds: _Rounds, watch: Stopwatch, case: Case) -> Answer:
    del case
    with ProcessPricing(rounds.problem, _PROOF, hosts=hosts) as pool:
        return _ask(rounds, pool, watch)


def _check(rounds: _Rounds, answer: Answer, case: Case) -> Verdict:
    """Ask again in one process, and say where a bound is another."""
    del case
    oracles = [oracle_of(part, _PROOF()) for part in rounds.problem.blocks]
    pricing = SerialPricing(rounds.problem, oracles)
    asked = [pricing.ask(prices, limits=_LIMITS) for prices in rounds.prices][1:]
    known = np.array([[_bound(reply) for reply in replies] for replies in asked])
    differ = np.argwhere(np.asarray(answer.solution) != known)
    problems = [f"round {r + 1}: block {b} answered another bound than in one process" for r, b in differ[:3].tolist()]
    return Verdict(bound=answer.bound, problems=tuple(problems))


def _bound(reply: Reply | None) -> float:
    return math.inf if reply is None else reply.bound


def _hosts(count: int) -> Contender:
    return Contender(name=f"{count} hosts", run=partial(_on_hosts, count), ours=True)


_CASE = Case(
    name="32 plants",
    phase=Phase.SCALE,
    suites=frozenset({"coordination"}),
    parameters={"plants": 32, "rounds": 3},
    time_limit=60.0,
)
_TINY = Case(
    name="tiny",
    phase=Phase.SCALE,
    suites=frozenset({"smoke"}),
    parameters={"plants": 4, "items": 2, "periods": 4, "materials": 1, "rounds": 2},
    time_limit=10.0,
)

SUBJECT = Subject(
    name="coordination_pricing",
    title="Rounds of prices in parallel, on hosts of their own",
    cases=(_CASE, _TINY),
    prepare=_prepare,
    contenders=(
        _hosts(2),
        Contender(name="1 host", run=partial(_on_hosts, 1), ours=True),
        Contender(name="one by one", run=_one_by_one),
    ),
    peer="one by one",
    check=_check,
    targets=tuple(
        Target(
            text=f"rounds of prices on 2 hosts at least {_SHARE} of 2 times as fast as {peer}",
            case=_CASE.name,
            contender="2 hosts",
            figure="solve_s",
            against=peer,
            at_most=1 / (2 * _SHARE),
        )
        for peer in ("1 host", "one by one")
    ),
)
