"""The segment agent: chooses rewards for its customers by prices, exactly, and makes shares into whole offers."""

from __future__ import annotations

import math

import numpy as np

from actors.formulate.earlier_offers import recalled_shares
from actors.formulate.problem import Around, SegmentPart, Surroundings, formulate_segment, segment_surroundings
from actors.formulate.segment import SegmentLayout, offer_prices
from actors.formulate.solution import reward_table, segment_tables
from actors.protocol import (
    AskPrice,
    Decide,
    Decided,
    Formulate,
    Formulated,
    Message,
    Priced,
    Realise,
    Realised,
    Recall,
    Recalled,
    Reply,
    Survey,
    Surveyed,
)
from planner.domain.scenario import Scenario
from solvers.core.program import Floats
from solvers.network.block import Block
from solvers.offers.assign import assign
from solvers.offers.best_response import BestResponse, best_response
from solvers.offers.instance import Choice
from solvers.offers.ledger import totals


class SegmentAgent:
    """One customer segment: its customers are columns, sorted once into classes of equal eligibility."""

    def __init__(self, part: SegmentPart, scenario: Scenario, derive: Around) -> None:
        self.name = f"segment:{part.members.segment}"
        self._part, self._scenario, self._derive = part, scenario, derive
        self._around: Surroundings | None = None
        self._block: Block | None = None
        self._layout: SegmentLayout | None = None

    def handle(self, message: Message) -> Reply:
        """Answer a message."""
        if isinstance(message, Survey):
            return Surveyed(self._part.potential, self._part.members.eligible)
        if isinstance(message, Formulate):
            self._around = self._derive(message.totals)
            self._block, self._layout = formulate_segment(self._part, self._around)
            return Formulated(self._block)
        if self._around is None or self._block is None or self._layout is None:
            raise RuntimeError(f"{self.name} was asked before it formulated its program; send Formulate first")
        if isinstance(message, AskPrice):
            return self._answer(message, self._around, self._block, self._layout)
        if isinstance(message, Recall):
            customers, offers = self._scenario["customers"]["customer"], self._scenario["offers"]["offer"]
            share = recalled_shares(self._part, message.rewards, customers, offers)
            x, known = np.zeros(self._block.program.columns), self._layout.given >= 0
            x[self._layout.given[known]] = share[known]
            return Recalled(x)
        if isinstance(message, Realise):
            return self._realise(message.x, self._layout)
        return self._decide(message, self._layout)

    def _answer(self, message: AskPrice, around: Surroundings, block: Block, layout: SegmentLayout) -> Priced:
        prices = message.prices
        offers, base = offer_prices(self._part.members, segment_surroundings(self._part, around), prices)
        response = best_response(self._part.members.instance, offers)
        x = self._solution(response, prices, around, layout)
        worth = float(block.program.objective @ x + block.program.offset)
        bound = math.nextafter(base + response.value_upper, math.inf)
        return Priced(bound, "exact best response", worth, block.links.times(x), answers=message.question)

    def _solution(self, response: BestResponse, prices: Floats, around: Surroundings, layout: SegmentLayout) -> Floats:
        """Return the linking columns of a best response; the shares behind them stay 0."""
        economics, links, index = self._part.economics, around.links, around.index
        x = np.zeros(0 if self._block is None else self._block.program.columns)
        known = layout.redeemed >= 0
        x[layout.redeemed[known]] = response.redemptions[known]
        demand = economics.base + np.einsum("wmkt,wm->kt", economics.units, response.redemptions)
        for product, columns in layout.served.items():
            k = index.products[product]
            rows = [links.market(economics.market, k, t) for t in range(index.periods)]
            pays = economics.revenue[k] + economics.penalty[k] + prices[rows] > 0
            x[columns] = np.where(pays, demand[k], 0.0)
        for (g, w), column in layout.reached.items():
            x[column] = response.counts[g, w]
        for clause, column in layout.reached_ever.items():
            x[column] = response.distinct[self._part.members.floors.index(clause)]
        return x

    def _choice(self, x: Floats, layout: SegmentLayout) -> Choice:
        share = np.where(layout.given >= 0, x[np.maximum(layout.given, 0)] if len(x) else 0.0, 0.0)
        return assign(self._part.members.instance, self._part.pools, share)

    def _realise(self, x: Floats, layout: SegmentLayout) -> Realised:
        found = totals(self._part.members.instance, self._choice(x, layout))
        known = layout.redeemed >= 0
        columns = [layout.redeemed[known], np.array(list(layout.reached.values()), dtype=np.int32)]
        values = [found.redemptions[known], np.array([found.counts[g, w] for g, w in layout.reached])]
        for clause, column in layout.reached_ever.items():
            columns.append(np.array([column], dtype=np.int32))
            values.append(found.distinct[[self._part.members.floors.index(clause)]])
        return Realised(np.concatenate(columns).astype(np.int32), np.concatenate(values), layout.definitions)

    def _decide(self, message: Decide, layout: SegmentLayout) -> Decided:
        customers, offers = self._scenario["customers"]["customer"], self._scenario["offers"]["offer"]
        choice = self._choice(message.shares, layout)
        tables = segment_tables(layout, message.x)
        tables["rewards"] = reward_table(self._part.members, choice, customers, offers)
        return Decided(tables)
