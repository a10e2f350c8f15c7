"""Contracts put together from their clauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from planner.domain.clauses import Clause, Contract

Dates = tuple[date | None, date | None]


def agree(partner: str, clauses: Sequence[Clause], *, dates: Dates = (None, None), version: int = 1) -> Contract:
    """Return the contract of a partner; its clauses take over the contract's id, partner and effective dates."""
    contract = f"C-{partner}"
    effective_from, effective_to = dates
    stamped = tuple(
        replace(clause, contract=contract, partner=partner, effective_from=effective_from, effective_to=effective_to)
        for clause in clauses
    )
    return Contract(contract, partner, version, effective_from, effective_to, stamped)
