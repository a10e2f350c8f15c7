"""The partner agent: releases budgets, picks rebate tiers and volumes, and says which orders are worth serving."""

from __future__ import annotations

from actors.formulate.partner import PartnerLayout, partner_block
from actors.formulate.problem import Around
from actors.formulate.solution import partner_tables
from actors.partner_pricing import PartnerPricing
from actors.protocol import AskPrice, Decide, Decided, Formulate, Formulated, Message, Reply
from planner.domain.scenario import Scenario
from solvers.core.backend import Backend


class PartnerAgent:
    """One partner: orders it placed, material it supplies, offers it funds, clauses it holds."""

    def __init__(self, partner: str, scenario: Scenario, around: Around, backend: Backend) -> None:
        self.name = f"partner:{partner}"
        self._partner, self._around, self._backend = partner, around, backend
        orders = scenario["orders"].select("order", "product", "period").iter_rows()
        self._orders = {order: (product, due) for order, product, due in orders}
        self._pricing: PartnerPricing | None = None
        self._layout: PartnerLayout | None = None

    def handle(self, message: Message) -> Reply:
        """Answer a message."""
        if isinstance(message, Formulate):
            around = self._around(message.totals)
            block, self._layout = partner_block(self._partner, around.partner)
            self._pricing = PartnerPricing(block, around.scenario, self._backend, relative_gap=1e-6)
            return Formulated(block)
        if self._pricing is None or self._layout is None:
            raise RuntimeError(f"{self.name} was asked before it formulated its program; send Formulate first")
        if isinstance(message, AskPrice):
            return self._pricing.answer(message)
        if isinstance(message, Decide):
            return Decided(partner_tables(self._layout, message.x, self._orders))
        raise TypeError(f"{self.name} does not take {type(message).__name__}")
