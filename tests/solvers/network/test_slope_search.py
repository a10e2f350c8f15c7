"""Searches by slope scaling: relaxations and fixed set-ups in turn, begun anew near a plan."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.backends.registry import backend
from solvers.core.program import Floats
from solvers.core.termination import UNLIMITED, Limits, Termination
from solvers.network.assembly import Assembly, assemble
from solvers.network.slope_scaling import in_use
from solvers.network.slope_search import SlopeSearch
from tests.solvers.small_programs import INF, builder, links


def lots(seed: int = 1, items: int = 6) -> Assembly:
    """Large and small demands in turn, made in lots of at most 12 with a cost each, kept at a cost."""
    rng = np.random.default_rng(seed)
    demand = np.where(np.arange(items) % 2, rng.uniform(0.5, 1.0, items), rng.uniform(5.0, 6.0, items))
    made, keys = builder(), [str(i) for i in range(items)]
    setup = made.add_columns("setup", keys, 0, upper=1.0, objective=-8.0, integer=True)
    quantity = made.add_columns("quantity", keys, 0, upper=12.0)
    stock = made.add_columns("stock", keys, 0, upper=INF, objective=-0.5)
    row = made.add_rows("most", keys, 0, lower=0.0)
    made.add_entries(row, setup, 12.0)
    made.add_entries(row, quantity, -1.0)
    balance = made.add_rows("balance", keys, 0, lower=demand, upper=demand)
    made.add_entries(balance, quantity, 1.0)
    made.add_entries(balance, stock, -1.0)
    made.add_entries(balance[1:], stock[:-1], 1.0)
    made.add_links(0, quantity, 1.0)
    made.add_setups(setup, quantity, np.full(items, 12.0))
    option = made.add_columns("option", ["no", "yes"], 0, upper=1.0, objective=[0.0, -3.0], integer=True)
    one = made.add_rows("one", ["option"], 0, lower=1.0, upper=1.0)
    made.add_entries(one, option, 1.0)
    made.add_choice("option", option)
    return assemble([made.build(1)], links([(-INF, INF)]))


NO, YES = (np.array([1.0, 0.0]),), (np.array([0.0, 1.0]),)


def begun(assembly: Assembly) -> tuple[SlopeSearch, Floats]:
    """A search from the relaxation."""
    solution = backend("highs").load(assembly.program).solve(relaxed=True)
    assert solution.x is not None
    search = SlopeSearch(assembly, backend("highs"), NO)
    search.start(solution.x)
    return search, solution.x


@pytest.mark.parametrize("seed", range(6))
def test_passes_lead_to_a_plan_near_the_optimum(seed: int) -> None:
    """The best of a few fixed plans is feasible, no better than the optimum, and within 15 % of it."""
    assembly = lots(seed)
    search, x = begun(assembly)
    values = []
    for _ in range(4):
        fixed = search.fix(in_use(assembly, x), UNLIMITED)
        assert fixed.objective is not None
        values.append(fixed.objective)
        advanced = search.advance(3, UNLIMITED)
        assert advanced is not None
        x = advanced
    best = backend("highs").load(assembly.program).solve().objective
    assert best is not None
    assert best * 1.15 <= max(values) <= best + 1e-6


def test_a_search_repeats_itself() -> None:
    """Begun twice from the same solution, a search makes the same passes to the last bit."""
    assembly = lots()
    found = [search.advance(3, UNLIMITED) for search, _ in (begun(assembly), begun(assembly))]
    assert found[0] is not None
    np.testing.assert_array_equal(found[0], found[1])


def test_a_restart_that_charges_what_is_unused_dearly_stays_with_the_plan() -> None:
    """From a fixed plan, with everything else at a thousand smallest charges, the next pass uses the same set-ups."""
    assembly = lots()
    search, x = begun(assembly)
    used = in_use(assembly, x)
    used[1::2] = False
    fixed = search.fix(used, UNLIMITED)
    assert fixed.x is not None
    search.start(fixed.x, unused=1000.0)
    passed = search.advance(1, UNLIMITED)
    assert passed is not None
    assert not in_use(assembly, passed)[~used].any()


def test_choices_are_fixed_where_they_were_chosen() -> None:
    """The chosen option holds in fixed plans and passes, also after another one was chosen."""
    assembly = lots()
    search, _ = begun(assembly)
    every = np.ones(6, dtype=bool)
    before = search.fix(every, UNLIMITED).objective
    search.choose(YES)
    after, x = search.fix(every, UNLIMITED).objective, search.advance(1, UNLIMITED)
    assert before is not None
    assert after == pytest.approx(before - 3.0)
    assert x is not None
    assert x[assembly.choices[0][1]].tolist() == [0.0, 1.0]


def test_a_pass_that_does_not_end_gives_nothing() -> None:
    """Set-ups that cannot meet the demand are infeasible to fix, and a pass cut short returns None."""
    assembly = lots()
    search, _ = begun(assembly)
    assert search.fix(np.zeros(6, dtype=bool), UNLIMITED).termination is Termination.INFEASIBLE
    assert search.advance(2, Limits(iterations=0)) is None
