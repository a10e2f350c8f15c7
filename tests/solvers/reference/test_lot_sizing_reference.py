"""A plant's array formulation against the readable Pyomo model, at random prices of everything it exchanges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyomo.environ as pyo
import pytest
from pyomo.contrib.appsi.solvers.highs import Highs

from actors.formulate.plant import PlantLayout
from actors.formulate.potential import Lanes
from actors.formulate.problem import Problem, formulate
from planner.domain.scenario import Scenario
from planner.policy.eligibility import eligibility_patterns
from planner.simulation.generate import generate
from solvers.backends.registry import backend
from solvers.reference.lot_sizing import LotSizing, lot_sizing_model


def random_prices(problem: Problem, seed: int) -> np.ndarray:
    """Sign-correct multipliers of the linking rows: at most 0 at lower bounds, at least 0 at upper ones."""
    rng, links = np.random.default_rng(seed), problem.around.links.links
    size = rng.uniform(0, 60, len(links.labels)) * (rng.random(len(links.labels)) < 0.7)
    equality = np.isfinite(links.lower) & np.isfinite(links.upper)
    return np.where(equality, 0.0, np.where(np.isfinite(links.upper), size, -size))


def array(rows: pl.DataFrame, column: str, empty: float) -> np.ndarray:
    """A column as float64 with a value for empty cells."""
    return rows[column].cast(pl.Float64).fill_null(empty).to_numpy()


def cube(
    table: pl.DataFrame, key: str, names: list[str], periods: int, *, value: str = "quantity", empty: float = 0.0
) -> np.ndarray:
    """Rows (key, period, value) as an array [names, periods]."""
    filled = np.full((len(names), periods), empty)
    for name, t, number in table.select(key, "period", value).iter_rows():
        if name in names:
            filled[names.index(name), t] = np.inf if number is None else number
    return filled


TABLES = ("recipes", "resources", "routings", "bom", "stock", "receipts", "firm", "baseline")


@dataclass(frozen=True)
class Site:
    """A plant's tables, names and place in the problem."""

    problem: Problem
    layout: PlantLayout
    upper: np.ndarray
    own: dict[str, pl.DataFrame]
    recipes: list[str]
    resources: list[str]
    items: list[str]
    materials: list[str]
    lanes: list[tuple[str, str, int, float]]

    @property
    def periods(self) -> int:
        """T."""
        return self.problem.around.index.periods


def site(scenario: Scenario, problem: Problem, which: int) -> Site:
    """Collect what the reference of a plant is read from."""
    block, layout = problem.plants[which]
    own = {name: scenario[name].filter(pl.col("plant") == layout.plant) for name in TABLES}
    items = list(problem.around.index.products)
    return Site(
        problem=problem,
        layout=layout,
        upper=block.program.upper,
        own=own,
        recipes=own["recipes"]["product"].to_list(),
        resources=own["resources"]["resource"].unique(maintain_order=True).to_list(),
        items=items,
        materials=list(problem.around.index.materials),
        lanes=[
            (i, lane.market, lane.transit, lane.cost) for i in items for lane in Lanes(scenario).of(layout.plant, i)
        ],
    )


def read_reference(scenario: Scenario, at: Site, price: np.ndarray) -> LotSizing:
    """Read a plant's tables into the reference; only the boxes of lots and shipments come from the block."""
    own, periods = at.own, at.periods
    stock = pl.DataFrame({"item": at.items}).join(own["stock"], on="item", how="left", maintain_order="left")
    most = np.zeros((len(at.recipes), periods))
    for r, k in enumerate(at.recipes):
        most[r] = at.upper[at.layout.production[k]]
    return LotSizing(
        makes=np.array([at.items.index(k) for k in at.recipes], dtype=np.int32),
        lead=own["recipes"]["lead_time"].to_numpy().astype(np.int32),
        setup_cost=array(own["recipes"], "setup_cost", 0),
        unit_cost=array(own["recipes"], "unit_cost", 0),
        min_lot=array(own["recipes"], "min_lot", 0),
        most=most,
        released=cube(own["firm"], "product", at.recipes, periods, empty=np.nan),
        baseline=cube(own["baseline"], "product", at.recipes, periods),
        regular=cube(own["resources"], "resource", at.resources, periods, value="regular"),
        overtime_most=cube(own["resources"], "resource", at.resources, periods, value="overtime_max"),
        overtime_cost=cube(own["resources"], "resource", at.resources, periods, value="overtime_cost"),
        on_hand=array(stock, "on_hand", 0),
        holding=array(stock, "holding_cost", 0),
        safety=array(stock, "safety_stock", 0),
        safety_penalty=array(stock, "safety_penalty", 0),
        max_stock=array(stock, "max_stock", np.inf),
        dump_cost=np.array([min((cost for j, *_, cost in at.lanes if j == i), default=np.inf) for i in at.items]),
        received=cube(own["receipts"], "item", at.items, periods),
        material_received=cube(own["receipts"], "item", at.materials, periods),
        **read_matrices(at),
        **read_exchange(at, price),
        **read_charges(scenario, at, price),
    )


def read_matrices(at: Site) -> dict[str, np.ndarray]:
    """Routings and components as matrices."""
    widths = {"per_unit": at.resources, "per_setup": at.resources, "use": at.items, "material_use": at.materials}
    matrices = {name: np.zeros((len(at.recipes), len(names))) for name, names in widths.items()}
    for row in at.own["routings"].iter_rows(named=True):
        place = at.recipes.index(row["product"]), at.resources.index(row["resource"])
        matrices["per_unit"][place], matrices["per_setup"][place] = row["capacity_per_unit"], row["setup_capacity"]
    for product, part, quantity in at.own["bom"].select("product", "component", "quantity").iter_rows():
        kind, names = ("use", at.items) if part in at.items else ("material_use", at.materials)
        matrices[kind][at.recipes.index(product), names.index(part)] += quantity
    return matrices


def read_exchange(at: Site, price: np.ndarray) -> dict[str, np.ndarray]:
    """Lanes and materials with what markets pay on arrival and what materials cost."""
    links, index = at.problem.around.links, at.problem.around.index
    shape = (len(at.lanes), at.periods)
    offered, ship_most, paid = np.zeros(shape), np.zeros(shape), np.zeros((len(at.materials), at.periods))
    for l, (item, market, transit, _) in enumerate(at.lanes):
        if (market, item) in at.layout.shipment:
            ship_most[l] = at.upper[at.layout.shipment[market, item]]
        for t in range(at.periods - transit):
            offered[l, t] = -price[links.market(index.markets[market], index.products[item], t + transit)]
    for n, t in np.ndindex(*paid.shape):
        paid[n, t] = -price[links.material(n, t)]
    return {
        "ships": np.array([at.items.index(item) for item, *_ in at.lanes], dtype=np.int32),
        "freight": np.array([cost for *_, cost in at.lanes]),
        "ship_most": ship_most,
        "price": offered,
        "material_price": paid,
    }


def read_charges(scenario: Scenario, at: Site, price: np.ndarray) -> dict[str, np.ndarray]:
    """What reservations and stability clauses charge per unit, set-up and deviation, from the clauses themselves."""
    names = ("unit_charge", "setup_charge", "deviation_charge")
    charges = {name: np.zeros((len(at.recipes), at.periods)) for name in names}
    family = dict(scenario["products"].select("product", "family").iter_rows())
    for link in at.problem.around.links.clauses:
        clause, t = link.clause, list(link.scope.periods)
        if clause.kind == "stability":
            charges["deviation_charge"][:, t] += price[link.row]
        if clause.kind != "reservation" or clause.plant != at.layout.plant:
            continue
        for row in at.own["routings"].iter_rows(named=True):
            if family[row["product"]] in clause.families:
                place = at.recipes.index(row["product"]), t[0]
                charges["unit_charge"][place] += price[link.row] * row["capacity_per_unit"]
                charges["setup_charge"][place] += price[link.row] * row["setup_capacity"]
    return charges


def reference_optimum(data: LotSizing) -> float | None:
    """Solve the Pyomo model with HiGHS without presolve; None if infeasible."""
    solver = Highs()
    solver.config.load_solution = False
    solver.highs_options = {"threads": 1, "presolve": "off", "mip_rel_gap": 1e-9, "mip_abs_gap": 1e-9}
    results = solver.solve(lot_sizing_model(data))
    found = results.best_feasible_objective
    return None if found is None or not np.isfinite(found) else float(found)


@pytest.mark.parametrize("seed", range(16))
def test_plant_block_has_the_optimum_of_the_readable_model(seed: int) -> None:
    """Priced at random, every plant's block and the reference built from its tables have the same optimum."""
    scenario = generate("tiny", seed=seed)
    problem = formulate(scenario, eligibility_patterns(scenario))
    price = random_prices(problem, seed)
    for which, (block, _) in enumerate(problem.plants):
        model = backend("scip").load(block.program)
        columns = np.arange(block.program.columns, dtype=np.int32)
        model.set_objective(columns, block.program.objective - block.links.transposed_times(price))
        expected = reference_optimum(read_reference(scenario, site(scenario, problem, which), price))
        found = model.solve().objective
        assert found == (None if expected is None else pytest.approx(expected, rel=1e-6, abs=1e-5))


def test_the_model_prints_in_the_words_of_its_text() -> None:
    """The components of the reference carry the names its docstring speaks of."""
    scenario = generate("tiny", seed=0)
    problem = formulate(scenario, eligibility_patterns(scenario))
    model = lot_sizing_model(read_reference(scenario, site(scenario, problem, 0), random_prices(problem, 0)))
    named = {component.name for component in model.component_objects((pyo.Constraint, pyo.Objective))}
    assert {"lot_needs_setup", "lot_is_large_enough", "capacity", "balance", "safety", "material", "worth"} <= named
