"""Set-ups charged per unit last made, fixed where they are used, and free again."""

from __future__ import annotations

import numpy as np

from solvers.backends.registry import backend
from solvers.core.program import Floats
from solvers.network.assembly import Assembly, assemble
from solvers.network.slope_scaling import SlopeScaling, fix_setups, free_setups, in_use
from tests.solvers.small_programs import INF, builder, links


def two_lots(cost: tuple[float, float] = (8.0, 8.0)) -> Assembly:
    """Two set-ups of 10 units at most; together at least 4 units are sold at 2 each."""
    made = builder()
    setup = made.add_columns("setup", ["a", "b"], 0, upper=1.0, objective=-np.array(cost), integer=True)
    quantity = made.add_columns("quantity", ["a", "b"], 0, upper=10.0, objective=[2.0, 1.9])
    row = made.add_rows("most", ["a", "b"], 0, lower=0.0)
    made.add_entries(row, setup, 10.0)
    made.add_entries(row, quantity, -1.0)
    made.add_links(0, quantity, 1.0)
    made.add_setups(setup, quantity, np.full(2, 10.0))
    return assemble([made.build(1)], links([(-INF, 4.0)]))


class Costs:
    """A model that keeps the objective it is told."""

    def __init__(self) -> None:
        self.columns: list[int] = []
        self.values: list[float] = []

    def set_objective(self, columns: Floats, values: Floats) -> None:
        """Keep them."""
        self.columns, self.values = columns.tolist(), values.tolist()


def charged(scaling: SlopeScaling, quantity: list[float]) -> list[float]:
    """The costs a pass charges."""
    model = Costs()
    scaling.charge(model, np.array(quantity))  # type: ignore[arg-type]  # only the objective is asked for
    return model.values


def test_a_setup_is_charged_its_cost_per_quantity_last_made() -> None:
    """4 of 10 units made: the linear charge rises to 10/4, so that 4 units pay the whole set-up."""
    assert charged(SlopeScaling(two_lots()), [4.0, 10.0]) == [-20.0, -8.0]


def test_what_was_not_made_keeps_its_last_charge() -> None:
    """A quantity of 0 tells nothing about the slope: the charge stays, first the plain cost, then the last one."""
    scaling = SlopeScaling(two_lots())
    assert charged(scaling, [0.0, 5.0]) == [-8.0, -16.0]
    assert charged(scaling, [2.0, 0.0]) == [-40.0, -16.0]


def test_dust_is_charged_finitely() -> None:
    """Next to nothing made is charged dearly but finitely, and below the threshold counts as nothing."""
    values = charged(SlopeScaling(two_lots()), [2e-7, 1e-9])
    assert np.isfinite(values).all()
    assert values[0] == -8.0 * 1e5
    assert values[1] == -8.0


def test_a_charge_of_the_lot_made_prices_a_relaxed_plan_as_a_whole_one() -> None:
    """When a pass makes again what it made, the relaxed value is the value with whole set-ups."""
    assembly = two_lots(cost=(3.0, 8.0))
    model, scaling = backend("highs").load(assembly.program), SlopeScaling(assembly)
    x = model.solve(relaxed=True).x
    assert x is not None
    scaling.charge(model, scaling.quantities(x))
    again = model.solve(relaxed=True)
    assert again.x is not None
    np.testing.assert_allclose(scaling.quantities(again.x), scaling.quantities(x))
    free = backend("highs").load(assembly.program)
    fix_setups(free, assembly, in_use(assembly, again.x))
    fixed = free.solve(relaxed=True)
    assert fixed.objective is not None
    assert again.objective is not None
    assert abs(fixed.objective - 5.0) < 1e-9
    # The objective a solution reports is that of the charged costs.
    assert abs(again.objective - 5.0) < 1e-9


def test_setups_in_use_are_fixed_the_others_closed_and_free_again() -> None:
    """Fixed, only used set-ups stand; freed, the relaxation is what it was."""
    assembly = two_lots()
    model = backend("highs").load(assembly.program)
    root = model.solve(relaxed=True)
    assert root.x is not None
    used = in_use(assembly, root.x)
    assert used.tolist() == [True, False]
    fix_setups(model, assembly, used)
    fixed = model.solve(relaxed=True)
    assert fixed.x is not None
    np.testing.assert_allclose(fixed.x[assembly.setups.setup], [1.0, 0.0])
    free_setups(model, assembly)
    assert model.solve(relaxed=True).objective == root.objective
