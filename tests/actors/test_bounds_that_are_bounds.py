"""Ways in which a bound was seen to be none: each is tried here, and none of them gets through.

The proved bound takes the agents' answers, the checked one the multipliers a plan stores; the first part is about
answers, the second about plans whose hashes all fit, so that only the recomputation can tell.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest

from actors.block_pricing import BlockPricing
from actors.bounding import answered, checked_bound, has_rows, proved_bound, restrict_choices
from actors.certify import Certificate, _leaf_bound, certify, read_leaves, recomputed_bound
from actors.formulate.index import index_scenario
from actors.host import SharedSurroundings
from actors.joint_problem import join
from actors.protocol import AgentNetwork, AskPrice, Message, Priced, Realised, Reply
from planner.domain.errors import PlanningFailed
from planner.domain.hashing import sealed
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import PlanningParameters
from planner.simulation.generate import generate
from solvers.core.program import Program
from solvers.core.termination import Solution, Termination
from tests.plan_changes import rehashed
from tests.planning import decomposed, in_process, optimum, plan_in_process, whole_problem
from tests.solvers.small_programs import exact_priced_bound, exact_rows

SEED = 2
PRICED_SEED = 3
"""A seed whose agents are asked at prices when nobody solves the whole."""


@cache
def tiny() -> Scenario:
    """A tiny scenario whose certificate has several leaves."""
    return generate("tiny", seed=SEED)


@cache
def tiny_plan() -> Plan:
    """Its plan."""
    with TemporaryDirectory() as folder:
        plan = plan_in_process(tiny(), Path(folder) / "plan").plan
    assert plan is not None
    return plan


def number(plan: Plan, name: str) -> float:
    """A number of `plan.json`."""
    value = plan.summary[name]
    assert isinstance(value, float)
    return value


def claiming(plan: Plan, bound: float) -> Plan:
    """The plan with another checked bound, the gap that belongs to it, and a seal that fits."""
    value = number(plan, "value")
    return Plan(
        plan.tables, sealed({**plan.summary, "bound_checked": bound, "gap_checked": (bound - value) / abs(value)})
    )


def rules(certificate: Certificate) -> set[str]:
    """What does not hold."""
    return {breach.rule for breach in certificate.breaches}


# Answers of agents


QUESTION = AskPrice(np.array([1.0, -2.0]), {"rebate@0": (0, 1)}, 50)


def answer(bound: float, asked: AskPrice = QUESTION) -> Priced:
    """An agent's bound on what it was asked."""
    return Priced(bound, "its solver", answers=asked.question)


def proved(replies: Mapping[str, Reply]) -> float:
    """The proved bound of agents a and b over two linking rows."""
    links = whole_problem(tiny())[0].around.links.links
    two = dataclasses.replace(links, labels=_first(links.labels, 2), lower=np.full(2, -4.0), upper=np.full(2, 4.0))
    return proved_bound(two, QUESTION.prices, {"a": QUESTION, "b": QUESTION}, replies)


def _first(labels, count):  # type: ignore[no-untyped-def]  # a cut of the labels, whose type says nothing here
    return dataclasses.replace(labels, kind=labels.kind[:count], key=labels.key[:count], period=labels.period[:count])


def test_answers_to_the_question_asked_are_a_bound() -> None:
    """With both agents' bounds the proved bound is their sum and what the prices pay."""
    assert proved({"a": answer(1.0), "b": answer(2.0)}) == pytest.approx(1.0 + 2.0 + 4.0 + 8.0)


@pytest.mark.parametrize(
    "replies",
    [
        {"a": answer(1.0)},
        {},
        {"a": answer(1.0), "b": Realised(np.zeros(0, np.int32), np.zeros(0), np.zeros(0, np.int32))},
    ],
)
def test_an_agent_that_died_leaves_no_bound(replies: Mapping[str, Reply]) -> None:
    """A reply that is missing, or of another kind, is not a part worth nothing: the sum without it bounds nothing."""
    assert proved(replies) == math.inf


@pytest.mark.parametrize(
    "late",
    [
        dataclasses.replace(QUESTION, prices=np.array([1.0, -2.5])),
        dataclasses.replace(QUESTION, prices=np.array([-2.0, 1.0])),
        dataclasses.replace(QUESTION, prices=QUESTION.prices.astype(np.float32) * np.float32(1 + 1e-7)),
        dataclasses.replace(QUESTION, allowed={"rebate@0": (0,)}),
        dataclasses.replace(QUESTION, allowed={}),
    ],
)
def test_an_answer_to_an_earlier_question_leaves_no_bound(late: AskPrice) -> None:
    """A bound for other prices, or for fewer choices, holds for those only; one that names no question for none."""
    assert proved({"a": answer(1.0), "b": answer(2.0, late)}) == math.inf
    assert proved({"a": answer(1.0), "b": Priced(2.0, "its solver")}) == math.inf


def test_limits_of_work_do_not_make_another_question() -> None:
    """Prices and choices are what a bound depends on; how long an agent may think is not."""
    more = dataclasses.replace(QUESTION, prices=QUESTION.prices.copy(), nodes=7, seconds=3.0)
    assert more.question == QUESTION.question


@pytest.mark.parametrize("other", [1.0, -math.inf, math.nan])
@pytest.mark.parametrize("endless", [math.inf, math.nan])
def test_an_endless_bound_or_one_that_is_no_number_leaves_none(endless: float, other: float) -> None:
    """Not even an agent that finds no solution at all makes up for one that does not know."""
    assert proved({"a": answer(other), "b": answer(endless)}) == math.inf


def test_agents_that_were_asked_at_different_prices_leave_no_bound() -> None:
    """Bounds add up at one vector of prices only, even if every agent answered what it was asked."""
    links = whole_problem(tiny())[0].around.links.links
    prices = np.zeros(len(links.labels))
    here, elsewhere = AskPrice(prices, {}, 1), AskPrice(prices + 1e-9, {}, 1)
    replies = {"a": answer(1.0, here), "b": answer(1.0, elsewhere)}
    assert proved_bound(links, prices, {"a": here, "b": elsewhere}, replies) == math.inf
    assert proved_bound(links, prices, {"a": here, "b": here}, replies | {"b": answer(1.0, here)}) < math.inf


def test_every_agent_names_the_question_it_answers() -> None:
    """Plants, partners and segments answer the prices in the message, and say so."""
    network = in_process(tiny())
    problem = join(network, SharedSurroundings(tiny()), index_scenario(tiny()).segments)
    asked = AskPrice(np.zeros(len(problem.links.labels)), {}, 50)
    replies = network.ask(dict.fromkeys(network.names, asked))
    assert {reply.answers for reply in replies.values() if isinstance(reply, Priced)} == {asked.question}
    assert all(math.isfinite(bound) for bound in answered(dict.fromkeys(network.names, asked), replies).values())


class Faulty:
    """A network that loses, or delivers a round late, what plants say to prices."""

    def __init__(self, network: AgentNetwork, *, late: bool) -> None:
        self._network, self._late = network, late
        self._earlier: dict[str, Reply] = {}
        self.spoilt: list[str] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all agents."""
        return self._network.names

    def ask(self, messages: Mapping[str, Message]) -> Mapping[str, Reply]:
        """Deliver a round; of plants' answers to prices nothing arrives, or what they said the time before."""
        replies = dict(self._network.ask(messages))
        for name in [name for name, reply in replies.items() if name.startswith("plant") and isinstance(reply, Priced)]:
            now, before = replies.pop(name), self._earlier.get(name)
            if self._late and isinstance(before, Priced) and isinstance(now, Priced):
                replies[name] = before
                self.spoilt += [name] * (before.answers != now.answers)
            elif not self._late:
                self.spoilt.append(name)
            self._earlier[name] = now
        return replies


@pytest.mark.parametrize("fault", ["lost", "late"])
def test_a_run_whose_plants_die_or_answer_late_claims_no_bound_from_them(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where plants' answers are lost or a round old, the proved bound stays above the optimum."""
    scenario = generate("tiny", seed=PRICED_SEED)
    faulty = Faulty(in_process(scenario), late=fault == "late")
    monkeypatch.setattr("tests.planning.in_process", lambda *_: faulty)
    with decomposed():
        planned = plan_in_process(scenario, tmp_path / "plan", PlanningParameters(gap=0.0))
    assert faulty.spoilt
    result, best = planned.result, optimum(scenario)
    assert result.bound_proved is not None
    if fault == "lost":
        assert result.bound_proved == result.bound_checked
    assert result.bound_proved >= best.reached - 1e-6 * abs(best.reached)


def test_a_run_whose_agents_do_not_formulate_fails_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A problem without one agent's part is another problem, so nothing is planned and nothing bounded."""
    network = in_process(tiny())

    class Silent(Faulty):
        def ask(self, messages: Mapping[str, Message]) -> Mapping[str, Reply]:
            replies = dict(self._network.ask(messages))
            return {name: reply for name, reply in replies.items() if name != network.names[0]}

    monkeypatch.setattr("tests.planning.in_process", lambda *_: Silent(network, late=False))
    with pytest.raises(PlanningFailed, match=network.names[0]):
        plan_in_process(tiny(), tmp_path / "plan")


class StoppedEarly:
    """A backend whose solver stopped with a plan worth 5 and a bound of 9."""

    name = "stopped early"

    def __init__(self) -> None:
        self.program: Program | None = None

    def load(self, program: Program) -> StoppedEarly:
        """Take any program."""
        self.program = program
        return self

    def set_objective(self, columns: object, values: object) -> None:
        """Take any prices."""

    def solve(self, **_: object) -> Solution:
        """Stop early."""
        assert self.program is not None
        x = np.zeros(self.program.columns)
        return Solution(termination=Termination.LIMIT, x=x, objective=5.0, bound=9.0)


def test_a_pricing_stopped_early_hands_over_its_dual_bound_and_not_its_plan() -> None:
    """What a plant's solver had found when it stopped is no bound on what it could have found."""
    problem, _ = whole_problem(tiny())
    block = next(block for block in problem.blocks if block.name.startswith("plant:"))
    without = dataclasses.replace(block, choices=())
    pricing = BlockPricing(without, StoppedEarly(), relative_gap=1e-3)  # type: ignore[arg-type]  # only what is used
    reply = pricing.answer(AskPrice(np.zeros(len(problem.around.links.links.labels)), {}, 1))
    assert reply.bound == 9.0


# Plans whose hashes fit


def multiplied(plan: Plan, column: pl.Expr) -> Plan:
    """The plan with other multipliers and hashes that fit."""
    return rehashed(plan, {**plan.tables, "duals": plan["duals"].with_columns(dual=column)})


def test_a_bound_of_other_multipliers_is_refused() -> None:
    """A stated bound that the stored multipliers do not give is refused, be it lower or higher."""
    plan, links = tiny_plan(), pl.col("block").str.ends_with("/links")
    others = (
        pl.col("dual") * 1.001,
        pl.when(links).then(pl.col("dual")).otherwise(0.0),
        pl.when(links).then(0.0).otherwise(pl.col("dual")),
    )
    for column in others:
        other = multiplied(plan, column)
        assert recomputed_bound(tiny(), other) > number(plan, "bound_checked") * (1 + 1e-9)
        assert "bound.checked" in rules(certify(tiny(), other))


def test_prices_of_an_earlier_round_are_refused() -> None:
    """Prices that are not the multipliers of the leaf that prices the plan are stale, and named by their table."""
    plan = tiny_plan()
    for table in ("prices", "clauses"):
        stale = plan[table].with_columns(pl.col("price") + 0.25)
        found = certify(tiny(), rehashed(plan, {**plan.tables, table: stale}))
        assert "prices.dual" in rules(found)
        assert table in {breach.where for breach in found.breaches if breach.rule == "prices.dual"}


def test_multipliers_of_an_earlier_round_give_their_own_bound_only() -> None:
    """Multipliers of another round, with hashes that fit: their own bound holds, the newer one is not theirs."""
    plan, old = tiny_plan(), multiplied(tiny_plan(), pl.col("dual") * 0.9)
    stale = recomputed_bound(tiny(), old)
    assert "bound.checked" in rules(certify(tiny(), old))
    assert "bound.checked" not in rules(certify(tiny(), claiming(old, stale)))
    assert stale > number(plan, "bound_checked")


def test_the_value_of_a_plan_is_no_bound() -> None:
    """A solver's primal value put in place of a bound closes the gap, and is refused."""
    plan = tiny_plan()
    value = number(plan, "value")
    assert value < number(plan, "bound_checked") * (1 - 1e-6), "the example must have a gap"
    assert rules(certify(tiny(), claiming(plan, value))) == {"bound.checked"}


def test_a_bound_below_the_value_is_no_bound() -> None:
    """Bounds of the wrong sense, below what is maximised, are refused whichever of the two they are."""
    plan = tiny_plan()
    value = number(plan, "value")
    below = value - abs(number(plan, "bound_checked") - value)
    assert {"bound", "bound.checked"} <= rules(certify(tiny(), claiming(plan, below)))
    proved = {"bound_proved": below, "gap": (below - value) / abs(value)}
    assert "bound" in rules(certify(tiny(), Plan(plan.tables, sealed({**plan.summary, **proved}))))


def test_a_gap_of_the_wrong_sense_is_refused() -> None:
    """A gap is (bound − value)/|value|, never turned round."""
    plan = tiny_plan()
    for name in ("gap", "gap_checked"):
        turned = Plan(plan.tables, sealed({**plan.summary, name: -number(plan, name) - 1e-3}))
        assert "gap" in rules(certify(tiny(), turned))


def test_multipliers_of_the_wrong_sense_are_refused() -> None:
    """All multipliers turned round, as for a minimisation, ask for bounds of rows that there are not."""
    found = certify(tiny(), multiplied(tiny_plan(), -pl.col("dual")))
    assert found.bound_checked is None
    assert "bound.certificate" in rules(found)


def test_the_best_leaf_is_no_bound_on_the_worst() -> None:
    """The least of the leaves' bounds bounds one leaf only; the whole has the largest of them."""
    problem, _ = whole_problem(tiny())
    each = [_leaf_bound(problem, given, allowed) for given, allowed in read_leaves(problem, tiny_plan())]
    assert len(each) > 1
    assert min(each) < max(each) * (1 - 1e-6), "the example must have leaves that differ"
    assert max(each) == recomputed_bound(tiny(), tiny_plan())
    assert "bound.checked" in rules(certify(tiny(), claiming(tiny_plan(), min(each))))


@pytest.mark.parametrize("turn", [0.0, math.inf])
def test_the_bound_in_32_bits_is_refused(turn: float) -> None:
    """The nearest float32 of the bound, above it or below, is told from what 64 bits give."""
    plan = tiny_plan()
    exact = number(plan, "bound_checked")
    single = float(np.nextafter(np.float32(exact), np.float32(turn)))
    assert abs(single / exact - 1) < 2e-7
    assert rules(certify(tiny(), claiming(plan, single))) & {"bound.checked"}


def test_a_bound_that_is_no_number_is_none() -> None:
    """NaN and infinities in place of a bound do not pass any comparison."""
    plan = tiny_plan()
    for nothing in (math.nan, math.inf, -math.inf):
        summary = {**plan.summary, "bound_checked": nothing}
        assert "plan.number" in rules(certify(tiny(), Plan(plan.tables, sealed(summary))))


def test_multipliers_beyond_float64_leave_no_bound_and_no_crash() -> None:
    """Multipliers so large that sums overflow are refused in words."""
    found = certify(tiny(), multiplied(tiny_plan(), pl.col("dual") * 1e307))
    assert found.bound_checked is None
    assert "bound.certificate" in rules(found)
    assert "bound.checked" in rules(certify(tiny(), multiplied(tiny_plan(), pl.col("dual") * 1e290)))


def test_the_checked_bound_lies_above_its_exact_value() -> None:
    """Recomputed in rational numbers from the same float64 data, the parts of plants and partners add up to no more."""
    problem, _ = whole_problem(tiny())
    for given, allowed in read_leaves(problem, tiny_plan()):
        links = problem.around.links.links
        answers = {block.name: 0.0 for block in problem.blocks if not has_rows(block)}
        bound = checked_bound(problem.blocks, links, given=given, allowed=allowed, responses=answers)
        exact = exact_rows(given.links, links.lower, links.upper)
        for block in problem.blocks:
            if has_rows(block):
                program = restrict_choices(block, allowed)
                exact += exact_priced_bound(program, given.rows[block.name], ((block.links, given.links),))
        assert Fraction(bound) >= exact
        assert bound == pytest.approx(float(exact), rel=1e-9)
