"""Generated networks: plants with lots, set-ups and capacity, coupled by few rows of bought material and contracts.

Each plant p is a capacitated lot-sizing problem of its own (:class:`LotSizingInstance`: set-up times and costs,
overtime, lost sales). With items i, periods t, materials m and families f of items the plants meet in ``M·T + F + 1``
rows, 21 at the usual size of 5 items, 8 periods, 2 materials and 4 families:

    material[m,t]   Σ_p Σ_i use[m,i]·x[p,i,t] − spot[m,t] ≤ supply[m,t]         what suppliers can bring in a period
    contract[f]     Σ_p Σ_{i in f} Σ_t lost[p,i,t] − breach[f] ≤ promised[f]    what a family may stay short of in all
    overtime        Σ_p Σ_t overtime[p,t] ≤ hours                               one agreement for all plants

Material bought on the spot and breaches of contract are dear columns of no plant, so every network has a plan. Source
of the plants: Trigeiro, Thomas, McClain (1989), Capacitated lot sizing with setup times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from solvers.coordination.block_problem import BlockProblem, Part
from solvers.core.program import Floats, Ints, Program, SparseRows
from solvers.lotsizing.facility_location import facility_location_formulation
from solvers.lotsizing.formulation import Formulation
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plain import plain_formulation

Form = Literal["plain", "strong"]
_FORMULATE = {"plain": plain_formulation, "strong": facility_location_formulation}
_SPOT, _BREACH = 15.0, 60.0
"""Money per unit of material bought on the spot, and per unit short beyond what was promised."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """Plants and what they share.

    ``use`` float64 [M, N] in units of material per unit made, ``supply`` float64 [M, T], ``family`` int32 [N],
    ``promised`` float64 [F] in units, ``hours`` in capacity units.
    """

    plants: tuple[LotSizingInstance, ...]
    use: Floats
    supply: Floats
    family: Ints
    promised: Floats
    hours: float


def generated_network(*, plants: int, seed: int, items: int = 5, periods: int = 8, materials: int = 2) -> Network:
    """Return a network in whole numbers; the same arguments give the same network on every machine."""
    chance = np.random.default_rng([seed, plants, items, periods])
    made = tuple(_plant(chance, items, periods) for _ in range(plants))
    demand = np.sum([plant.demand for plant in made], axis=0)
    use = chance.integers(0, 5, (materials, items)).astype(np.float64)
    family = (np.arange(items) % min(4, items)).astype(np.int32)
    need = use @ demand.sum(axis=1) / periods
    supply = np.rint(need[:, None] * chance.uniform(0.85, 1.1, (materials, periods)))
    return Network(
        plants=made,
        use=use,
        supply=supply,
        family=family,
        promised=np.rint(0.08 * np.bincount(family, demand.sum(axis=1))),
        hours=float(np.rint(0.02 * sum(plant.capacity.sum() for plant in made))),
    )


def _plant(chance: np.random.Generator, items: int, periods: int) -> LotSizingInstance:
    phase = np.arange(periods)[None, :] / periods + chance.random((items, 1))
    asked = np.maximum(0.0, chance.normal(100, 30, (items, periods))) * (chance.random((items, periods)) < 0.85)
    demand = np.rint(asked * (1 + 0.4 * np.sin(2 * np.pi * phase)))
    holding = chance.integers(5, 16, (items, 1)) / 10
    setup_time = chance.integers(20, 40, (items, 1)).astype(np.float64)
    # A set-up every second period and nine tenths of the time at work.
    capacity = np.rint((demand.sum() / periods + setup_time.sum() / 2) / 0.9)
    return LotSizingInstance(
        demand=demand,
        setup_cost=np.rint(200 * holding * chance.uniform(0.7, 1.3, (items, 1))),
        unit_cost=chance.integers(1, 5, (items, 1)).astype(np.float64),
        holding_cost=holding,
        setup_time=setup_time,
        unit_time=np.ones((items, 1)),
        capacity=np.full((1, periods), capacity),
        overtime_most=np.full((1, periods), np.rint(0.2 * capacity)),
        overtime_cost=np.full((1, 1), 3.0),
        shortage_cost=chance.integers(30, 80, items).astype(np.float64),
    )


def block_problem(network: Network, form: Form = "strong") -> BlockProblem:
    """Return the network as blocks, one per plant, and master columns, spot purchases first and then breaches."""
    programs = [_FORMULATE[form](plant) for plant in network.plants]
    parts = tuple(Part(f"plant {p}", made.program, _link_entries(network, made)) for p, made in enumerate(programs))
    upper = np.concatenate([network.supply.ravel(), network.promised, [network.hours]])
    master = _master(_largest(network))
    columns = sum(part.program.columns for part in (*parts, master))
    return BlockProblem(parts, master, np.full(len(upper), -np.inf), upper, np.arange(columns, dtype=np.int32))


def _largest(network: Network) -> tuple[Floats, Floats]:
    """Return more than any plan buys on the spot [M·T] and more than it can breach [F]."""
    demand = np.sum([plant.demand.sum(axis=1) for plant in network.plants], axis=0)
    spot = np.repeat(network.use @ demand, network.supply.shape[1])
    breach: Floats = np.bincount(network.family, demand).astype(np.float64)
    return spot, breach


def _master(largest: tuple[Floats, Floats]) -> Part:
    spot, breach = largest
    columns = len(spot) + len(breach)
    every, none = np.arange(columns), np.zeros(0)
    program = Program(
        objective=-np.repeat([_SPOT, _BREACH], [len(spot), len(breach)]),
        lower=np.zeros(columns),
        upper=np.concatenate([spot, breach]),
        integer=np.zeros(columns, dtype=np.bool_),
        rows=SparseRows.from_triplets((), (), (), 0, columns),
        row_lower=none,
        row_upper=none,
    )
    return Part("master", program, SparseRows.from_triplets(every, every, -np.ones(columns), columns + 1, columns))


def _link_entries(network: Network, formulation: Formulation) -> SparseRows:
    """Return a plant's entries in the common rows, in the numbering of its program."""
    families = formulation.families
    materials, periods = network.supply.shape
    first_contract, last = materials * periods, materials * periods + len(network.promised)
    material, item = np.nonzero(network.use)
    row = [(material[:, None] * periods + np.arange(periods)).ravel()]
    column = [families.production[item].ravel()]
    value = [np.repeat(network.use[material, item], periods)]
    lost = families.lost
    row.append(np.repeat(first_contract + network.family, periods))
    column.append(lost.ravel())
    overtime = families.overtime.ravel()
    row.append(np.full(len(overtime), last))
    column.append(overtime)
    value += [np.ones(lost.size), np.ones(len(overtime))]
    return SparseRows.from_triplets(
        np.concatenate(row), np.concatenate(column), np.concatenate(value), last + 1, formulation.program.columns
    )
