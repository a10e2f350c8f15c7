"""Which versions of agents there are, and which messages each of them understands.

The *protocol* is the version of the messages between coordinator and agents (`actors.protocol`). A coordinator tells
its own when it has agents installed; an agent that does not understand it is not installed, and both versions are
named. So a coordinator of one release and hosts of another find out before a round, not in the middle of one.

========  =======  ====================================================  ==================
kind      version  what it does                                          understands
========  =======  ====================================================  ==================
plant     1        solves every question                                 protocols 1 and 2
plant     2        keeps its answers, also for blocks that come again    protocol 2
partner   1        solves every question                                 protocols 1 and 2
segment   1        answers exactly, from its customers                   protocols 1 and 2
========  =======  ====================================================  ==================

Protocol 2 is the one in which a question names the agent's own choices only. Before, plants were told of everybody's
choices, so that no question ever came again.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from planner.domain.errors import ConcordatError, InvalidRequest

PROTOCOL = 2
"""The version of the messages of this release."""

UNDERSTANDS: Mapping[str, Mapping[int, frozenset[int]]] = MappingProxyType(
    {
        "plant": MappingProxyType({1: frozenset({1, 2}), 2: frozenset({2})}),
        "partner": MappingProxyType({1: frozenset({1, 2})}),
        "segment": MappingProxyType({1: frozenset({1, 2})}),
    }
)
"""The compatibility matrix: by kind of agent and version, the protocols it understands."""

KEEPS_ANSWERS = MappingProxyType({"plant": 2})
"""By kind: from which version on agents keep their answers."""


class IncompatibleVersions(ConcordatError):
    """An agent does not understand the messages of a coordinator."""

    code = "INCOMPATIBLE_VERSIONS"


def kind_of(agent: str) -> str:
    """Return the kind of an agent named ``kind:identity``."""
    return agent.partition(":")[0]


def newest(kind: str) -> int:
    """Return the newest version of a kind of agent.

    Raises
    ------
    InvalidRequest
        If there is no such kind.
    """
    return max(versions(kind))


def versions(kind: str) -> tuple[int, ...]:
    """Return the versions of a kind of agent, oldest first.

    Raises
    ------
    InvalidRequest
        If there is no such kind.
    """
    if kind not in UNDERSTANDS:
        raise InvalidRequest(f"no agents are called {kind!r}; choose one of {', '.join(UNDERSTANDS)}", "kind")
    return tuple(sorted(UNDERSTANDS[kind]))


AGENT_VERSIONS = MappingProxyType({kind: versions(kind) for kind in UNDERSTANDS})
"""By kind of agent: its versions, oldest first."""


def check_compatible(agent: str, *, version: int, protocol: int) -> None:
    """Raise :class:`IncompatibleVersions` unless this version of an agent understands this protocol."""
    kind = kind_of(agent)
    known = UNDERSTANDS.get(kind, {}).get(version)
    if known is None:
        there = ", ".join(map(str, versions(kind)))
        raise IncompatibleVersions(
            f"agent {agent} is to be of version {version}, which this release does not have (it has {there}): "
            f"roll back {kind} agents, or run the release they were upgraded with"
        )
    if protocol not in known:
        raise IncompatibleVersions(
            f"agent {agent} of version {version} understands messages of protocol {_list(known)}, the coordinator "
            f"speaks protocol {protocol}: roll back {kind} agents, or upgrade whoever speaks the older one"
        )


def _list(numbers: frozenset[int]) -> str:
    return " and ".join(map(str, sorted(numbers)))
