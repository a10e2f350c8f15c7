"""What agents answered to prices in this run: whoever has no choices of his own is asked once at the same prices.

The leaves of the search differ in the choices they allow (rebate tiers). An agent's question names its own choices
only, so at prices that were asked for one leaf, another leaf costs the answers of those agents that have some.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from actors.protocol import AgentNetwork, AskPrice, Priced, Reply
from solvers.network.block import Block

MOST_PRICES = 8
"""Vectors of prices whose answers are kept, the last ones."""


class PriceAnswers:
    """The answers of one run, by prices and agent."""

    def __init__(self, blocks: Sequence[Block], network: AgentNetwork) -> None:
        self._network = network
        self._choices = {block.name: [name for name, _ in block.choices] for block in blocks}
        self._known: dict[str, dict[str, Priced]] = {}

    def questions(self, names: Sequence[str], about: AskPrice) -> dict[str, AskPrice]:
        """Return what each of the agents is asked, for a question about the whole."""
        general = replace(about, allowed={})
        asked = {}
        for name in names:
            own = {choice: about.allowed[choice] for choice in self._choices[name] if choice in about.allowed}
            asked[name] = replace(about, allowed=own) if own else general
        return asked

    def ask(self, asked: Mapping[str, AskPrice]) -> dict[str, Reply]:
        """Return the answers to these questions, which share their prices; agents are asked for what is not known."""
        general = next((question for question in asked.values() if not question.allowed), None)
        known = {} if general is None else self._known.pop(general.question, {})
        unknown = {name: question for name, question in asked.items() if question.allowed or name not in known}
        replies = self._network.ask(unknown) if unknown else {}
        if general is not None:
            for name, question in unknown.items():
                reply = replies.get(name)
                if not question.allowed and isinstance(reply, Priced) and reply.answers == question.question:
                    known[name] = reply
            self._known[general.question] = known
            while len(self._known) > MOST_PRICES:
                del self._known[next(iter(self._known))]
        return {name: replies.get(name) or known[name] for name in asked if name in replies or name in known}
