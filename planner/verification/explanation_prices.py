"""The multipliers that a plan's bound rests on, read as prices of rows.

A plan stores the multipliers of several leaves; prices are those of the leaf that decides the bound
(``certificate.priced_leaf`` of ``plan.json``). With ``L = c·x − y·(A·x − b)`` a row ``≤ b`` has y ≥ 0, and y is what
one more unit of b is worth; a row ``≥ b`` has y ≤ 0. Rows that the table leaves out have multiplier 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from planner.domain.plan import Plan

HORIZON = -1
"""The period of rows that cover the whole horizon."""

LINKS = "links"
"""The block of the rows that couple agents."""


@dataclass(frozen=True, slots=True, eq=False)
class RowPrices:
    """Multipliers by (block, row, period); ``known`` says whether the plan stores any."""

    duals: Mapping[tuple[str, str, int], float]

    @property
    def known(self) -> bool:
        """Whether the plan has multipliers at all."""
        return bool(self.duals)

    def at(self, block: str, row: str, period: int) -> float:
        """Return the multiplier of a row, 0 where none is stored."""
        return self.duals.get((block, row, period), 0.0)

    def market(self, market: str, product: str, period: int) -> float:
        """Return what one more unit on a market is worth, ≥ 0."""
        return max(0.0, -self.at(LINKS, f"market/{market}/{product}", period))

    def material(self, material: str, period: int) -> float:
        """Return what one more unit of a bought material is worth, ≥ 0."""
        return max(0.0, -self.at(LINKS, f"material/{material}", period))

    def capacity(self, plant: str, resource: str, period: int) -> float:
        """Return what one more unit of capacity is worth, ≥ 0."""
        return max(0.0, self.at(f"plant:{plant}", f"capacity/{resource}", period))

    def long_lot(self, plant: str, resource: str, product: str, period: int) -> float:
        """Return what a unit of capacity costs beside its price in a lot that is longer than regular time, ≥ 0."""
        return max(0.0, self.at(f"plant:{plant}", f"regular-lot/{resource}/{product}", period))

    def long_lots(self, plant: str, resource: str, period: int) -> float:
        """Return the same for all such lots of a resource together, ≥ 0."""
        return max(0.0, self.at(f"plant:{plant}", f"regular-lot/{resource}", period))

    def item(self, plant: str, item: str, period: int) -> float:
        """Return what one more unit of an item at a plant is worth; it may be negative."""
        return self.at(f"plant:{plant}", f"balance/{item}", period)

    def setup_share(self, plant: str, product: str, period: int) -> float:
        """Return what a unit pays towards its set-up (and towards the largest lot), less what a smallest lot forces."""
        block = f"plant:{plant}"
        return self.at(block, f"lot-least/{product}", period) - self.at(block, f"lot-most/{product}", period)

    def moved(self, plant: str, clause: str, product: str, period: int) -> float:
        """Return what making one more unit costs because a stability clause counts moves from the baseline."""
        block, key = f"plant:{plant}", f"{clause}/{product}"
        return self.at(block, f"above/{key}", period) - self.at(block, f"below/{key}", period)

    def reservation(self, clause: str, period: int) -> float:
        """Return the price of a reservation clause's row in a period, ≥ 0."""
        return max(0.0, self.at(LINKS, f"reservation/{clause}@", period))

    def funding(self, partner: str, window: int) -> float:
        """Return what a unit of a partner's money costs in a reward window; negative where a floor asks for more."""
        return -self.at(LINKS, f"funding/{partner}", window)

    def redemptions(self, offer: str) -> float:
        """Return the price of an offer's limit on redemptions, ≥ 0."""
        return max(0.0, self.at(LINKS, f"redemptions/{offer}", HORIZON))


def read_prices(plan: Plan) -> RowPrices:
    """Return the prices of a plan: multipliers of the priced leaf, or of the first one where none is named."""
    certificate = plan.summary.get("certificate")
    leaf = certificate.get("priced_leaf") if isinstance(certificate, Mapping) else None
    prefix = f"{leaf or 'leaf-0'}/"
    rows = plan["duals"].filter(pl.col("block").str.starts_with(prefix))
    cells = rows.with_columns(pl.col("period").fill_null(HORIZON)).select("block", "row", "period", "dual")
    return RowPrices(
        {(block.removeprefix(prefix), row, period): dual for block, row, period, dual in cells.iter_rows()}
    )
