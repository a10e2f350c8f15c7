"""A planning scenario: everything known before planning, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from planner.domain.clauses import Clause, Contract
from planner.domain.horizon import Horizon
from planner.domain.schema import TABLES


@dataclass(frozen=True, slots=True)
class EligibilityRule:
    """A versionless SQL condition; a customer and offer that match it (or give NULL) are forbidden."""

    id: str
    effect: str
    when: str


@dataclass(frozen=True, slots=True)
class ScenarioHeader:
    """What ``scenario.json`` says: identity, currency, horizon, provenance and the assumptions made."""

    id: str
    title: str
    currency: str
    horizon: Horizon
    provenance: str
    assumptions: Mapping[str, object]
    seed: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """All tables of `concordat.scenario/1`; see :data:`planner.domain.schema.TABLES` for their columns.

    Every frame has at least the declared columns in their declared types. An optional table that is not given is
    empty. Rows keep the order of the files.
    """

    header: ScenarioHeader
    tables: Mapping[str, pl.DataFrame]
    eligibility: tuple[EligibilityRule, ...] = ()
    contracts: tuple[Contract, ...] = field(default=())

    def __post_init__(self) -> None:
        absent = [name for name in TABLES if name not in self.tables]
        missing = [name for name in absent if not TABLES[name].optional]
        if missing:
            raise ValueError(f"a scenario needs a frame for every table; missing {missing} (use Table.empty())")
        if absent:
            object.__setattr__(self, "tables", {**self.tables, **{name: TABLES[name].empty() for name in absent}})

    def __getitem__(self, table: str) -> pl.DataFrame:
        """Return the frame of a table."""
        return self.tables[table]

    @property
    def horizon(self) -> Horizon:
        """Periods and reward windows."""
        return self.header.horizon

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """All clauses, in the order of the contracts."""
        return tuple(clause for contract in self.contracts for clause in contract.clauses)
