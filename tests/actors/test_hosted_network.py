"""Agents on hosts that die: brought back where that is possible, else moved to the others, always with all answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from actors import hosted_network
from actors.hosted_network import RETRIES, HostedNetwork, HostLost
from actors.protocol import Formulate, Recalled, Survey
from actors.recovery import Turn
from actors.run_diary import RunSteps
from actors.settings import Patience
from planner.domain.errors import ConcordatError, InvalidRequest, PlanningFailed
from planner.ports.agent_journal import EpochFenced
from planner.ports.run_steps import StepKind

NAMES = tuple(f"{kind}:{number}" for kind in ("plant", "segment") for number in range(6))
FORMULATE: Any = Formulate(totals=None)  # type: ignore[arg-type]  # the fake hosts below do not look at it


@dataclass
class FakeHost:
    """A host of a test: what it holds and was told; it dies as often as ``deaths`` says, or whenever asked."""

    deaths: int = 0
    silent: int = 0
    held: tuple[str, ...] = ()
    formulated: frozenset[str] = frozenset()
    handled: int = 0
    turns: list[str] = field(default_factory=list)
    killed: int = 0
    on_handle: Callable[[], None] = lambda: None
    refuses: str = ""

    def install(self, _: str, names: tuple[str, ...], turn: Turn, *, logs: object) -> None:  # noqa: ARG002 - as a host has it
        """Hold these agents, which know nothing yet."""
        self._refuse("install")
        self.held, self.formulated = names, frozenset()
        self.turns.append(turn.id)

    def handle(self, batch: dict[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
        """Answer by the name of each agent asked."""
        self.on_handle()
        if not self.held:
            raise HostLost
        assert set(batch) <= set(self.held), "an agent is asked where it is not"
        if all(isinstance(message, Formulate) for message in batch.values()):
            self.formulated |= set(batch)
        else:
            self.handled += 1
            assert set(batch) <= self.formulated, "an agent is asked before it knows its program"
        return dict.fromkeys(batch, Recalled(x=None)), dict.fromkeys(batch, 0.0)  # type: ignore[arg-type]  # as above

    def end(self, turn: str, *, planned: bool) -> None:
        """Note the end."""
        if planned:
            self._refuse("end")
        self.turns.append(f"{turn} ended {planned}")

    def alive(self) -> bool:
        """Answer."""
        return True

    def _refuse(self, what: str) -> None:
        if self.refuses == what:
            raise EpochFenced("another host has this agent")


@dataclass
class FakeHosts:
    """Hosts in this process."""

    by_name: dict[str, FakeHost]

    @property
    def names(self) -> tuple[str, ...]:
        """What they are called."""
        return tuple(self.by_name)

    def call(self, host: str, method: str, *arguments: Any, **named: Any) -> Any:
        """Do it at once, as a host does what it is told in order; return how it ended."""
        fake = self.by_name[host]
        if fake.silent:
            return TimeoutError()
        if fake.deaths:
            fake.deaths -= 1
            fake.held, fake.formulated = (), frozenset()
            return HostLost()
        try:
            return getattr(fake, method)(*arguments, **named)
        except (HostLost, ConcordatError) as error:
            return error

    def ready(self, call: Any, _: float) -> bool:
        """Say that an answer is there, unless the host is silent."""
        return not isinstance(call, TimeoutError)

    def answer(self, call: Any, _: float | None = None) -> Any:
        """Return the answer, or raise what came instead."""
        if isinstance(call, Exception):
            raise call
        return call

    def kill(self, host: str) -> None:
        """Begin it anew."""
        fake = self.by_name[host]
        fake.killed += 1
        fake.silent, fake.held = max(0, fake.silent - 1), ()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosted_network.time, "sleep", lambda _: None)


def network(hosts: FakeHosts, steps: RunSteps | None = None) -> HostedNetwork:
    """Return a network on these hosts whose agents know their programs."""
    made = HostedNetwork(Turn(id="t1", run="r1"), hosts, "scenario", NAMES, steps=steps or RunSteps())
    made.ask(dict.fromkeys(NAMES, FORMULATE))
    return made


def three() -> FakeHosts:
    """Return three hosts."""
    return FakeHosts({f"agents-{number}": FakeHost() for number in range(3)})


def asked(made: HostedNetwork) -> None:
    """Ask all agents; all have to answer, in order."""
    assert tuple(made.ask(dict.fromkeys(NAMES, Survey()))) == NAMES


def test_agents_are_spread_over_hosts_kind_by_kind() -> None:
    """Of six plants and six segments each of three hosts holds two of each, and is asked once a round."""
    hosts = three()
    asked(network(hosts))
    for host in hosts.by_name.values():
        assert sorted(name.partition(":")[0] for name in host.held) == ["plant", "plant", "segment", "segment"]
        assert host.handled == 1


def test_a_host_that_comes_back_keeps_its_agents() -> None:
    """It is told again what it holds and what its agents must know, and asked again; nobody moves."""
    hosts, steps = three(), RunSteps()
    made = network(hosts, steps)
    before = {name: host.held for name, host in hosts.by_name.items()}
    hosts.by_name["agents-1"].deaths = 3
    asked(made)
    assert {name: host.held for name, host in hosts.by_name.items()} == before
    assert [step.what for step in steps.take() if step.kind is StepKind.RESTART] == ["agents-1"]


def test_agents_of_a_lost_host_move_and_are_asked_again() -> None:
    """Where a host never comes back its agents, and no others, are taken by the rest, in the same round."""
    hosts = three()
    made = network(hosts)
    before = {name: host.held for name, host in hosts.by_name.items()}
    lost = hosts.by_name["agents-1"]
    lost.deaths = 10_000
    asked(made)
    for name in ("agents-0", "agents-2"):
        assert set(before[name]) < set(hosts.by_name[name].held)
        assert len(hosts.by_name[name].held) == 6
    asked(made)
    assert lost.handled == 0
    made.end(planned=True)
    assert [host.turns[-1] for host in hosts.by_name.values()] == ["t1 ended True", "t1", "t1 ended True"]


def test_a_host_that_is_lost_before_the_first_round_is_done_without() -> None:
    """A node that went between two plans keeps no plan from being made."""
    hosts = three()
    hosts.by_name["agents-0"].deaths = 10_000
    asked(network(hosts))
    assert hosts.by_name["agents-0"].held == ()


def test_hosts_that_die_one_after_the_other_leave_all_agents_to_the_last() -> None:
    """The heir of a lost host may be lost over it; as long as one stands, every agent answers."""
    hosts = three()
    made = network(hosts)
    hosts.by_name["agents-0"].deaths = hosts.by_name["agents-2"].deaths = 10_000
    asked(made)
    assert set(hosts.by_name["agents-1"].held) == set(NAMES)


def test_without_any_host_planning_fails_with_what_to_do() -> None:
    """The error names the last host, and where to look."""
    hosts = three()
    made = network(hosts)
    for host in hosts.by_name.values():
        host.deaths = 10_000
    with pytest.raises(PlanningFailed, match=r"the last one with agents.*logs of its node"):
        asked(made)


def test_a_host_that_dies_in_every_round_again_is_given_up() -> None:
    """One that stands but dies whenever its agents work is tried some times, then its agents move."""
    hosts = three()
    made = network(hosts)
    dying = hosts.by_name["agents-1"]

    def die() -> None:
        raise HostLost

    working = dying.formulated
    dying.on_handle = lambda: die() if dying.formulated == working else None
    asked(made)
    assert len(dying.turns) <= 1 + RETRIES
    assert len(hosts.by_name["agents-0"].held) == 6


@pytest.mark.parametrize(("silences", "holds"), [(1, 4), (10_000, 0)])
def test_a_silent_host_is_begun_anew_and_given_up_if_it_stays_so(silences: int, holds: int) -> None:
    """Silence ends a host's process; where its successor says nothing either, its agents move."""
    hosts = three()
    made = network(hosts)
    hosts.by_name["agents-1"].silent = silences
    asked(made)
    assert hosts.by_name["agents-1"].killed == 1
    assert len(hosts.by_name["agents-1"].held) == holds


def test_patience_is_what_the_settings_say() -> None:
    """Waiting takes positive, finite seconds, and a round at least one beat."""
    for wrong in ({"beat_seconds": 0.0}, {"silent_seconds": float("inf")}, {"beat_seconds": 9.0, "round_seconds": 8.0}):
        with pytest.raises(InvalidRequest, match="seconds") as refused:
            Patience(**wrong)
        assert refused.value.field == next(iter(wrong))


def test_hosts_that_took_agents_up_are_told_where_another_one_refuses_to() -> None:
    """A run that one host refuses ends before it begins, and the agents of the others do not stay in it."""
    hosts = three()
    hosts.by_name["agents-1"].refuses = "install"
    with pytest.raises(EpochFenced):
        network(hosts)
    assert [hosts.by_name[name].turns for name in ("agents-0", "agents-2")] == [["t1", "t1 ended False"]] * 2


def test_every_host_is_told_the_end_whatever_another_one_says() -> None:
    """Where one host is fenced the run is refused, and the hosts that noted its plan can be told to take that back."""
    hosts = three()
    made = network(hosts)
    hosts.by_name["agents-0"].refuses = "end"
    with pytest.raises(EpochFenced):
        made.end(planned=True)
    made.end(planned=False)
    ends = ["t1 ended True", "t1 ended False"]
    assert [hosts.by_name[name].turns[1:] for name in ("agents-0", "agents-1", "agents-2")] == [ends[1:], ends, ends]
