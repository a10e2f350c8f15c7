"""A company of about 200 agents, each of the kind of size that those of the demo have, drawn without any data.

The demo has 11 plants of 9 recipes, 24 segments of 5,000 customers and 21 partners over 13 periods. Here are 95 plants
of 10 recipes, 72 segments of 5,000 customers and 36 partners. A segment may want 80 products where the demo has 20.
"""

from __future__ import annotations

from dataclasses import replace

from planner.domain.scenario import Scenario
from planner.simulation.assemble import Story, assemble
from planner.simulation.contracts_side import Terms
from planner.simulation.draw import Draw
from planner.simulation.parameters import DEMO_CONTRACTS, DEMO_LOYALTY, DEMO_NETWORK, SyntheticParameters
from planner.simulation.statement import stated
from planner.simulation.synthetic_loyalty import synthetic_loyalty

_FAMILIES = tuple(f"F{index}" for index in range(20))
_MATERIALS = ("grain", "milk", "sugar", "oil")

NETWORK = replace(
    DEMO_NETWORK,
    markets=tuple(f"M{index}" for index in range(8)),
    plants=95,
    makers_per_product=10,
    materials=tuple((family, _MATERIALS[index % 4]) for index, family in enumerate(_FAMILIES)),
    second_sources=("grain", "oil"),
    lead_time_family="F3",
    min_lot_family="F1",
    cooled_family="F3",
)
LOYALTY = SyntheticParameters(customers=360_000, families=_FAMILIES, products_per_family=4)


def demo_sized_scenario(seed: int) -> Scenario:
    """Return the scenario of a seed; nothing in it is real."""
    draw = Draw("large", seed)
    side = synthetic_loyalty(draw, LOYALTY, markets=NETWORK.markets, periods=NETWORK.periods)
    assumed = stated({}, {"everything": "drawn from these parameters"}, LOYALTY, DEMO_LOYALTY, NETWORK, DEMO_CONTRACTS)
    story = Story(
        id=f"demo-sized-{seed}",
        title="A maker of about 200 agents, each of the kind of size that those of the demo have",
        provenance="Drawn from the parameters under assumptions; nothing in it is real.",
        assumptions=assumed,
        seed=seed,
    )
    return assemble(draw, side, Terms(DEMO_CONTRACTS, NETWORK, DEMO_LOYALTY), story)
