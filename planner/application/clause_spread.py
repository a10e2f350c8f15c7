"""What every clause's number is worth across the cases of a run: its price from the lowest to the highest."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

BINDS_FROM = 1e-6
"""Below this price a clause counts as one that binds nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseSpread:
    """A clause over all planned cases that have it.

    A price is that of a case, summed over windows: the change of value per unit by which the bound is loosened.
    ``worth`` is (lowest, highest) of what one per cent of the measure more leeway is worth, in money, which makes
    clauses of different units comparable. ``binding`` and ``violated`` count cases; ``dearest`` is the case of the
    highest price.
    """

    clause: str
    cases: int
    binding: int
    violated: int
    low: float
    median: float
    high: float
    worth: tuple[float, float]
    dearest: str

    @property
    def moves_by(self) -> float:
        """How far the worth of one per cent moves across cases, in money."""
        return self.worth[1] - self.worth[0]


def clause_prices(cases: pl.DataFrame) -> pl.DataFrame:
    """Return columns key, name, clause, price (sum over windows), worth (of one per cent), violation, per planned case.

    ``cases`` are results with columns key, name, value and clauses; clauses that a case dropped have no row there.
    """
    planned = cases.filter(pl.col("value").is_not_null()).select("key", "name", "clauses")
    rows = planned.explode("clauses").drop_nulls("clauses").unnest("clauses")
    return (
        rows.group_by("key", "name", "clause", maintain_order=True)
        .agg(
            pl.col("price").sum(),
            worth=(pl.col("price") * pl.col("measure").abs() / 100.0).sum(),
            violation=pl.col("violation").sum(),
        )
        .sort("clause", "name", "key")
    )


def clause_spreads(cases: pl.DataFrame) -> tuple[ClauseSpread, ...]:
    """Return every clause that has a row in some planned case, the one whose worth moves most first."""
    price = pl.col("price")
    spread = (
        clause_prices(cases)
        .group_by("clause", maintain_order=True)
        .agg(
            cases=pl.len(),
            binding=(price > BINDS_FROM).sum(),
            violated=(pl.col("violation") > BINDS_FROM).sum(),
            low=price.min(),
            median=price.median(),
            high=price.max(),
            worth_low=pl.col("worth").min(),
            worth_high=pl.col("worth").max(),
            dearest=pl.col("name").get(price.arg_max()),
        )
    )
    found = [
        ClauseSpread(worth=(low, high), **row)
        for row in spread.iter_rows(named=True)
        for low, high in [(row.pop("worth_low"), row.pop("worth_high"))]
    ]
    return tuple(sorted(found, key=lambda each: (-each.moves_by, each.low - each.high, -each.high, each.clause)))
