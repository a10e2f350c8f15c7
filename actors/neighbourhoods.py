"""Which parts of a plan are worth deciding anew together: some products, wherever they are made, moved and served."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from actors.joint_problem import JointProblem
from solvers.core.program import Bools, Ints

SIZES = (1, 2, 3)
"""How many products of a group are decided anew together, sweep by sweep."""
_ANYWHERE = frozenset({"bought", "bought-in-tier", "violation", "released"})
"""Columns of partners that follow whatever is made."""
_IN_PLANT = frozenset({"overtime", "draw"})
"""Columns of plants that follow whatever they make."""


@dataclass(frozen=True, slots=True, eq=False)
class ProductColumns:
    """``product`` int32 [columns]: whose column it is, −1 none's; ``follows`` and ``in_plant`` bool [columns] as above.

    ``block`` int32 [columns]: whose block it is in. ``groups`` are products that share resources, each a tuple.
    """

    product: Ints
    block: Ints
    follows: Bools
    in_plant: Bools
    groups: tuple[tuple[int, ...], ...]

    def around(self, products: Sequence[int]) -> Bools:
        """Return the columns that decide about these products, bool of shape (columns,)."""
        free: Bools = np.isin(self.product, products)
        return free | self.follows | (self.in_plant & np.isin(self.block, np.unique(self.block[free])))


def product_columns(problem: JointProblem) -> ProductColumns:
    """Read from the labels of the blocks which columns belong to which product."""
    scenario = problem.around.scenario
    number = {name: k for k, name in enumerate(scenario["products"]["product"].to_list())}
    ordered = {order: number[name] for order, name in scenario["orders"].select("order", "product").iter_rows()}
    product, follows, in_plant = [], [], []
    for block in problem.blocks:
        role = block.name.partition(":")[0]
        for kind, key in zip(block.columns.kind, block.columns.key, strict=True):
            follows.append(role == "partner" and kind in _ANYWHERE)
            in_plant.append(role == "plant" and kind in _IN_PLANT)
            if role == "partner":
                product.append(ordered[key] if kind == "served" else -1)
            else:
                product.append(-1 if in_plant[-1] else number.get(key.rpartition("/")[2], -1))
    sizes = [block.program.columns for block in problem.blocks]
    return ProductColumns(
        product=np.array(product, dtype=np.int32),
        block=np.repeat(np.arange(len(sizes), dtype=np.int32), sizes),
        follows=np.array(follows, dtype=bool),
        in_plant=np.array(in_plant, dtype=bool),
        groups=_sharing(problem, number),
    )


def batches(groups: Sequence[Sequence[int]], size: int) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Yield sets of products to decide anew side by side: the next ``size`` products of every group at a time."""
    parts = [[tuple(group[i : i + size]) for i in range(0, len(group), size)] for group in groups]
    for i in range(max(map(len, parts), default=0)):
        yield tuple(part[i] for part in parts if i < len(part))


def _sharing(problem: JointProblem, number: dict[str, int]) -> tuple[tuple[int, ...], ...]:
    """Join products that use one resource of one plant, or one of which is made of the other."""
    scenario, group = problem.around.scenario, {}
    made = list(dict.fromkeys(number[k] for k in scenario["recipes"]["product"].to_list()))
    group = {k: k for k in made}
    first: dict[tuple[str, str], int] = {}
    pairs = [
        (first.setdefault((plant, resource), number[k]), number[k])
        for plant, resource, k in scenario["routings"].select("plant", "resource", "product").iter_rows()
    ]
    parts = scenario["bom"].select("product", "component").iter_rows()
    pairs += [(number[k], number[part]) for k, part in parts if part in number]
    for one, other in pairs:
        if one in group and other in group:
            old, new = group[other], group[one]
            group = {k: new if g == old else g for k, g in group.items()}
    return tuple(tuple(k for k in made if group[k] == g) for g in dict.fromkeys(group[k] for k in made))
