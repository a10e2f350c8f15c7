"""Results of a made-up what-if run, as a case store returns them."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from planner.adapters.case_store import SCHEMA
from planner.ports.what_if import CaseResult


def case(
    name: str, value: float | None, bound: float | None = None, *, outcome: str = "planned", **more: object
) -> dict[str, object]:
    """Return the row of a case whose name tells its levels, as ``factor=level, …``; ``base`` has none.

    ``more`` are other columns, such as measures, clauses (see :func:`clause`) or partners (see :func:`partner`).
    """
    pairs = [] if name == "base" else [each.split("=", 1) for each in name.split(", ")]
    levels = [{"factor": factor, "level": level} for factor, level in pairs]
    row = {"key": name, "name": name, "outcome": outcome, "stopped_by": "gap", "seconds": 1.0, "clauses": [], **more}
    return {**row, "levels": levels, "value": value, "bound_checked": bound, "bound_proved": bound}


def clause(name: str, price: float, *, measure: float = 100.0, violation: float = 0.0) -> dict[str, object]:
    """Return what became of a clause over the horizon."""
    return {"clause": name, "window": None, "measure": measure, "violation": violation, "price": price}


def partner(name: str, money: float, *, orders: float = 0.0) -> Mapping[str, object]:
    """Return what a plan means to a partner that pays or gets money and is served orders."""
    none = dict.fromkeys(("purchases", "rebates", "funding", "penalties", "uplift_units"), 0.0)
    return {"partner": name, "money": money, "orders": orders, **none}


def results(*rows: Mapping[str, object]) -> pl.DataFrame:
    """Return rows as the table that a case store reads; columns that a row does not tell are null."""
    return pl.DataFrame([{name: row.get(name) for name in SCHEMA} for row in rows], schema=SCHEMA, orient="row")


class ResultsInMemory:
    """A case store without a disk, the latest result of each case; see :class:`planner.ports.what_if.CaseStore`."""

    def __init__(self) -> None:
        self.kept: dict[str, CaseResult] = {}

    def done(self) -> frozenset[str]:
        """Return the keys that are kept."""
        return frozenset(self.kept)

    def keep(self, result: CaseResult) -> None:
        """Keep one."""
        self.kept[result.key] = result
