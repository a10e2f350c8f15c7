"""The coordinator's way to agents on hosts that may die, fall silent, or be gone for good.

A round is one message per host. A host that died or fell silent is begun anew, told again which agents it holds and
what the segments' totals are, and asked again. One that cannot be brought back, with its node perhaps, is given up for
this turn: its agents move to the other hosts and are asked there. Agents answer from their inputs alone, so none of
this changes a plan; a host that was given up and lives on is fenced by the epochs of its agents.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from actors.placement import placed
from actors.protocol import Formulate, Message, Reply
from actors.recovery import Turn
from actors.settings import Patience
from planner.domain.errors import ConcordatError, PlanningFailed
from planner.ports.run_steps import RunStep, StepKind

if TYPE_CHECKING:  # the gateway loads this module, but runs nothing
    from actors.run_diary import RunSteps
    from actors.solver_logs import RunLogs

RETRIES = 6
"""How often a host is brought back in one round, before it is given up."""
_LATE = 2
"""How often a host may be silent, or take too long, before its agents count as having no answer in a round."""
_START_SECONDS = 240.0
"""How long the process of a host may take to stand, and to read its scenario, while there are others."""

_log = structlog.get_logger("concordat.agents")


class HostLost(Exception):
    """The process of a host ended or cannot be reached, or it stands again and was not told yet what it holds."""


class Hosts(Protocol):
    """Hosts of agents as somebody far away sees them; each answers calls one after the other."""

    @property
    def names(self) -> tuple[str, ...]:
        """What they are called, each by a name of its own."""
        ...

    def call(self, host: str, method: str, *arguments: Any, **named: Any) -> Any:
        """Call a method of :class:`actors.agent_host.AgentHost`; returns what to wait for."""
        ...

    def ready(self, call: Any, seconds: float) -> bool:
        """Wait for so many seconds; tells whether a call is over."""
        ...

    def answer(self, call: Any, seconds: float | None = None) -> Any:
        """Return the answer to a call.

        Raises
        ------
        HostLost
            If the host died over it, or holds nothing.
        TimeoutError
            If it takes longer than so many seconds.
        """
        ...

    def kill(self, host: str) -> None:
        """End the process of a host, for another one to begin in its place."""
        ...


class HostedNetwork:
    """Agents on hosts; see :class:`actors.protocol.AgentNetwork` and :class:`actors.checked_replies.RenewableNetwork`.

    ``steps`` are told how long agents took, and which hosts had to be brought back. Solvers tell to ``logs``, if
    anywhere.
    """

    def __init__(
        self,
        turn: Turn,
        hosts: Hosts,
        scenario_folder: str,
        names: tuple[str, ...],
        *,
        steps: RunSteps,
        logs: RunLogs | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._turn, self._hosts, self._folder = turn, hosts, scenario_folder
        self._names, self._steps, self._logs, self._patience = names, steps, logs, patience or Patience()
        self._living = list(hosts.names)
        self._place = placed(names, self._living)
        self._formulate: Formulate | None = None
        try:
            self._begin()
        except Exception:
            # What the hosts that took their agents up are told: that nothing came of it.
            with suppress(Exception):
                self.end(planned=False)
            raise

    def _begin(self) -> None:
        installed = {host: self._install(host) for host in self._living}
        for host, call in installed.items():
            try:
                self._hosts.answer(call, _START_SECONDS if len(self._living) > 1 else None)
            except (HostLost, TimeoutError):
                self._recover(host)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all agents."""
        return self._names

    def ask(self, messages: Mapping[str, Message]) -> Mapping[str, Reply]:
        """Deliver a round, one message per host, and further ones for agents that had to move.

        Raises
        ------
        PlanningFailed
            If no host is left.
        """
        for message in messages.values():
            if isinstance(message, Formulate):
                self._formulate = message
        found: dict[str, Reply] = {}
        left = dict(messages)
        while left:
            batches: dict[str, dict[str, Message]] = {}
            for name, message in left.items():
                batches.setdefault(self._place[name], {})[name] = message
            began = self._steps.now()
            pending = {host: self._hosts.call(host, "handle", batch) for host, batch in batches.items()}
            left = {}
            for host, call in pending.items():
                replies, seconds = self._collect(host, call, batches[host])
                found.update(replies)
                self._steps.add_answers(began, seconds)
                if host not in self._living:
                    left |= batches[host]
        return {name: found[name] for name in messages if name in found}

    def renew(self, names: Sequence[str]) -> None:
        """Begin the hosts of these agents anew; see :class:`actors.checked_replies.RenewableNetwork`."""
        for host in sorted({self._place[name] for name in names}):
            if host in self._living:  # one that was given up meanwhile has no agents any more
                with self._steps.timing(StepKind.RESTART, host):
                    self._hosts.kill(host)
                    self._recover(host)

    def end(self, planned: bool) -> None:  # noqa: FBT001 - a callback that is told one thing
        """Have every host note how this turn ended.

        A host that died since its last answer notes nothing: its agents stand as they stood, which the next turn ends.
        Every host is asked, whatever another one says. A plan is noted before it is written; where it is not written,
        a further end without a plan takes the note back.

        Raises
        ------
        EpochFenced
            If another host took over one of the agents: what they answered must not count.
        """
        refused: Exception | None = None
        for ended in [self._hosts.call(host, "end", self._turn.id, planned=planned) for host in self._living]:
            try:
                self._hosts.answer(ended)
            except HostLost:
                continue
            except ConcordatError as error:
                refused = refused or error
        if refused is not None:
            raise refused

    def _install(self, host: str) -> Any:
        return self._hosts.call(host, "install", self._folder, self._held_by(host), self._turn, logs=self._logs)

    def _held_by(self, host: str) -> tuple[str, ...]:
        return tuple(name for name in self._names if self._place[name] == host)

    def _collect(self, host: str, call: Any, batch: dict[str, Message]) -> tuple[dict[str, Reply], dict[str, float]]:
        """Return the answers of a host, begun anew if it must be; none if it is silent each time, or was given up."""
        late = lost = 0
        while late < _LATE and host in self._living:
            try:
                return self._awaited(host, call)
            except HostLost:
                noticed, lost = self._steps.now(), lost + 1
            except TimeoutError:
                noticed, late = self._steps.now(), late + 1
                self._hosts.kill(host)
            if lost == RETRIES:
                self._give_up(host)
            else:
                self._recover(host)
            self._steps.add(RunStep(kind=StepKind.RESTART, what=host, began=noticed, ended=self._steps.now()))
            if host in self._living:
                call = self._hosts.call(host, "handle", batch)
        return {}, {}

    def _awaited(self, host: str, call: Any) -> tuple[dict[str, Reply], dict[str, float]]:
        """Return the answers of a host that works; raises TimeoutError where it is silent or takes too long."""
        until = time.monotonic() + self._patience.round_seconds
        while not self._hosts.ready(call, self._patience.beat_seconds):
            # In the middle of a round too a host answers at once that it is there.
            self._hosts.answer(self._hosts.call(host, "alive"), self._patience.silent_seconds)
            if time.monotonic() > until:
                raise TimeoutError(f"the agents of host {host} took longer than a round may take")
        answer: tuple[dict[str, Reply], dict[str, float]] = self._hosts.answer(call)
        return answer

    def _recover(self, host: str) -> None:
        """Bring a host back, as often as it dies over it; give it up if that does not help."""
        for attempt in range(RETRIES):
            try:
                self._bring_back(host)
            except HostLost:
                if attempt < RETRIES - 1:
                    time.sleep(0.25 * 2**attempt)
            except TimeoutError:
                break
            else:
                return
        self._give_up(host)

    def _bring_back(self, host: str) -> None:
        """Tell a host what it holds; raises TimeoutError where it takes too long, or there is no process to tell."""
        if len(self._living) > 1:
            self._hosts.answer(self._hosts.call(host, "alive"), _START_SECONDS)
        patience = self._patience.round_seconds
        self._hosts.answer(self._install(host), patience)
        if self._formulate is not None:
            again = dict.fromkeys(self._held_by(host), self._formulate)
            self._hosts.answer(self._hosts.call(host, "handle", again), patience)

    def _give_up(self, host: str) -> None:
        """Let the other hosts take the agents of one that is lost.

        Raises
        ------
        PlanningFailed
            If there are none.
        """
        self._living.remove(host)
        if not self._living:
            raise PlanningFailed(
                f"host {host}, the last one with agents, ended and could not be brought back; see what ended it in the "
                "logs of its node, then ask for the plan anew"
            )
        stay = {name: at for name, at in self._place.items() if at in self._living}
        self._place = placed(self._names, self._living, kept=stay)
        _log.warning("agents move from a host that is lost", host=host, agents=len(self._names) - len(stay))
        for heir in sorted({self._place[name] for name in self._names if name not in stay}):
            if heir in self._living:
                self._recover(heir)
