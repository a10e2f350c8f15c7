"""The plant agent: answers prices with the best lots it can make, and a bound on any lots it could make."""

from __future__ import annotations

from actors.block_pricing import BlockPricing
from actors.formulate.plant import PlantLayout, plant_block
from actors.formulate.problem import Around
from actors.formulate.solution import plant_tables
from actors.kept_answers import KeptAnswers
from actors.protocol import AskPrice, Decide, Decided, Formulate, Formulated, Message, Reply
from solvers.core.backend import Backend


class PlantAgent:
    """One plant: its lot-sizing program lives in a persistent model that only changes its objective.

    ``kept`` holds what plants of this process answered before.
    """

    def __init__(self, plant: str, around: Around, backend: Backend, kept: KeptAnswers | None = None) -> None:
        self.name = f"plant:{plant}"
        self._plant, self._around, self._backend, self._kept = plant, around, backend, kept
        self._pricing: BlockPricing | None = None
        self._layout: PlantLayout | None = None

    def handle(self, message: Message) -> Reply:
        """Answer a message."""
        if isinstance(message, Formulate):
            block, self._layout = plant_block(self._plant, self._around(message.totals).plant)
            self._pricing = BlockPricing(block, self._backend, relative_gap=5e-4, kept=self._kept)
            return Formulated(block)
        if self._pricing is None or self._layout is None:
            raise RuntimeError(f"{self.name} was asked before it formulated its program; send Formulate first")
        if isinstance(message, AskPrice):
            return self._pricing.answer(message)
        if isinstance(message, Decide):
            return Decided(plant_tables(self._layout, message.x))
        raise TypeError(f"{self.name} does not take {type(message).__name__}")
