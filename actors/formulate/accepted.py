"""An accepted plan as a linear program with room for one more order.

Set-ups, rebate tiers and offers stay as the plan has them; everything else may move. Blocks are those of plants and
partners, formulated with ``room`` for more demand than the scenario has, and two of their own:

- ``subscriptions``: ``served[segment/product, t]`` ∈ [0, base demand + uplift of the plan's rewards]
- ``order``: ``slot[market/product, t]`` enters that market balance, ``taken[t]`` enters the rows of clauses; all are 0
  until an order is asked about. Rows: taken[t] = Σ slot[·, t]; Σ_t taken[t] ≤ quantity.

What rewards cost and whom they reach are constants here: rows that only they move are left free, and the violation of
a reward floor is fixed at what the plan has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from actors.formulate.links import HORIZON, LinkMap, scope_label
from actors.formulate.partner import partner_block
from actors.formulate.plant import PlantLayout, plant_block
from actors.formulate.problem import Surroundings, Totals, surroundings
from planner.domain.clauses import ClauseScope, RebateClause, RewardFloorClause, clause_scopes
from planner.domain.demand import DemandCube, demand_cube
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.verification.decisions import read_decisions
from planner.verification.recompute import Recomputation
from planner.verification.rewards import RewardOutcome, reward_cost, reward_outcome
from solvers.core.program import Bools, Floats, Ints, Program, SparseRows
from solvers.network.assembly import Assembly, assemble
from solvers.network.block import Block, BlockBuilder, Labels, Links

SUBSCRIPTIONS, ORDER = "subscriptions", "order"
_REACHED = 1e-6
"""A rebate tier counts as reached this much (relatively) before its first unit, as rounding may explain."""
_KEPT = 1e-9
"""A promise is kept within this share of it, so that rounded decimals leave a point."""

Place = tuple[str, str, str, int]
"""Block, kind, key and period of a column or row."""


@dataclass(frozen=True, slots=True, eq=False)
class AcceptedProgram:
    """The program of an accepted plan.

    ``columns`` and ``rows`` find a column or an agent's own row by its place, ``places`` and
    ``row_places`` say where one stands.
    ``promised`` are the
    columns of the service of orders, ``promise`` float64 what the plan serves there. ``slot`` int32 [M, K, T] and
    ``taken`` int32 [T] are the columns, ``order_row`` the row of the new order. ``open_columns`` bool are those that a
    quote changes. An order may ask for at most ``room`` units.
    """

    around: Surroundings
    assembly: Assembly
    program: Program
    columns: Mapping[Place, int]
    places: Sequence[Place]
    rows: Mapping[Place, int]
    row_places: Sequence[Place]
    promised: Ints
    promise: Floats
    slot: Ints
    taken: Ints
    order_row: int
    open_columns: Bools
    room: float

    @property
    def links(self) -> LinkMap:
        """The linking rows, counted from the first one."""
        return self.around.links

    @property
    def first_link(self) -> int:
        """The first linking row."""
        return int(self.assembly.row_start[-1])


def accepted_program(scenario: Scenario, plan: Plan, worth: Recomputation) -> AcceptedProgram:
    """Formulate an accepted plan; ``worth`` is its recomputation, which must hold."""
    decisions, _ = read_decisions(scenario, plan.tables)
    outcome = reward_outcome(scenario, decisions.rewards)
    cube = demand_cube(scenario)
    room = _room(scenario, cube, outcome)
    funders = set(scenario["offer_funding"]["partner"].to_list())
    partners = scenario["partners"]["partner"].to_list()
    funded = {name: money for name, money in zip(partners, outcome.funded, strict=True) if name in funders}
    around = surroundings(scenario, Totals(outcome.uplift, funded, {}), room=room)
    recipes = scenario["recipes"].select("plant", "product", "max_lot").iter_rows()
    largest = {(name, product): np.inf if most is None else most for name, product, most in recipes}
    blocks = [
        _fixed_plant(*plant_block(name, around.plant), plan["production"], largest) for name in around.index.plants
    ]
    blocks += [_fixed_partner(name, around, plan, worth) for name in around.index.partners]
    blocks.append(_subscriptions(scenario, around, cube, outcome))
    order, slot = _order_block(around)
    blocks.append(order)
    assembly = assemble(blocks, _links_without_rewards(around.links))
    return _located(around, assembly, blocks, plan["service"], slot, room=room)


def _room(scenario: Scenario, cube: DemandCube, outcome: RewardOutcome) -> float:
    """Return the largest order that may be asked about: all that is ordered and demanded of any one product."""
    asked = (cube.base + outcome.uplift).sum(axis=(0, 2))
    ordered = dict(scenario["orders"].group_by("product").agg(pl.col("quantity").sum()).iter_rows())
    products = scenario["products"]["product"].to_list()
    return max([1.0, *(float(asked[k]) + float(ordered.get(name, 0.0)) for k, name in enumerate(products))])


def _with_bounds(block: Block, lower: Floats, upper: Floats, free_rows: Ints) -> Block:
    row_lower, row_upper = block.program.row_lower.copy(), block.program.row_upper.copy()
    row_lower[free_rows], row_upper[free_rows] = -np.inf, np.inf
    program = replace(block.program, lower=lower, upper=upper, row_lower=row_lower, row_upper=row_upper)
    return replace(block, program=program)


def _fixed_plant(
    block: Block, layout: PlantLayout, production: pl.DataFrame, largest: Mapping[tuple[str, str], float]
) -> Block:
    """Fix a plant's set-ups; what ties production to them becomes bounds of production.

    A bound that follows from capacity is doubled, so that what is scarce is the capacity and not the bound.
    """
    lower, upper = block.program.lower.copy(), block.program.upper.copy()
    mine = production.filter((pl.col("plant") == layout.plant) & (pl.col("setup") == 1))
    planned = {(product, t) for product, t in mine.select("product", "period").iter_rows()}
    least = _smallest_lots(block)
    for product, setups in layout.setup.items():
        made = layout.production[product]
        used = np.array([(product, t) in planned for t in range(len(setups))], dtype=float)
        used = np.clip(used, lower[setups], upper[setups])
        lower[setups] = upper[setups] = used
        free = upper[made] > lower[made]
        upper[made] = np.where(free, np.minimum(2 * upper[made], largest[layout.plant, product]), upper[made]) * used
        lower[made] = np.minimum(np.maximum(lower[made], least.get(product, 0.0) * used), upper[made])
    ties = [i for i, kind in enumerate(block.rows.kind) if kind in {"lot-most", "lot-least", "regular-lot"}]
    return _with_bounds(block, lower, upper, np.array(ties, dtype=np.int32))


def _smallest_lots(block: Block) -> dict[str, float]:
    """Return the smallest lot of every product that has one, as the block's rows state it."""
    matrix, found = block.program.rows, {}
    for i, kind in enumerate(block.rows.kind):
        if kind == "lot-least" and np.isfinite(block.program.row_lower[i]):
            found[block.rows.key[i]] = -float(matrix.value[matrix.start[i] : matrix.start[i + 1]].min())
    return found


def _fixed_partner(partner: str, around: Surroundings, plan: Plan, worth: Recomputation) -> Block:
    """Fix a partner's tiers, what it pays for rewards, and the violation of its reward floors."""
    block, layout = partner_block(partner, around.partner)
    lower, upper = block.program.lower.copy(), block.program.upper.copy()
    if len(layout.released):
        lower[layout.released] = upper[layout.released] = around.partner.spend[partner]
    tiers = dict(block.choices)
    for clause in around.scenario.clauses:
        for scope in clause_scopes(clause, around.scenario.horizon):
            if isinstance(clause, RebateClause) and clause.supplier == partner:
                group = tiers[f"{clause.id}@{scope_label(scope)}"]
                lower[group] = upper[group] = 0.0
                reached = group[reached_tier(clause, scope, plan["purchases"])]
                lower[reached] = upper[reached] = 1.0
    floors = {clause.id for clause in around.scenario.clauses if isinstance(clause, RewardFloorClause)}
    missed = {
        (clause, HORIZON if window is None else window): amount
        for clause, window, amount in worth.clauses.select("clause", "window", "violation").iter_rows()
    }
    for j, (kind, key) in enumerate(zip(block.columns.kind, block.columns.key, strict=True)):
        if kind == "violation" and key in floors:
            lower[j] = upper[j] = missed.get((key, int(block.columns.period[j])), 0.0)
    return _with_bounds(block, lower, upper, np.zeros(0, dtype=np.int32))


def reached_tier(clause: RebateClause, scope: ClauseScope, purchases: pl.DataFrame) -> int:
    """Return the number of the highest tier that the purchases of a plan reach in a scope, 0 for none."""
    inside = (pl.col("partner") == clause.supplier) & pl.col("period").is_in(list(scope.periods))
    bought = float(purchases.filter(inside)["quantity"].sum()) * (1 + _REACHED) + _REACHED
    return sum(tier.from_quantity <= bought for tier in clause.tiers)


def _subscriptions(scenario: Scenario, around: Surroundings, cube: DemandCube, outcome: RewardOutcome) -> Block:
    builder, index = BlockBuilder(SUBSCRIPTIONS), around.index
    demand = cube.base + outcome.uplift
    builder.offset = reward_cost(scenario, outcome) - float((cube.penalty * demand).sum())
    markets = scenario["segments"]["market"].to_list()
    for s, segment in enumerate(index.segments):
        for k, product in enumerate(index.products):
            t = np.flatnonzero(demand[s, k] > 0).astype(np.int32)
            worth = (cube.revenue + cube.penalty)[s, k, t]
            keys = [f"{segment}/{product}"] * len(t)
            columns = builder.add_columns("served", keys, t, upper=demand[s, k, t], objective=worth)
            rows = [around.links.market(index.markets[markets[s]], k, int(period)) for period in t]
            builder.add_links(np.array(rows, dtype=np.int32), columns, -1.0)
    return builder.build(len(around.links.links.labels))


def _order_block(around: Surroundings) -> tuple[Block, Ints]:
    """Return the block of the new order and its slots."""
    builder, index = BlockBuilder(ORDER), around.index
    t = np.arange(index.periods, dtype=np.int32)
    taken = builder.add_columns("taken", [ORDER] * len(t), t, upper=0.0)
    total = builder.add_rows("taken", [ORDER] * len(t), t, lower=0.0, upper=0.0)
    builder.add_entries(total, taken, -1.0)
    quantity = builder.add_rows("quantity", [ORDER], HORIZON, upper=0.0)
    builder.add_entries(quantity, taken, 1.0)
    slot = np.zeros((len(index.markets), len(index.products), index.periods), dtype=np.int32)
    for m, market in enumerate(index.markets):
        for k, product in enumerate(index.products):
            slot[m, k] = builder.add_columns("slot", [f"{market}/{product}"] * len(t), t, upper=0.0)
            builder.add_entries(total, slot[m, k], 1.0)
            builder.add_links([around.links.market(m, k, int(period)) for period in t], slot[m, k], -1.0)
    return builder.build(len(around.links.links.labels)), slot


def _links_without_rewards(links: LinkMap) -> Links:
    """Free the rows that only rewards move."""
    floors = [link.row for link in links.clauses if isinstance(link.clause, RewardFloorClause)]
    rows = np.array([*links.funding.values(), *links.redemptions.values(), *floors], dtype=np.int32)
    lower, upper = links.links.lower.copy(), links.links.upper.copy()
    lower[rows], upper[rows] = -np.inf, np.inf
    return Links(links.links.labels, lower, upper)


def _located(
    around: Surroundings, assembly: Assembly, blocks: list[Block], service: pl.DataFrame, slot: Ints, *, room: float
) -> AcceptedProgram:
    places = _places([(b.name, b.columns) for b in blocks])
    columns = {place: j for j, place in enumerate(places)}
    row_places = _places([(b.name, b.rows) for b in blocks])
    rows = {place: i for i, place in enumerate(row_places)}
    wanted = service.filter(pl.col("kind") == ORDER).select("id", "period", "quantity").iter_rows()
    planned = {(order, t): quantity for order, t, quantity in wanted}
    served = {place: j for place, j in columns.items() if place[0].startswith("partner:") and place[1] == "served"}
    promised = np.array(list(served.values()), dtype=np.int32)
    promise = np.array([planned.get((order, t), 0.0) for _, _, order, t in served])
    promise = np.minimum(np.maximum(promise - _KEPT * (1 + promise), 0.0), assembly.program.upper[promised])
    lower = assembly.program.lower.copy()
    lower[promised] = promise
    first = int(assembly.column_start[len(blocks) - 1])
    open_columns = np.array([place[1] == "violation" for place in places])
    open_columns[promised] = True
    open_columns[first:] = True
    taken = np.arange(first, first + around.index.periods, dtype=np.int32)
    counting = [i for place, i in rows.items() if place[1] in {"volume", "service"}]
    counting += [int(assembly.row_start[-1]) + link.row for link in around.links.clauses]
    return AcceptedProgram(
        around=around,
        assembly=assembly,
        program=replace(assembly.program, lower=lower, rows=_with_places(assembly.program.rows, counting, taken)),
        columns=columns,
        places=places,
        rows=rows,
        row_places=row_places,
        promised=promised,
        promise=promise,
        slot=slot + np.int32(first),
        taken=taken,
        order_row=rows[ORDER, "quantity", ORDER, HORIZON],
        open_columns=open_columns,
        room=room,
    )


def _with_places(matrix: SparseRows, rows: Sequence[int], columns: Ints) -> SparseRows:
    """Return the matrix with entries of 0 at every pair, where an order may come to count."""
    i, j = np.meshgrid(np.array(rows, dtype=np.int32), columns, indexing="ij")
    return SparseRows.from_triplets(
        np.concatenate([matrix.row_of_entry(), i.ravel()]),
        np.concatenate([matrix.index, j.ravel()]),
        np.concatenate([matrix.value, np.zeros(i.size)]),
        matrix.rows,
        matrix.columns,
    )


def _places(parts: Sequence[tuple[str, Labels]]) -> tuple[Place, ...]:
    return tuple(
        (name, kind, key, t)
        for name, labels in parts
        for kind, key, t in zip(labels.kind, labels.key, labels.period.tolist(), strict=True)
    )
