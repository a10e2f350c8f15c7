"""A host: many agents in one process, answering rounds of messages.

A host is a plain object; `in_process` calls it, `on_ray` wraps it in an actor.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from actors.brake import Brake
from actors.formulate.index import index_scenario
from actors.formulate.problem import Surroundings, Totals, segment_parts, surroundings
from actors.kept_answers import KeptAnswers, program_digest
from actors.partner import PartnerAgent
from actors.plant import PlantAgent
from actors.protocol import Agent, Formulated, Message, Reply
from actors.segment import SegmentAgent
from actors.solver_logs import RunLogs
from actors.versions import KEEPS_ANSWERS, newest
from actors.watched_solves import Watch, watched_backend
from planner.domain.scenario import Scenario
from planner.policy.eligibility import eligibility_patterns


def agent_names(scenario: Scenario) -> tuple[str, ...]:
    """Return the names of all agents of a scenario: plants, partners, segments, each in table order."""
    index = index_scenario(scenario)
    return tuple(
        f"{kind}:{name}"
        for kind, names in (("plant", index.plants), ("partner", index.partners), ("segment", index.segments))
        for name in names
    )


class SharedSurroundings:
    """The surroundings of one scenario, derived once for all agents of a process."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._known: tuple[Totals, Surroundings] | None = None

    def __call__(self, total: Totals) -> Surroundings:
        """Return the surroundings for these totals."""
        if self._known is None or self._known[0] is not total:
            self._known = (total, surroundings(self._scenario, total))
        return self._known[1]


class Host:
    """Some agents of a scenario; ``names`` says which. ``brake`` ends what they solve.

    ``kept`` holds what agents of this process answered before, perhaps for another scenario. Their solvers tell to
    ``logs``, if anywhere. Agents that ``versions`` does not name are of the newest version.
    """

    def __init__(
        self,
        scenario: Scenario,
        names: Sequence[str],
        *,
        plant_backend: str,
        partner_backend: str,
        brake: Brake | None = None,
        kept: KeptAnswers | None = None,
        logs: RunLogs | None = None,
        versions: Mapping[str, int] | None = None,
    ) -> None:
        self.blocks: dict[str, str] = {}
        watch = Watch(brake or Brake())
        around = SharedSurroundings(scenario)
        self._agents: dict[str, Agent] = {}
        segments = tuple(name.removeprefix("segment:") for name in names if name.startswith("segment:"))
        parts = {}
        if segments:
            eligibility = eligibility_patterns(scenario)
            parts = {part.members.segment: part for part in segment_parts(scenario, eligibility, segments)}
        for name in names:
            kind, _, identity = name.partition(":")
            log = None if logs is None or kind == "segment" else logs.of(name)
            if kind == "plant":
                solver = watched_backend(plant_backend, watch, log)
                version = (versions or {}).get(name) or newest(kind)
                self._agents[name] = PlantAgent(
                    identity, around, solver, kept if version >= KEEPS_ANSWERS[kind] else None
                )
            elif kind == "partner":
                solver = watched_backend(partner_backend, watch, log)
                self._agents[name] = PartnerAgent(identity, scenario, around, solver)
            else:
                self._agents[name] = SegmentAgent(parts[identity], scenario, around)

    def handle(self, messages: Mapping[str, Message]) -> dict[str, Reply]:
        """Answer a round: one message per named agent, replies in the order of the messages."""
        return {name: self._handled(name, message) for name, message in messages.items()}

    def handle_timed(self, messages: Mapping[str, Message]) -> tuple[dict[str, Reply], dict[str, float]]:
        """Answer a round as :meth:`handle` does; also tells the seconds each agent took, in the order they answered."""
        replies: dict[str, Reply] = {}
        seconds: dict[str, float] = {}
        for name, message in messages.items():
            began = time.monotonic()
            replies[name] = self._handled(name, message)
            seconds[name] = time.monotonic() - began
        return replies, seconds

    def _handled(self, name: str, message: Message) -> Reply:
        reply = self._agents[name].handle(message)
        if isinstance(reply, Formulated):
            self.blocks[name] = program_digest(reply.block.program).hex()
        return reply
